"""Where a channel sells from: the stock of its warehouses, or the places that a policy names.

Asked apart from the quants: given as constants, the planner knows how few locations they are and hashes
them; as a join it multiplied them with the listings (seconds, for 2,000 of them).
"""

from typing import NamedTuple

from odoo.addons.lockgate.turn import prepared


class Pool(NamedTuple):
    """Locations that count together; what moves between them stays there to sell."""

    inside: list  # the locations
    held: list = []  # those among them that are on hold or in quality control, so not sold from
    where: list = []  # the places that a policy names, above them
    without: list = []  # and those it leaves out


def of_channel(cr, channel_id):
    """The Pool of the channel's warehouses; None: it has none."""
    prepared.execute(cr, OF_CHANNEL, {"channel": channel_id})
    placed, inside, held = cr.fetchone()
    return Pool(inside or [], held or []) if placed else None


def of_policy(cr, policy, pool):
    """The Pools from which a policy shows stock, to be tried in their order; `pool` is the channel's."""
    roots = {
        "channel": [[]] if pool else [],
        "sum": [policy.sources],
        "first": [[source] for source in policy.sources],
    }[policy.places]
    left_out = _below(cr, policy.left_out) if policy.left_out else Pool([])
    pools = []
    for where in roots:
        there = _below(cr, where) if where else pool
        inside, held = (
            [each for each in here if each not in without]
            for here, without in ((there.inside, set(left_out.inside)), (there.held, set(left_out.held)))
        )
        pools.append(Pool(inside, held, where, policy.left_out))
    return pools


def _below(cr, locations):
    cr.execute(OF_LOCATIONS, {"locations": locations})
    inside, held = cr.fetchone()
    return Pool(inside or [], held or [])


# At or below a root, and in use; on hold or in quality control, or not.
BELOW = """
       stock_location l ON l.parent_path LIKE root.parent_path || '%%'
       AND l.active AND l.usage IN ('internal', 'view')
"""
HELD = """
       EXISTS (SELECT FROM stock_location hold
                WHERE l.parent_path LIKE hold.parent_path || '%%'
                  AND (hold.lockgate_hold OR hold.id IN (SELECT wh_qc_stock_loc_id FROM stock_warehouse)))
"""
KINDS = """
       array_agg(DISTINCT id) FILTER (WHERE id IS NOT NULL AND NOT held),
       array_agg(DISTINCT id) FILTER (WHERE held)
"""
OF_CHANNEL = f"""
    SELECT count(*) > 0, {KINDS}
      FROM (SELECT l.id, {HELD} AS held
              FROM lockgate_channel_warehouse_rel r
              JOIN stock_warehouse w ON w.id = r.warehouse_id
              JOIN stock_location root ON root.id = w.lot_stock_id
         LEFT JOIN {BELOW}
             WHERE r.channel_id = %(channel)s) location
"""
OF_LOCATIONS = f"""
    SELECT {KINDS}
      FROM (SELECT l.id, {HELD} AS held
              FROM stock_location root JOIN {BELOW} WHERE root.id = ANY(%(locations)s)) location
"""
