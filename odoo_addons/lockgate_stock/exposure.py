"""How many units of a listing its channel may sell: the one computation behind every number and its words.

What is left of the pool comes from here: what lies in the stock locations of the channel's warehouses (not on
hold, neither expired nor due for removal, and unowned unless the policy counts consigned goods), less what
the policy's basis takes off, plus what it lets come. Of a kit it is as many as its scarcest part allows; a
plain product is a kit of one of itself (see `lockgate.standing`), so there is one computation. What the
policy then shows of it is `policy.show`.

The default basis is *unpromised*: less all open demand that will leave, reserved or not. `free_qty` is
something else: it counts input and quality locations and owners' goods, and leaves out orders that are not
reserved yet.
"""

from datetime import datetime
from functools import partial
from typing import NamedTuple

from odoo.addons.lockgate.turn import prepared

from . import places
from . import policy as policies
from .policy import MOST, Policy

# For so few listings, planning takes longer than any plan; for more, the planner has to know how many.
FEW = 20


class Exposure(NamedTuple):
    """One listing's stock: whole numbers in the listing's unit, the figures in the unit of their part."""

    listing_id: int
    sku: str
    reference: str | None
    strategic: bool
    archived: bool  # the listing, or its product
    replaced: bool  # archived, and an active listing of the channel has its SKU now
    placed: bool  # the channel has warehouses to sell from
    part_id: int | None  # the scarcest of what it stands on; None: nothing of it is kept in stock
    on_hand: float  # of the part, as the next two
    taken: float  # promised or reserved, as the basis has it
    coming: float
    sold: float  # in open POS sessions: gone, though no move says so yet
    left: int | None  # of the pool, below zero when more is promised than there is; None: no such unit
    wanted: int | None  # what the channel was to show until now
    confirmed: int | None  # what it took last
    recheck_at: datetime | None  # when it was to be computed again (naive UTC, as all moments here)
    listed_at: datetime
    passed_at: datetime | None  # when time alone changed the number last
    event_at: datetime | None  # and when it does so next
    was_ended_at: datetime | None  # the next, until now
    ended_at: datetime | None  # when nothing lay there any more of what is discontinued
    policy: Policy
    units: int  # what the policy shows of `left`
    steps: list  # and how it came to that: see `policy.show`
    where: list  # the places that the policy names, of which these figures are
    without: list  # and those it leaves out

    @property
    def case(self):
        """Which rule says the quantity: the first that fits."""
        told = (self.wanted, self.confirmed) != (None, None)
        counts = self.part_id is not None or self.policy.shows != "counted"
        if not counts and not (self.archived and told):
            return "service"
        if self.archived:
            return "replaced" if self.replaced else "archived"
        if self.policy.wrong:
            return "wrong_policy"
        if self.left is None:
            return "no_unit"
        return "counted" if self.placed else "nowhere"

    @property
    def quantity(self):
        """What the channel is to show, in whole sellable units; None: it is told nothing."""
        return {"counted": self.units, "archived": 0}.get(self.case)

    def is_critical(self, low_stock):
        """Whether it goes at once: sales begin or end, stock gets low, or the listing is strategic."""
        if self.quantity is None:
            return False
        shown = [number for number in (self.wanted, self.confirmed) if number is not None]
        return self.strategic or any(
            (number > 0) != (self.quantity > 0) or number >= low_stock > self.quantity for number in shown
        )


def read(env, channel_id, listing_ids, now):
    """The exposures of a channel's listings at `now` (naive UTC), in a few statements for all of them.

    What the ORM has not written yet is not seen: flush before.
    """
    known, reduced_to = policies.read(env.cr, channel_id)
    read_from = partial(_read, env, known, reduced_to, now)
    pool = places.of_channel(env.cr, channel_id)
    found = {each.listing_id: each for each in read_from(pool, listing_ids)}
    # Which policy counts for a listing is known now; where it names places of its own, those are read.
    elsewhere = {each.policy.id: each.policy for each in found.values() if each.policy.has_places}
    for policy in elsewhere.values():
        waiting = [each.listing_id for each in found.values() if each.policy.id == policy.id]
        chosen = {}
        for there in places.of_policy(env.cr, policy, pool):
            for each in read_from(there, waiting):
                chosen[each.listing_id] = _better(chosen.get(each.listing_id), each)
            waiting = [listing_id for listing_id in waiting if chosen[listing_id].units <= 0]
        found.update(chosen)
    return list(found.values())


