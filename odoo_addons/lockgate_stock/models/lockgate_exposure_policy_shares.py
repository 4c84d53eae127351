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

    A share of 100 % is no share: such a channel shows the whole pool, beside others that may too. What a
    channel does not list yet it may list at any time, by a rule too, and what is archived may be put back;
    so policies are looked at as if all that were there already, and a listing is hardly ever in the way.
    """

    _inherit = "lockgate.exposure.policy"

    @api.constrains(*DECIDING)
    def _check_shares(self):
        """Every policy of the company: what one takes may have been hidden by another until now."""
        clean = self.sudo().with_context(active_test=True)
        for company in clean.company_id:
            of_company = [("company_id", "=", company.id)]
            policies = clean.search(of_company)
            if {100}.issuperset((*policies.mapped("share"), *policies.tier_ids.mapped("share"))):
                continue
            channels = clean.env["lockgate.channel"].search(of_company)
            for counting, product in policies._counting_together(channels):
                policies._check_together(counting, product)

    def unlink(self):
        companies = self.company_id
        result = super().unlink()
        self.sudo().search([("company_id", "in", companies.ids)])._check_shares()
        return result

    def _counting_together(self, channels):
        """({channel: the policies that count there}, product) of each kind of product that these tell apart.

        The product is an example of its kind, where policies name it by its listings.
        """
        named = {
            policy: policy.with_context(active_test=False).listing_ids
            for policy in self
            if policy.applies_to == "listings"
        }
        products = self.env["product.product"].union(*(listings.product_id for listings in named.values()))
        listed = (
            self.env["lockgate.listing"]
            .with_context(active_test=False)
            .search([("product_id", "in", products.ids), ("channel_id", "in", channels.ids)])
            .grouped(lambda listing: (listing.channel_id, listing.product_id))
        )
        named = {policy: set(listings.ids) for policy, listings in named.items()}
        no_category, no_product = self.env["product.category"], self.env["product.product"]
        known = set()
        for category, product in [
            (no_category, no_product),
            *((category, no_product) for category in self.category_id),
            *((product.categ_id, product) for product in products),
        ]:
            above = {int(each) for each in (category.parent_path or "").split("/") if each}
            counting = {
                channel: self._counting(channel, above, listed.get((channel, product), ()), named)
                for channel in channels
            }
            kind = frozenset(counting.items())
            if kind not in known:
                known.add(kind)
                yield counting, product

    def _counting(self, channel, categories, listings, named):
        """Those of these that count on a channel for a product of these categories: the first that matches.

        They are several where the product has several `listings` there; `named`: {policy: listing ids}.
        """
        found, waiting = self.browse(), {listing.id for listing in listings}
        for policy in self:
            if policy.channel_id and policy.channel_id != channel:
                continue
            if policy.applies_to == "listings":
                if waiting.isdisjoint(named[policy]):
                    continue
                waiting -= named[policy]
            elif policy.applies_to == "category" and policy.category_id.id not in categories:
                continue
            else:
                waiting = ()
            found += policy
            if not waiting:
                break
        return found.filtered(lambda policy: policy.shows == "counted")

    @api.model
    def _check_together(self, counting, product):
        """`counting`: {channel: the policies that count there}, all for the same listings."""
        scarce = {tier.below - 1 for tier in self.browse().union(*counting.values()).tier_ids}
        roots = (policies._roots(channel) for channel, policies in counting.items())
        for place in self.env["stock.location"].union(*roots):
            for left in (MOST, *sorted(scarce, reverse=True)):
                taking = {
                    channel: policy
                    for channel, policies in counting.items()
                    if (policy := policies._taking_most(channel, place, left))
                }
                if sum(policy._share_of(left) for policy in taking.values()) > 100:
                    raise ValidationError(self._too_much_words(place, taking, left, product))

    def _taking_most(self, channel, place, left):
        """The one of a channel's policies with the greatest share below 100 % of so many units in a place."""
        taking = self.filtered(
            lambda policy: (
                policy._share_of(left) < 100
                and any(place.parent_path.startswith(root.parent_path) for root in policy._roots(channel))
            )
        )
        return taking.sorted(lambda policy: policy._share_of(left))[-1:]

    def _roots(self, channel):
        """The locations, with all below them, from which these policies show stock on a channel."""
        elsewhere = self.filtered(lambda policy: policy.places != "channel")
        roots = elsewhere.source_ids.location_id
        return roots if self == elsewhere else roots | channel.warehouse_ids.lot_stock_id

    def _share_of(self, left):
        """The part of so many units, in %: tiers only tighten it."""
        reached = self.tier_ids.filtered(lambda tier: left < tier.below)
        return min(self.share, *reached.mapped("share"), 100)

    @api.model
    def _too_much_words(self, place, taking, left, product):
        words = {
            "policies": ", ".join(self.browse().union(*taking.values()).mapped("name")),
            "channels": ", ".join(channel.name for channel in taking),
            "place": place.display_name,
            "total": sum(policy._share_of(left) for policy in taking.values()),
            "fewer": left + 1,
        }
        if left == MOST:
            message = self.env._(
                "Policies %(policies)s: the channels %(channels)s share %(place)s and would show "
                "%(total)s %% of it together: lower a share.",
                **words,
            )
        else:
            message = self.env._(
                "Policies %(policies)s: while fewer than %(fewer)s are left in %(place)s, the channels "
                "%(channels)s would show %(total)s %% of it together: lower a share.",
                **words,
            )
        if not product:
            return message
        return self.env._("%(product)s: %(message)s", product=product.display_name, message=message)
