"""Writing the stock ledger: one statement a turn, for the listings whose number changed, or that ended."""

import json
from datetime import timedelta

from odoo.addons.lockgate.turn import prepared
from odoo.addons.lockgate.turn.values import UNMARKED

# The fields of an Exposure that its words are made of.
FIGURES = (
    "archived",
    "replaced",
    "placed",
    "part_id",
    "on_hand",
    "taken",
    "coming",
    "sold",
    "left",
    "wanted",
    "confirmed",
    "units",
    "steps",
    "where",
    "without",
)
# A transaction that began before a listing was made cannot see it and so leaves no mark: its first recheck
# is there to find that, and finds no defect.
NEW = timedelta(minutes=10)


def append(cr, channel, exposures, reasons, now):
    """Append what changes with these exposures; `reasons` are the marks', by listing."""
    sweep = timedelta(minutes=channel.sweep_minutes)
    rows = [
        {
            "listing_id": each.listing_id,
            "figures": _figures(each),
            "ended_at": each.ended_at and each.ended_at.isoformat(),
            "reason": reasons.get(each.listing_id),
            "is_defect": reasons.get(each.listing_id) in UNMARKED and not _explained(each, sweep, now),
        }
        for each in exposures
        if each.quantity != each.wanted or each.ended_at != each.was_ended_at
    ]
    if rows:
        prepared.execute(
            cr, APPEND, {"channel": channel.id, "now": now, "rows": json.dumps(rows, default=float)}
        )


APPEND = """
    INSERT INTO lockgate_stock_ledger (channel_id, at, listing_id, figures, ended_at, reason, is_defect)
    SELECT %(channel)s, %(now)s, listing_id, figures, ended_at, reason, is_defect
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           listing_id int, figures jsonb, ended_at timestamp, reason text, is_defect bool)
"""


def _figures(exposure):
    policy = exposure.policy
    terms = {"id": policy.id, "name": policy.name, "basis": policy.basis, "days": policy.days}
    return {**{name: getattr(exposure, name) for name in FIGURES}, "policy": terms}


def _explained(exposure, sweep, now):
    """Whether time alone may have changed the number since it was computed last, or the listing is new."""
    if exposure.listed_at > now - NEW:
        return True
    # Nothing was to be computed again of what the channel is told nothing of.
    moments = exposure.passed_at, exposure.recheck_at
    return None not in moments and exposure.passed_at > exposure.recheck_at - sweep