def _better(earlier, later):
    """The first Exposure that shows something. Time may change each place that was tried before it.

    What is discontinued ends when nothing of it lies in any of the places.
    """
    if earlier is None:
        return later
    chosen = later if later.units > 0 or (earlier.ended_at and not later.ended_at) else earlier
    passed = [each.passed_at for each in (earlier, later) if each.passed_at]
    events = [each.event_at for each in (earlier, later) if each.event_at]
    return chosen._replace(
        passed_at=max(passed, default=None),
        event_at=min(events, default=None),
        ended_at=earlier.ended_at and later.ended_at,
    )


def _read(env, known, reduced_to, now, pool, listing_ids):
    """The exposures of listings that sell from one Pool; None: there is nowhere to sell from."""
    placed, pool = pool is not None, pool or places.Pool([])
    # The columns come with Odoo's add-on for expiry dates; of two dates the sooner counts.
    dated = "removal_date" in env["stock.quant"]._fields
    removal = "least(q.removal_date, q.expiration_date)" if dated else "NULL::timestamp"
    sold = env["stock.location"].browse(pool.inside)._lockgate_sold()
    statement = EXPOSURE.format(removal=removal, open=OPEN)
    parameters = {
        "listings": list(listing_ids),
        "placed": placed,
        "inside": pool.inside,
        "held": pool.held,
        "sold_products": list(sold),
        "sold_quantities": list(sold.values()),
        "most": MOST,
        "now": now,
    }
    if len(listing_ids) > FEW:
        env.cr.execute(statement, parameters)
    else:
        prepared.execute(env.cr, statement, parameters)
    return [_exposure(row, known, reduced_to, now, pool) for row in env.cr.fetchall()]


def _exposure(row, known, reduced_to, now, pool):
    *figures, passed_at, event_at, policy_id, is_gone, was_ended_at = row
    policy = known.get(policy_id, policies.DEFAULT)
    ended_at = (was_ended_at or (now if is_gone else None)) if policy.discontinued else None
    left = figures[12]
    units, steps = 0, []
    if left is not None and not policy.wrong:
        units, steps = policies.show(policy, left, bool(ended_at), now, reduced_to)
    moments = [moment for moment in (passed_at, event_at, policy.ends_at) if moment]
    passed_at = max((moment for moment in moments if moment <= now), default=None)
    event_at = min((moment for moment in moments if moment > now), default=None)
    moments = passed_at, event_at, was_ended_at, ended_at
    return Exposure(*figures, *moments, policy, units, steps, pool.where, pool.without)


