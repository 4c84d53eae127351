from odoo import models


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def write(self, vals):
        controls = self.wh_qc_stock_loc_id
        result = super().write(vals)
        if "lot_stock_id" in vals:
            channels = self.env["lockgate.channel"].sudo().with_context(active_test=False)
            channels.search([("warehouse_ids", "in", self.ids)])._mark_stock("warehouse changed")
        if "wh_qc_stock_loc_id" in vals:
            (controls | self.wh_qc_stock_loc_id)._lockgate_mark("location changed")
        return result
