"""How many units of a listing its channel may sell: the one computation behind every number and its words.

The basis is *unpromised*: what lies unowned in the stock locations of the channel's warehouses, less all
open demand that will leave them, reserved or not; of a kit, as many as its scarcest part allows. A plain
product is a kit of one of itself (see `lockgate.standing`), so there is one computation.

`free_qty` is something else: it counts input and quality locations and owners' goods, and leaves out orders
that are not reserved yet.
"""

from typing import NamedTuple

# The most that a channel is told: a shop's own column is seldom wider than 32 bits.
MOST = 2**31 - 1


class Exposure(NamedTuple):
    """One listing's stock: `units` in the listing's unit, the figures in the unit of the part they are of."""

    listing_id: int
    sku: str
    reference: str | None
    part_id: int | None  # the scarcest of what it stands on; None: nothing of it is kept in stock
    archived: bool  # the listing, or its product
    replaced: bool  # archived, and an active listing of the channel has its SKU now
    placed: bool  # the channel has warehouses to sell from
    on_hand: float  # of the part, as `promised`
    promised: float
    units: int
    wanted: int | None  # what the channel was to show until now
    confirmed: int | None  # what it took last

    @property
    def case(self):
        """Which rule says the quantity: the first that fits."""
        told = (self.wanted, self.confirmed) != (None, None)
        if self.part_id is None and not (self.archived and told):
            return "service"
        if self.archived:
            return "replaced" if self.replaced else "archived"
        return "counted" if self.placed else "nowhere"

    @property
    def quantity(self):
        """What the channel is to show, in whole sellable units; None: it is told nothing."""
        return {"counted": self.units, "archived": 0}.get(self.case)

    @property
    def crosses_zero(self):
        """Whether sales on the channel begin or end with this quantity."""
        if self.quantity is None:
            return False
        shown = (self.wanted, self.confirmed)
        return any(number is not None and (number > 0) != (self.quantity > 0) for number in shown)


def read(cr, channel_id, listing_ids):
    """The exposures of a channel's listings, in two statements however many there are.

    What the ORM has not written yet is not seen: flush before.
    """
    cr.execute(INSIDE, [channel_id])
    (placed, inside) = cr.fetchone()
    cr.execute(
        EXPOSURE, {"listings": list(listing_ids), "placed": placed, "inside": inside or [], "most": MOST}
    )
    return [Exposure(*row) for row in cr.fetchall()]


# The locations that the channel sells from. Asked apart: given as constants, the planner knows how few they
# are and hashes them; as a join it multiplied them with the listings (seconds, for 2,000 of them).
INSIDE = """
    SELECT count(*) > 0, array_agg(DISTINCT l.id) FILTER (WHERE l.id IS NOT NULL)
      FROM lockgate_channel_warehouse_rel r
      JOIN stock_warehouse w ON w.id = r.warehouse_id
      JOIN stock_location root ON root.id = w.lot_stock_id
 LEFT JOIN stock_location l ON l.parent_path LIKE root.parent_path || '%%'
       AND l.active AND l.usage IN ('internal', 'view')
     WHERE r.channel_id = %s
"""

# An open move has moved nothing yet: what was done of it became a move of its own, and the rest a backorder.
# Its quantity, reserved or picked by hand, may stand above its demand; the greater of both will leave.
EXPOSURE = """
    WITH asked AS MATERIALIZED (
        SELECT l.id, l.sku, l.reference, l.active AND p.active AS active,
               NOT l.active AND EXISTS (
                   SELECT FROM lockgate_listing other
                    WHERE other.channel_id = l.channel_id AND other.sku = l.sku AND other.active) AS replaced,
               product_unit.factor / listing_unit.factor AS units
          FROM lockgate_listing l
          JOIN product_product p ON p.id = l.product_id
          JOIN product_template t ON t.id = p.product_tmpl_id
          JOIN uom_uom product_unit ON product_unit.id = t.uom_id
          JOIN uom_uom listing_unit ON listing_unit.id = l.uom_id
         WHERE l.id = ANY(%(listings)s)
    ), part AS MATERIALIZED (
        SELECT s.listing_id, s.product_id, s.quantity, u.factor
          FROM lockgate_standing s
          JOIN product_product p ON p.id = s.product_id
          JOIN product_template t ON t.id = p.product_tmpl_id
          JOIN uom_uom u ON u.id = t.uom_id
         WHERE s.listing_id = ANY(%(listings)s) AND s.quantity > 0 AND t.is_storable
    ), product AS (
        SELECT DISTINCT product_id, factor FROM part
    ), on_hand AS (
        SELECT q.product_id, sum(q.quantity::numeric) AS quantity
          FROM stock_quant q JOIN product USING (product_id)
         WHERE q.owner_id IS NULL AND q.location_id = ANY(%(inside)s::int[])
      GROUP BY q.product_id
    ), promised AS (
        SELECT m.product_id,
               sum(greatest(m.product_qty, m.quantity * u.factor / product.factor, 0)) AS quantity
          FROM stock_move m
          JOIN product USING (product_id)
          JOIN uom_uom u ON u.id = m.product_uom
         WHERE m.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
           AND m.location_id = ANY(%(inside)s::int[]) AND m.location_dest_id <> ALL(%(inside)s::int[])
      GROUP BY m.product_id
    ), figures AS (
        SELECT part.listing_id, part.product_id, part.quantity,
               coalesce(on_hand.quantity, 0) AS on_hand, coalesce(promised.quantity, 0) AS promised
          FROM part LEFT JOIN on_hand USING (product_id) LEFT JOIN promised USING (product_id)
    ), scarcest AS (
        SELECT DISTINCT ON (listing_id) *, (on_hand - promised) / quantity AS allows
          FROM figures ORDER BY listing_id, allows, product_id
    )
    SELECT a.id, a.sku, a.reference, s.product_id, NOT a.active, a.replaced, %(placed)s,
           s.on_hand, s.promised,
           -- Rounded before it is cut to whole units: 0.3 / 0.1 is 3, whatever floats made of it.
           greatest(0, least(%(most)s, floor(round(s.allows * a.units, 6))))::int,
           (p.wanted->>'quantity')::int, (p.confirmed->>'quantity')::int
      FROM asked a
 LEFT JOIN scarcest s ON s.listing_id = a.id
 LEFT JOIN lockgate_publication p ON p.listing_id = a.id AND p.aspect = 'stock' AND p.scope = 0
  ORDER BY a.id
"""