# An open move has moved nothing yet: what was done of it became a move of its own, and the rest a backorder.
# Its quantity, reserved or picked by hand, may stand above its demand; the greater of both will leave. Both
# are in the move's own unit: `product_qty` keeps the unit that the product had before, so it is not read.
# A route of several steps plans one at a time: a move knows where its goods end, and the next step is made
# when it is done. Where that step is planned by now, it is the one that knows. What starts in the pool and
# passes or ends outside is promised; what ends in it, and starts or passes outside, is to come.
# What is materialized is planned apart: for one listing, planning all joins at once took longer than running.
OPEN = "('waiting', 'confirmed', 'partially_available', 'assigned')"
EXPOSURE = """
    WITH asked AS MATERIALIZED (
        SELECT l.id, l.company_id, l.channel_id, l.sku, l.reference, l.create_date, l.strategic,
               l.active AND p.active AS active, t.categ_id,
               NOT l.active AND EXISTS (
                   SELECT FROM lockgate_listing other
                    WHERE other.channel_id = l.channel_id AND other.sku = l.sku AND other.active) AS replaced,
               -- Odoo keeps factors from being zero, SQL does not.
               CASE WHEN least(product_unit.factor, listing_unit.factor) > 0
                    THEN product_unit.factor / listing_unit.factor END AS units
          FROM lockgate_listing l
          JOIN product_product p ON p.id = l.product_id
          JOIN product_template t ON t.id = p.product_tmpl_id
          JOIN uom_uom product_unit ON product_unit.id = t.uom_id
          JOIN uom_uom listing_unit ON listing_unit.id = l.uom_id
         WHERE l.id = ANY(%(listings)s) AND l.awaits_first_approval IS NOT TRUE
    ), policy AS MATERIALIZED (
        SELECT DISTINCT ON (a.id) a.id AS listing_id, x.id, x.basis, x.consigned,
               CASE x.basis WHEN 'incoming' THEN make_interval(days => x.days) END AS horizon,
               CASE x.basis WHEN 'forecast' THEN timestamp 'infinity'
                            WHEN 'incoming' THEN %(now)s + make_interval(days => x.days) END AS until
          FROM asked a
          JOIN lockgate_exposure_policy x
               ON x.active AND x.company_id = a.company_id
               AND (x.channel_id IS NULL OR x.channel_id = a.channel_id)
     LEFT JOIN product_category category ON category.id = a.categ_id
     LEFT JOIN product_category above ON above.id = x.category_id
         WHERE CASE x.applies_to
               WHEN 'category' THEN category.parent_path LIKE above.parent_path || '%%'
               WHEN 'listings' THEN EXISTS (SELECT FROM lockgate_exposure_policy_listing_rel r
                                             WHERE r.policy_id = x.id AND r.listing_id = a.id)
               ELSE true END
      ORDER BY a.id, x.sequence, x.id
    ), part AS MATERIALIZED (
        SELECT s.listing_id, s.product_id, s.quantity, u.factor, y.until, y.horizon,
               coalesce(y.basis, 'unpromised') AS basis, coalesce(y.consigned, false) AS consigned
          FROM lockgate_standing s
          JOIN product_product p ON p.id = s.product_id
          JOIN product_template t ON t.id = p.product_tmpl_id
          JOIN uom_uom u ON u.id = t.uom_id
     LEFT JOIN policy y ON y.listing_id = s.listing_id
         WHERE s.listing_id = ANY(%(listings)s) AND s.quantity > 0 AND t.is_storable
    ), product AS (
        SELECT product_id, factor, bool_or(until IS NOT NULL) AS awaited FROM part GROUP BY product_id, factor
    ), lying AS (
        SELECT product_id,
               max(removal_at) FILTER (WHERE removal_at <= %(now)s) AS passed_at,
               min(removal_at) FILTER (WHERE removal_at > %(now)s) AS event_at,
               sum(quantity) FILTER (WHERE fresh AND NOT held) AS total,
               sum(quantity) FILTER (WHERE fresh AND NOT held AND own) AS own,
               sum(reserved) FILTER (WHERE fresh AND NOT held) AS total_reserved,
               sum(reserved) FILTER (WHERE fresh AND NOT held AND own) AS own_reserved,
               sum(quantity) FILTER (WHERE fresh AND held) AS total_held,
               sum(quantity) FILTER (WHERE fresh AND held AND own) AS own_held
          FROM (SELECT q.product_id, q.quantity::numeric AS quantity,
                       q.reserved_quantity::numeric AS reserved,
                       q.owner_id IS NULL AS own, q.location_id = ANY(%(held)s::int[]) AS held,
                       {removal} AS removal_at,
                       {removal} IS NULL OR {removal} > %(now)s AS fresh
                  FROM stock_quant q JOIN product USING (product_id)
                 WHERE q.location_id = ANY(%(inside)s::int[] || %(held)s::int[])) quant
      GROUP BY product_id
    ), moving AS MATERIALIZED (
        SELECT m.product_id, m.date, coalesce(m.restrict_partner_id, picking.owner_id) IS NULL AS own,
               m.location_id = ANY(%(inside)s::int[]) AS starts,
               m.location_dest_id = ANY(%(inside)s::int[]) AS passes,
               CASE WHEN m.location_final_id <> m.location_dest_id AND NOT EXISTS (
                         SELECT FROM stock_move_move_rel r JOIN stock_move following
                                ON following.id = r.move_dest_id AND following.state IN {open}
                          WHERE r.move_orig_id = m.id)
                    THEN m.location_final_id ELSE m.location_dest_id END = ANY(%(inside)s::int[]) AS ends,
               m.product_uom_qty * u.factor / nullif(product.factor, 0) AS ordered,
               greatest(m.product_uom_qty, m.quantity, 0) * u.factor / nullif(product.factor, 0) AS leaving
          FROM stock_move m
          JOIN product USING (product_id)
          JOIN uom_uom u ON u.id = m.product_uom
     LEFT JOIN stock_picking picking ON picking.id = m.picking_id
         WHERE m.state IN {open} AND (product.awaited OR m.location_id = ANY(%(inside)s::int[]))
    ), promised AS (
        SELECT product_id, sum(leaving) AS total, sum(leaving) FILTER (WHERE own) AS own
          FROM moving WHERE starts AND NOT (passes AND ends)
      GROUP BY product_id
    ), coming AS (
        SELECT part.listing_id, part.product_id,
               sum(m.ordered) FILTER (WHERE m.date <= part.until) AS quantity,
               max(m.date - part.horizon) FILTER (WHERE m.date <= part.until) AS passed_at,
               min(m.date - part.horizon) FILTER (WHERE m.date > part.until) AS event_at
          FROM part
          JOIN moving m USING (product_id)
         WHERE part.until IS NOT NULL AND (part.consigned OR m.own)
           AND m.ends AND NOT (m.starts AND m.passes)
      GROUP BY part.listing_id, part.product_id
    ), sold AS (
        SELECT product_id, quantity
          FROM unnest(%(sold_products)s::int[], %(sold_quantities)s::numeric[]) AS s(product_id, quantity)
    ), figures AS (
        SELECT part.listing_id, part.product_id, part.quantity,
               coalesce(CASE WHEN part.consigned THEN lying.total ELSE lying.own END, 0) AS on_hand,
               coalesce(CASE WHEN part.basis = 'on_hand' THEN 0
                             WHEN part.basis IN ('unpromised', 'forecast') AND part.consigned
                             THEN promised.total
                             WHEN part.basis IN ('unpromised', 'forecast') THEN promised.own
                             WHEN part.consigned THEN lying.total_reserved
                             ELSE lying.own_reserved END, 0) AS taken,
               coalesce(coming.quantity, 0) AS coming, coalesce(sold.quantity, 0) AS sold,
               coalesce(CASE WHEN part.consigned THEN lying.total_held ELSE lying.own_held END, 0) AS held,
               greatest(lying.passed_at, coming.passed_at) AS passed_at,
               least(lying.event_at, coming.event_at) AS event_at
          FROM part
     LEFT JOIN lying USING (product_id)
     LEFT JOIN promised USING (product_id)
     LEFT JOIN coming USING (listing_id, product_id)
     LEFT JOIN sold USING (product_id)
    ), scarcest AS MATERIALIZED (
        SELECT DISTINCT ON (listing_id) listing_id, product_id, on_hand, taken, coming, sold,
               (on_hand - sold - taken + coming) / quantity AS allows,
               min((on_hand - sold + held) / quantity) OVER (PARTITION BY listing_id) AS lies,
               max(passed_at) OVER (PARTITION BY listing_id) AS passed_at,
               min(event_at) OVER (PARTITION BY listing_id) AS event_at
          FROM figures ORDER BY listing_id, allows, product_id
    )
    SELECT a.id, a.sku, a.reference, coalesce(a.strategic, false), NOT a.active, a.replaced, %(placed)s,
           s.product_id, s.on_hand, s.taken, s.coming, s.sold,
           -- Rounded before it is cut to whole units: 0.3 / 0.1 is 3, whatever floats made of it.
           CASE WHEN a.units IS NOT NULL THEN greatest(-%(most)s, least(%(most)s,
                floor(round(coalesce(s.allows, 0) * a.units, 6)))) END::int,
           (p.wanted->>'quantity')::int, (p.confirmed->>'quantity')::int,
           p.recheck_at, a.create_date, s.passed_at, s.event_at, y.id,
           -- Whether nothing of it lies there any more, not even on hold; what is promised may come back.
           %(placed)s AND a.active AND floor(round(s.lies * a.units, 6)) <= 0,
           (SELECT l.ended_at FROM lockgate_stock_ledger l
             WHERE l.listing_id = a.id AND l.ended_at IS NOT NULL AND NOT EXISTS (
                   SELECT FROM lockgate_stock_ledger newer
                    WHERE newer.listing_id = a.id AND newer.id > l.id))
      FROM asked a
 LEFT JOIN scarcest s ON s.listing_id = a.id
 LEFT JOIN policy y ON y.listing_id = a.id
 LEFT JOIN lockgate_publication p ON p.listing_id = a.id AND p.aspect = 'stock' AND p.scope = 0
  ORDER BY a.id
"""
