from odoo import api, models


class PosOrder(models.Model):
    _inherit = "pos.order"

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders.lines._lockgate_mark()
        return orders

    def write(self, vals):
        result = super().write(vals)
        # When it is paid; also when it is to be shipped later or invoiced: then a move says what it takes.
        if not {"account_move", "session_id", "shipping_date", "state"}.isdisjoint(vals):
            self.lines._lockgate_mark()
        return result
