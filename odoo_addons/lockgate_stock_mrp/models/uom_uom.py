from odoo import models


class UomUom(models.Model):
    _inherit = "uom.uom"

    def write(self, vals):
        result = super().write(vals)
        if not {"relative_factor", "relative_uom_id"}.isdisjoint(vals):
            self.env["lockgate.standing"]._gather_kits()
        return result
