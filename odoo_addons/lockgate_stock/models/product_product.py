from odoo import models


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _write_multi(self, vals_list):
        super()._write_multi(vals_list)
        changed = [product.id for product, vals in zip(self, vals_list, strict=True) if "active" in vals]
        self.env["lockgate.outbox"]._mark_products("stock", changed, "archived or put back")
