from odoo import models


class UomUom(models.Model):
    _inherit = "uom.uom"

    def write(self, vals):
        result = super().write(vals)
        if not {"relative_factor", "relative_uom_id"}.isdisjoint(vals):
            # Any product may be kept, and any listing sold, in this unit or one above it; rare, so all.
            self.env["lockgate.channel"].sudo().search([])._mark_stock("unit changed")
        return result
