"""Where a channel sells from: the stock of its warehouses, or the places that a policy names.

Asked apart from the quants: given as constants, the planner knows how few locations they are and hashes
them; as a join it multiplied them with the listings (seconds, for 2,000 of them).
"""

from typing import NamedTuple


class Pool(NamedTuple):
    """Locations that count together; what moves between them stays there to sell."""

    inside: list  # the locations
    where: list = []  # the places that a policy names, above them
    without: list = []  # and those it leaves out


def of_channel(cr, channel_id):
    """The Pool of the channel's warehouses; None: it has none."""
    cr.execute("SELECT warehouse_id FROM lockgate_channel_warehouse_rel WHERE channel_id = %s", [channel_id])
    warehouses = [warehouse_id for (warehouse_id,) in cr.fetchall()]
    return Pool(_inside(cr, OF_WAREHOUSES, warehouses)) if warehouses else None


def of_policy(cr, policy, pool):
    """The Pools from which a policy shows stock, to be tried in their order; `pool` is the channel's."""
    roots = {
        "channel": [[]] if pool else [],
        "sum": [policy.sources],
        "first": [[source] for source in policy.sources],
    }[policy.places]
    left_out = set(_inside(cr, OF_LOCATIONS, policy.left_out)) if policy.left_out else set()
    pools = []
    for where in roots:
        inside = _inside(cr, OF_LOCATIONS, where) if where else pool.inside
        pools.append(Pool([each for each in inside if each not in left_out], where, policy.left_out))
    return pools


def _inside(cr, statement, ids):
    cr.execute(statement, [ids])
    return [location_id for (location_id,) in cr.fetchall()]


OF_LOCATIONS = """
    SELECT DISTINCT l.id
      FROM stock_location root
      JOIN stock_location l ON l.parent_path LIKE root.parent_path || '%%'
     WHERE root.id = ANY(%s) AND l.active AND l.usage IN ('internal', 'view')
       AND NOT EXISTS (SELECT FROM stock_location hold
                        WHERE hold.lockgate_hold AND l.parent_path LIKE hold.parent_path || '%%')
"""
OF_WAREHOUSES = OF_LOCATIONS.replace(
    "ANY(%s)", "ANY(ARRAY(SELECT lot_stock_id FROM stock_warehouse WHERE id = ANY(%s)))"
)
