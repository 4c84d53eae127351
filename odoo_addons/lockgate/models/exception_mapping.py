from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError


class ExceptionMapping(models.Model):
    """Where the channel does not know a listing's SKU, it may have named the product by another one."""

    _inherit = "lockgate.exception"

    def action_use_channel_sku(self):
        """Give each listing that the channel does not know the SKU by which the channel names its product.

        That is the one unmapped SKU of the channel that can only be this product, in the unit it is sold in.
        An ordinary change of the mapping: where the company wants it, another person approves it first.
        Very many are done in the background. Raises UserError where the channel named none of them, and
        AccessError for who may not map.
        """
        unknown = self.env["lockgate.listing"]._mended_by("channel_sku")
        listings = self._unresolved()._failing().filtered_domain(unknown).listing_id
        listings.check_access("write")
        named = listings.browse().concat(*listings._named_by_channel())
        if not named:
            raise UserError(
                self.env._(
                    "The channel named none of these products by a SKU that nothing lists: "
                    "look it up there, and Fix Mapping."
                )
            )
        if behind := self.env["lockgate.exception.bulk"]._queue_many(named, "channel_sku", {}):
            return behind
        named._take_channel_sku()
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
        """{listing: the only unmapped SKU of its channel that is its product in its unit}, where there is."""
        named = defaultdict(list)
        for row in self.env["lockgate.unmapped"].search(
            [("channel_id", "in", self.channel_id.ids), ("product_id", "in", self.product_id.ids)]
        ):
            named[row.channel_id, row.product_id, row.uom_id or row.product_id.uom_id].append(row.sku)
        skus = {listing: named[listing.channel_id, listing.product_id, listing.uom_id] for listing in self}
        return {listing: found[0] for listing, found in skus.items() if len(found) == 1}

    def _take_channel_sku(self):
        """Raises UserError where the channel names one of these by no SKU, or by several."""
        named = self._named_by_channel()
        for listing in self:
            if listing not in named:
                raise UserError(self.env._("The channel names it by no unlisted SKU, or by several."))
            listing.write({"sku": named[listing]})
