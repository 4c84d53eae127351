from odoo import models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def write(self, vals):
        result = super().write(vals)
        if not {"type", "uom_id"}.isdisjoint(vals):
            variants = self.with_context(active_test=False).product_variant_ids
            self.env["lockgate.standing"]._gather(variants.ids)
        return result
