"""What a channel is to show of a listing, counted again: slowly, one record after another, without SQL.

Written from the words of the policy's form, not from `exposure` and `policy`, so that a mistake there is
not made here a second time. Tests compare the two.
"""

import math
from datetime import timedelta
from fractions import Fraction

OPEN = ["waiting", "confirmed", "partially_available", "assigned"]
MOST = 2**31 - 1


def recount(listing, now, told=None, parts=None):
    """What the channel is to show of a listing; None: it is told nothing.

    `told`: what it was to show before, or None. `parts`: {product: quantity} that one unit takes, for a kit.
    """
    product = listing.product_id
    kept = {
        part: quantity
        for part, quantity in (parts or {product: 1}).items()
        if part.is_storable and quantity > 0
    }
    archived = not listing.active or not product.active
    if archived:
        anew = listing.search([("channel_id", "=", listing.channel_id.id), ("sku", "=", listing.sku)])
        return None if (not listing.active and anew) or (not kept and told is None) else 0
    if not kept:
        return None
    policy = policy_of(listing)
    places = listing.channel_id.with_context(active_test=False).warehouse_ids.lot_stock_id
    pools = [places] if places else []
    if policy.places == "sum":
        pools = [policy.source_ids.location_id]
    elif policy.places == "first":
        pools = [source.location_id for source in policy.source_ids.sorted("sequence")]
    if not pools and not places:
        return None
    left_out = below(policy.left_out_ids)
    numbers = [offer(listing, kept, policy, below(pool) - left_out, told, now) for pool in pools]
    return next((number for number in numbers if number > 0), 0)


def offer(listing, kept, policy, inside, told, now):
    """What a policy shows of a listing that is sold from these locations."""
    product = listing.product_id
    fit = min(rest(part, inside, policy, now) / Fraction(quantity) for part, quantity in kept.items())
    units = fit * Fraction(product.uom_id.factor) / Fraction(listing.uom_id.factor)
    left = math.floor(round(units, 6))
    return shown(policy, max(-MOST, min(MOST, left)), told, now)


def policy_of(listing):
    """The first policy that matches a listing, by sequence; an empty record when none does."""
    policies = listing.env["lockgate.exposure.policy"].search(
        [("company_id", "=", listing.company_id.id)], order="sequence, id"
    )
    for policy in policies:
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
    return policies.browse()


def below(places):
    """The locations at or below these that are sold from: in use, not on hold, nor below one on hold."""
    inside = places.browse()
    for location in places.with_context(active_test=True).search([("usage", "in", ["internal", "view"])]):
        place, above, held = location, False, False
        while place:
            above, held = above or place in places, held or place.lockgate_hold
            place = place.location_id
        if above and not held:
            inside |= location
    return inside


def rest(product, inside, policy, now):
    """What is left of a product in these locations, in its own unit, by the policy's basis."""
    basis, on_hand, reserved, promised, coming = policy.basis or "unpromised", 0, 0, 0, 0
    for quant in product.env["stock.quant"].search([("product_id", "=", product.id)]):
        expired = quant.removal_date and quant.removal_date <= now
        if quant.location_id in inside and not expired and (policy.consigned or not quant.owner_id):
            on_hand += Fraction(quant.quantity)
            reserved += Fraction(quant.reserved_quantity)
    for move in product.env["stock.move"].search([("product_id", "=", product.id), ("state", "in", OPEN)]):
        unit = Fraction(move.product_uom.factor) / Fraction(product.uom_id.factor)
        leaves, comes = move.location_id in inside, move.location_dest_id in inside
        if leaves and not comes:
            promised += Fraction(max(move.product_uom_qty, move.quantity, 0)) * unit
        if comes and not leaves and (basis == "forecast" or move.date <= now + timedelta(policy.days)):
            coming += Fraction(move.product_uom_qty) * unit
    return {
        "unpromised": on_hand - promised,
        "free": on_hand - reserved,
        "incoming": on_hand - reserved + coming,
        "forecast": on_hand - promised + coming,
        "on_hand": on_hand,
    }[basis]


def shown(policy, left, told, now):
    """How much a policy shows of what is left; an empty policy shows all of it."""
    if not policy:
        return max(0, left)
    if policy.shows == "never" or (policy.ends_at and policy.ends_at <= now):
        return 0
    if policy.shows == "always":
        return policy.most
    if policy.discontinued and told == 0:
        return 0
    terms = policy
    for tier in policy.tier_ids.sorted("below", reverse=True):
        if left < tier.below:
            terms = tier
    percent = math.ceil(Fraction(max(left, 0) * policy.buffer_percent, 100))
    number = left - max(terms.buffer, percent)
    if number > 0:
        number = math.floor(Fraction(number * terms.share, 100))
    number = max(0, number + policy.backorder)
    number = min(number, policy.most or MOST, MOST)
    number -= number % policy.pack
    return number if number >= policy.least else 0
