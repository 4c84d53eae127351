from odoo import api, models


class ProductCategory(models.Model):
    _inherit = "product.category"

    def write(self, vals):
        result = super().write(vals)
        if "parent_id" in vals:
            self._lockgate_mark("category moved")
        return result

    def unlink(self):
        # PostgreSQL itself takes the category away from its products, and deletes those below it.
        result = super().unlink()
        self._lockgate_mark("category removed")
        return result

    @api.model
    def _lockgate_mark(self, reason):
        """Mark everything: which policies match is read through the parents, and this is rare."""
        self.env["lockgate.channel"].sudo().search([])._mark_stock(reason)
