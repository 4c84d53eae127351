from odoo import models


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def write(self, vals):
        result = super().write(vals)
        if "lot_stock_id" in vals:
            channels = self.env["lockgate.channel"].sudo().with_context(active_test=False)
            channels.search([("warehouse_ids", "in", self.ids)])._mark_stock("warehouse changed")
        return result
