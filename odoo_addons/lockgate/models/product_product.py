from odoo import api, models
from odoo.exceptions import UserError


class ProductProduct(models.Model):
    _inherit = "product.product"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_listed(self):
        listed = self.env["lockgate.listing"].sudo().with_context(active_test=False)
        listing = listed.search([("product_id", "in", self.ids)], limit=1)
        if listing:
            raise UserError(
                self.env._(
                    "%(product)s is listed as %(listing)s: archive the product, or delete its listings first "
                    "as far as they were never published.",
                    product=listing.product_id.display_name,
                    listing=listing.display_name,
                )
            )
