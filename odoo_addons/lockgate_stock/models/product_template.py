from odoo import models

WATCHED = frozenset({"categ_id", "is_storable", "type", "uom_id"})


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def _write_multi(self, vals_list):
        super()._write_multi(vals_list)
        changed = [
            template.id
            for template, vals in zip(self, vals_list, strict=True)
            if not WATCHED.isdisjoint(vals)
        ]
        if changed:
            # Not searched: a search would flush while a flush is running.
            self.env.cr.execute("SELECT id FROM product_product WHERE product_tmpl_id = ANY(%s)", [changed])
            variants = [product_id for (product_id,) in self.env.cr.fetchall()]
            self.env["lockgate.outbox"]._mark_products("stock", variants, "product changed")
