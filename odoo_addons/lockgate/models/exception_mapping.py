from odoo import models
from odoo.exceptions import UserError


class ExceptionMapping(models.Model):
    """Where the channel does not know a listing's SKU, it may have named the product by another one."""

    _inherit = "lockgate.exception"

    def action_use_channel_sku(self):
        """Give each listing that fails the SKU by which the channel names its product.

        That is the one unmapped SKU of the channel that can only be this product, in the unit it is sold in.
        An ordinary change of the mapping: where the company wants it, another person approves it first.
        Raises UserError where the channel named none of them, and AccessError for who may not map.
        """
        listings = self._unresolved()._failing().listing_id
        listings.check_access("write")
        named = {listing: listing._named_by_channel() for listing in listings}
        named = {listing: sku for listing, sku in named.items() if sku}
        if not named:
            raise UserError(
                self.env._(
                    "The channel named none of these products by a SKU that nothing lists: "
                    "look it up there, and Fix Mapping."
                )
            )
        for listing, sku in named.items():
            listing.write({"sku": sku})
        asked = sum(1 for listing in listings if listing.proposed)
        message = self.env._(
            "%(count)s of %(total)s SKUs are the channel's.", count=len(named), total=len(listings)
        )
        if asked:
            message = self.env._(
                "%(count)s of %(total)s listings get the channel's SKU once another person has approved it.",
                count=len(named),
                total=len(listings),
            )
        return self._tell(message)


class Listing(models.Model):
    _inherit = "lockgate.listing"

    def _named_by_channel(self):
        """The only unmapped SKU of the channel that is this product in this unit; None: there is none."""
        named = self.env["lockgate.unmapped"].search(
            [("channel_id", "=", self.channel_id.id), ("product_id", "=", self.product_id.id)]
        )
        named = named.filtered(lambda row: (row.uom_id or row.product_id.uom_id) == self.uom_id)
        return named.sku if len(named) == 1 else None
