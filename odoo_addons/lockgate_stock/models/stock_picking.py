from odoo import models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def write(self, vals):
        result = super().write(vals)
        if "owner_id" in vals:  # of what is to come: whether it will be ours to sell
            self.move_ids.filtered(lambda move: move.state != "draft")._lockgate_mark()
        return result
