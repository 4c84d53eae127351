"""Writing the stock ledger: a row for each listing whose number or end changed, or what decides it."""

import json
from datetime import timedelta

from odoo.addons.lockgate.turn import prepared
from odoo.addons.lockgate.turn.values import STANDS_ELSEWHERE, UNMARKED

# Why a listing is computed of which no hook told.
FOUND = frozenset({*UNMARKED, STANDS_ELSEWHERE})
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
# Steps that leave nothing of the pool's number, whatever it is.
SWITCHES = {"never", "ended", "always", "sold_out"}
# A transaction that began before a listing was made cannot see it and so leaves no mark: its first recheck
# is there to find that, and finds no defect.
NEW = timedelta(minutes=10)


def append(cr, channel, exposures, reasons, now):
    """Append what changes with these exposures; `reasons` are the marks', by listing."""
    sweep = timedelta(minutes=channel.sweep_minutes)
    decided = _decided_before(cr, [each.listing_id for each in exposures if each.quantity == each.wanted])
    rows = []
    for each in exposures:
        decision, changed = _decision(each), each.quantity != each.wanted
        ended = each.ended_at != each.was_ended_at
        if not (changed or ended) and decided.get(each.listing_id, decision) == decision:
            continue
        reason = reasons.get(each.listing_id)
        rows.append(
            {
                "listing_id": each.listing_id,
                "figures": _figures(each),
                "decided_by": decision,
                "ended_at": each.ended_at and each.ended_at.isoformat(),
                "reason": reason,
                "is_defect": (changed or ended) and reason in FOUND and not _explained(each, sweep, now),
            }
        )
    if rows:
        prepared.execute(
            cr, APPEND, {"channel": channel.id, "now": now, "rows": json.dumps(rows, default=float)}
        )


APPEND = """
    INSERT INTO lockgate_stock_ledger (
           channel_id, at, listing_id, figures, decided_by, ended_at, reason, is_defect)
    SELECT %(channel)s, %(now)s, listing_id, figures, decided_by, ended_at, reason, is_defect
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           listing_id int, figures jsonb, decided_by text, ended_at timestamp, reason text, is_defect bool)
"""

DECIDED = """
    SELECT asked.id, last.decided_by
      FROM unnest(%(listings)s::int[]) AS asked(id)
CROSS JOIN LATERAL (SELECT decided_by FROM lockgate_stock_ledger
                     WHERE listing_id = asked.id ORDER BY at DESC, id DESC LIMIT 1) last
"""


def _decided_before(cr, listing_ids):
    """What decides the number of these listings by their last rows: {listing id: decision}."""
    if not listing_ids:
        return {}
    prepared.execute(cr, DECIDED, {"listings": listing_ids})
    return dict(cr.fetchall())


def _decision(exposure):
    """What decides the number, in a few words: not the figures, which change all the time."""
    words, number = [exposure.case], exposure.left
    if exposure.left is not None and exposure.left <= 0 < (exposure.on_hand or 0):
        words.append("promised")
    for kind, _term, result in exposure.steps:
        if kind in SWITCHES:
            return kind
        if result != number:
            words.append(kind)
        number = result
    return " ".join(words)


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
