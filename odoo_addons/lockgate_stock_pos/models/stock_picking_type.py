from odoo import models


class StockPickingType(models.Model):
    _inherit = "stock.picking.type"

    def write(self, vals):
        result = super().write(vals)
        if "default_location_src_id" in vals:
            configs = self.env["pos.config"].sudo().with_context(active_test=False)
            configs.search([("picking_type_id", "in", self.ids)])._lockgate_mark()
        return result
