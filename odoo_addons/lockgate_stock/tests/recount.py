"""What a channel is to show of a listing, counted again: slowly, one record after another, without SQL.

Written from the words of the policy's form, not from `exposure` and `policy`, so that a mistake there is
not made here a second time. Tests compare the two.
"""

import math
from datetime import timedelta
from fractions import Fraction

OPEN = ["waiting", "confirmed", "partially_available", "assigned"]
MOST = 2**31 - 1


class Recount:
    """All there is to count at one moment, read once; whatever changes afterwards is not seen."""

    def __init__(self, env, now):
        self.now = now
        self.places = env["stock.location"].search([("usage", "in", ["internal", "view"])])
        warehouses = env["stock.warehouse"].with_context(active_test=False).search([])
        self.quality = warehouses.wh_qc_stock_loc_id
        self.quants = env["stock.quant"].search([("location_id", "in", self.places.ids)])
        self.quants = self.quants.grouped("product_id")
        self.open = env["stock.move"].search([("state", "in", OPEN)])
        self.moves = self.open.grouped("product_id")
        self.policies = env["lockgate.exposure.policy"].search([], order="sequence, id")

    def quantity(self, listing, told=None, parts=None, ended=False):
        """What the channel is to show of a listing; None: it is told nothing.

        `told`: what it was to show before, or None. `parts`: {product: quantity} that one unit takes, for
        a kit. `ended`: whether it had ended before.
        """
        product = listing.product_id
        kept, policy = self.kept(listing, parts), self.policy_of(listing)
        counts = kept or policy.shows in ("always", "never")
        archived = not listing.active or not product.active
        if archived:
            anew = listing.search([("channel_id", "=", listing.channel_id.id), ("sku", "=", listing.sku)])
            return None if (not listing.active and anew) or (not counts and told is None) else 0
        if not counts:
            return None
        pools = self.pools(listing, policy)
        if not pools:
            return None
        ended = self.ended(listing, ended, parts)
        offers = (self.offer(listing, kept, policy, pool, ended) for pool in pools)
        return next((number for number in offers if number > 0), 0)

    def ended(self, listing, ended=False, parts=None):
        """Whether a discontinued listing has ended by now, or had before."""
        policy, kept = self.policy_of(listing), self.kept(listing, parts)
        if not policy.discontinued or ended or not (listing.active and listing.product_id.active and kept):
            return policy.discontinued and ended
        pools = self.pools(listing, policy, and_held=True)
        return bool(pools) and not any(
            self.units(listing, kept, lambda part, pool=pool: self.lying(part, pool, policy)[0]) > 0
            for pool in pools
        )

    def kept(self, listing, parts):
        """What one unit of a listing takes of what is kept in stock."""
        parts = parts or {listing.product_id: 1}
        return {part: quantity for part, quantity in parts.items() if part.is_storable and quantity > 0}

    def pools(self, listing, policy, and_held=False):
        """The locations that a listing is sold from, to be tried in their order."""
        places = listing.channel_id.with_context(active_test=False).warehouse_ids.lot_stock_id
        if policy.places == "first":
            roots = [source.location_id for source in policy.source_ids.sorted("sequence")]
        elif policy.places == "sum":
            roots = [policy.source_ids.location_id]
        else:
            roots = [places] if places else []
        left_out = self.below(policy.left_out_ids, and_held)
        return [self.below(root, and_held) - left_out for root in roots]

    def offer(self, listing, kept, policy, inside, ended):
        """What a policy shows of a listing that is sold from these locations."""
        left = self.units(listing, kept, lambda part: self.rest(part, inside, policy))
        channel = listing.channel_id
        rate = channel.reduced_to if channel.reduced_since else 100
        return shown(policy, max(-MOST, min(MOST, left)), ended, self.now, rate)

    def units(self, listing, kept, of):
        """For how many whole units of a listing it is enough; `of`: part → quantity in its own unit."""
        fit = min((of(part) / Fraction(quantity) for part, quantity in kept.items()), default=0)
        units = fit * Fraction(listing.product_id.uom_id.factor) / Fraction(listing.uom_id.factor)
        return math.floor(round(units, 6))

    def policy_of(self, listing):
        """The first policy that matches a listing, by sequence; an empty record when none does."""
        for policy in self.policies:
            if policy.company_id != listing.company_id:
                continue
            if policy.channel_id and policy.channel_id != listing.channel_id:
                continue
            if policy.applies_to == "listings" and listing not in policy.listing_ids:
                continue
            if policy.applies_to == "category":
                category = listing.product_id.categ_id
                while category and category != policy.category_id:
                    category = category.parent_id
                if not category:
                    continue
            return policy
        return self.policies.browse()

    def below(self, places, and_held=False):
        """The locations at or below these that are in use, and not at or below one on hold."""
        inside = places.browse()
        for location in self.places if places else ():
            place, above, held = location, False, False
            while place:
                above = above or place in places
                held = held or place.lockgate_hold or place in self.quality
                place = place.location_id
            if above and (and_held or not held):
                inside |= location
        return inside

    def rest(self, product, inside, policy):
        """What is left of a product in these locations, in its own unit, by the policy's basis."""
        basis, promised, coming = policy.basis or "unpromised", 0, 0
        on_hand, reserved = self.lying(product, inside, policy)
        for move in self.moves.get(product, ()):
            unit = Fraction(move.product_uom.factor) / Fraction(product.uom_id.factor)
            if (move.restrict_partner_id or move.picking_id.owner_id) and not policy.consigned:
                continue
            first, *others = (place in inside for place in self.way(move))
            if first and not all(others):
                promised += Fraction(max(move.product_uom_qty, move.quantity, 0)) * unit
            awaited = basis == "forecast" or move.date <= self.now + timedelta(policy.days)
            if awaited and others[-1] and not (first and all(others)):
                coming += Fraction(move.product_uom_qty) * unit
        return {
            "unpromised": on_hand - promised,
            "free": on_hand - reserved,
            "incoming": on_hand - reserved + coming,
            "forecast": on_hand - promised + coming,
            "on_hand": on_hand,
        }[basis]

    def lying(self, product, inside, policy):
        """What lies in these locations of a product, and how much of that is reserved."""
        on_hand = reserved = Fraction(0)
        for quant in self.quants.get(product, ()):
            expired = any(date and date <= self.now for date in (quant.removal_date, quant.expiration_date))
            if quant.location_id in inside and not expired and (policy.consigned or not quant.owner_id):
                on_hand += Fraction(quant.quantity)
                reserved += Fraction(quant.reserved_quantity)
        return on_hand, reserved

    def way(self, move):
        """The places of what an open move moves, as far as no other open move knows them."""
        if move.location_final_id and not (move.move_dest_ids & self.open):
            return move.location_id, move.location_dest_id, move.location_final_id
        return move.location_id, move.location_dest_id


def shown(policy, left, ended, now, rate):
    """How much a policy shows of what is left, on a channel that shows only `rate` % of its numbers.

    An empty policy shows all of it.
    """
    if not policy:
        return max(0, left) * rate // 100
    if policy.shows == "never" or (policy.ends_at and policy.ends_at <= now):
        return 0
    if policy.shows == "always":
        return policy.most * rate // 100
    if ended:
        return 0
    share, buffer, least = policy.share, policy.buffer, policy.least
    for tier in policy.tier_ids:
        if left < tier.below:
            share, buffer, least = min(share, tier.share), max(buffer, tier.buffer), max(least, tier.least)
    percent = math.ceil(Fraction(max(left, 0) * policy.buffer_percent, 100))
    number = left - max(buffer, percent)
    if number > 0:
        number = math.floor(Fraction(number * share, 100))
    number = max(0, number + policy.backorder)
    number = min(number, policy.most or MOST, MOST) * rate // 100
    number -= number % policy.pack
    return number if number >= least else 0
