from odoo import models


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        result = super().write(vals)
        if "anglo_saxon_accounting" in vals:  # then an invoiced order is picked at once
            configs = self.env["pos.config"].sudo().with_context(active_test=False)
            configs.search([("company_id", "in", self.ids)])._lockgate_mark()
        return result
