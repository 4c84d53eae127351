"""What lets another policy count for a listing, or in a place: the shares of a pool are checked again."""

from odoo import api, models


class ExposurePolicy(models.Model):
    _inherit = "lockgate.exposure.policy"

    @api.model
    def _check_shares_of(self, domain):
        """The shares of policies that name such listings, active or not."""
        policies = self.sudo().with_context(active_test=False)
        policies.search(
            [("active", "=", True), ("applies_to", "=", "listings"), ("listing_ids", "any", domain)]
        )._check_shares()


class Listing(models.Model):
    _inherit = "lockgate.listing"

    @api.constrains("channel_id", "product_id")
    def _check_shares(self):
        """Of a product that is listed again on a channel, another policy may count than for the first.

        The first listing is never in the way: policies are checked as if it were there.
        """
        listed = (
            self.sudo()
            .with_context(active_test=False)
            ._read_group(
                [("channel_id", "in", self.channel_id.ids), ("product_id", "in", self.product_id.ids)],
                ["channel_id", "product_id"],
                having=[("__count", ">", 1)],
            )
        )
        again = [product.id for _channel, product in listed]
        self.env["lockgate.exposure.policy"]._check_shares_of(
            ["|", ("id", "in", self.ids), ("product_id", "in", again)]
        )


class ProductTemplate(models.Model):
    _inherit = "product.template"

    @api.constrains("categ_id")
    def _check_shares(self):
        """Of a product that policies name, the policies of its category count on other channels."""
        self.env["lockgate.exposure.policy"]._check_shares_of(
            [("product_id.product_tmpl_id", "in", self.ids)]
        )


class ProductCategory(models.Model):
    _inherit = "product.category"

    def write(self, vals):
        result = super().write(vals)
        if "parent_id" in vals:
            self.env["lockgate.exposure.policy"].sudo().search([])._check_shares()
        return result

    def unlink(self):
        result = super().unlink()
        self.env["lockgate.exposure.policy"].sudo().search([])._check_shares()
        return result


class StockLocation(models.Model):
    _inherit = "stock.location"

    def write(self, vals):
        result = super().write(vals)
        if "location_id" in vals:
            self.env["lockgate.exposure.policy"].sudo().search([])._check_shares()
        return result


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    @api.constrains("lot_stock_id")
    def _check_shares(self):
        of_companies = [("company_id", "in", self.company_id.ids)]
        self.env["lockgate.exposure.policy"].sudo().search(of_companies)._check_shares()
