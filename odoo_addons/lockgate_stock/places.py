"""Where a channel sells from: the stock of its warehouses, or the places that a policy names.

Asked apart from the quants: given as constants, the planner knows how few locations they are and hashes
them; as a join it multiplied them with the listings (seconds, for 2,000 of them).
"""

from typing import NamedTuple

from odoo.addons.lockgate.turn import prepared


class Pool(NamedTuple):
    """Locations that count together; what moves between them stays there to sell."""

    inside: list  # the locations
    where: list = []  # the places that a policy names, above them
    without: list = []  # and those it leaves out


def of_channel(cr, channel_id):
    """The Pool of the channel's warehouses; None: it has none."""
    prepared.execute(cr, OF_CHANNEL, {"channel": channel_id})
    placed, inside = cr.fetchone()
    return Pool(inside or []) if placed else None


def of_policy(cr, policy, pool):
    """The Pools from which a policy shows stock, to be tried in their order; `pool` is the channel's."""
    roots = {
        "channel": [[]] if pool else [],
        "sum": [policy.sources],
        "first": [[source] for source in policy.sources],
    }[policy.places]
    left_out = set(_inside(cr, policy.left_out)) if policy.left_out else set()
    pools = []
    for where in roots:
        inside = _inside(cr, where) if where else pool.inside
        pools.append(Pool([each for each in inside if each not in left_out], where, policy.left_out))
    return pools


def _inside(cr, locations):
    cr.execute(OF_LOCATIONS, {"locations": locations})
    return [location_id for (location_id,) in cr.fetchall()]


# At or below a root, in use, and neither on hold nor in quality control.
BELOW = """
       stock_location l ON l.parent_path LIKE root.parent_path || '%%'
       AND l.active AND l.usage IN ('internal', 'view')
       AND NOT EXISTS (SELECT FROM stock_location hold
                        WHERE l.parent_path LIKE hold.parent_path || '%%'
                          AND (hold.lockgate_hold OR hold.id IN (
                               SELECT wh_qc_stock_loc_id FROM stock_warehouse)))
"""
OF_CHANNEL = f"""
    SELECT count(*) > 0, array_agg(DISTINCT l.id) FILTER (WHERE l.id IS NOT NULL)
      FROM lockgate_channel_warehouse_rel r
      JOIN stock_warehouse w ON w.id = r.warehouse_id
      JOIN stock_location root ON root.id = w.lot_stock_id
 LEFT JOIN {BELOW}
     WHERE r.channel_id = %(channel)s
"""
OF_LOCATIONS = f"""
    SELECT DISTINCT l.id FROM stock_location root JOIN {BELOW} WHERE root.id = ANY(%(locations)s)
"""
