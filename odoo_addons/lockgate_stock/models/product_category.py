from odoo import models


class ProductCategory(models.Model):
    _inherit = "product.category"

    def write(self, vals):
        result = super().write(vals)
        if "parent_id" in vals:
            # Which policies match is read through the parents; rare, so everything is marked.
            self.env["lockgate.channel"].sudo().search([])._mark_stock("category moved")
        return result
