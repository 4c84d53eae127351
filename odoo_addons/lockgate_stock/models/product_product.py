from odoo import models


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _write_multi(self, vals_list):
        super()._write_multi(vals_list)
        changed = [product.id for product, vals in zip(self, vals_list, strict=True) if "active" in vals]
        self.env["lockgate.outbox"]._mark_products("stock", changed, "archived or put back")

    def _lockgate_parts(self, company):
        """What one unit of each of these takes: {product: {part's id: quantity in the part's unit}}.

        A product takes one of itself; `lockgate_stock_mrp` says what kits take.
        """
        return {product: {product.id: 1.0} for product in self}
