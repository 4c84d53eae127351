from odoo import api, models
from odoo.exceptions import ValidationError

from ..policy import MOST

# What decides which policy counts for a listing, and how much of which pool it takes.
DECIDING = (
    "active",
    "applies_to",
    "category_id",
    "channel_id",
    "company_id",
    "listing_ids",
    "places",
    "sequence",
    "share",
    "shows",
)


class ExposurePolicy(models.Model):
    """Channels that sell from one pool cannot be given more than all of it together.

    A share of 100 % is no share: such a channel shows the whole pool, beside others that may too.
    """

    _inherit = "lockgate.exposure.policy"

    @api.constrains(*DECIDING)
    def _check_shares(self):
        """Every policy of the company: what one takes may have been hidden by another until now."""
        for company in self.company_id:
            of_company = [("company_id", "=", company.id)]
            policies = self.sudo().search(of_company)
            channels = self.env["lockgate.channel"].sudo().search(of_company)
            for category, product in policies._told_apart():
                counting = {
                    channel: policy
                    for channel in channels
                    if (policy := policies._deciding(channel, category, product)).shows == "counted"
                }
                policies._check_together(counting)

    def unlink(self):
        companies = self.company_id
        result = super().unlink()
        self.sudo().search([("company_id", "in", companies.ids)])._check_shares()
        return result

    def _told_apart(self):
        """The (category, product) of listings that these policies tell apart; none of both: all others."""
        products = self.filtered(lambda policy: policy.applies_to == "listings").listing_ids.product_id
        no_category, no_product = self.env["product.category"], self.env["product.product"]
        yield no_category, no_product
        yield from ((category, no_product) for category in self.category_id)
        yield from ((product.categ_id, product) for product in products)

    def _deciding(self, channel, category, product):
        """The first of these that counts on a channel for a product of a category; or none."""
        above = self.env["product.category"].browse(
            int(each) for each in (category.parent_path or "").split("/") if each
        )
        for policy in self:
            if policy.channel_id and policy.channel_id != channel:
                continue
            listings = policy.listing_ids.filtered(lambda listing: listing.channel_id == channel)
            matches = {
                "all": True,
                "category": policy.category_id in above,
                "listings": product and product in listings.product_id,
            }
            if matches[policy.applies_to]:
                return policy
        return self.browse()

    @api.model
    def _check_together(self, counting):
        """`counting`: {channel: the policy that counts there}, of the same listings."""
        pools = {channel: policy._roots(channel) for channel, policy in counting.items()}
        scarce = {tier.below - 1 for policy in counting.values() for tier in policy.tier_ids}
        for place in self.env["stock.location"].union(*pools.values()):
            sharing = {
                channel: counting[channel]
                for channel, roots in pools.items()
                if any(place.parent_path.startswith(root.parent_path) for root in roots)
            }
            for left in (MOST, *sorted(scarce, reverse=True)):
                shares = {channel: policy._share_of(left) for channel, policy in sharing.items()}
                shares = {channel: share for channel, share in shares.items() if share < 100}
                if sum(shares.values()) > 100:
                    raise ValidationError(self._too_much_words(place, sharing, shares, left))

    def _roots(self, channel):
        """The locations, with all below them, from which this policy shows stock on a channel."""
        return channel.warehouse_ids.lot_stock_id if self.places == "channel" else self.source_ids.location_id

    def _share_of(self, left):
        """The part of so many units, in %."""
        tier = next((tier for tier in self.tier_ids.sorted("below") if left < tier.below), self)
        return tier.share

    @api.model
    def _too_much_words(self, place, sharing, shares, left):
        words = {
            "policies": ", ".join(dict.fromkeys(sharing[channel].name for channel in shares)),
            "channels": ", ".join(channel.name for channel in shares),
            "place": place.display_name,
            "total": sum(shares.values()),
            "fewer": left + 1,
        }
        if left == MOST:
            return self.env._(
                "Policies %(policies)s: the channels %(channels)s share %(place)s and would show "
                "%(total)s %% of it together: lower a share.",
                **words,
            )
        return self.env._(
            "Policies %(policies)s: while fewer than %(fewer)s are left in %(place)s, the channels "
            "%(channels)s would show %(total)s %% of it together: lower a share.",
            **words,
        )
