"""From marks to wanted values."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from . import prepared

# A listing that is new is computed again after this: a transaction that began before the listing was
# committed could not see it and so left no mark (REPEATABLE READ).
SETTLE_AFTER = timedelta(minutes=2)
# So is one that is marked for one of these reasons: it, or its channel, is marked by products from now on,
# or by others than before.
UNSEEN = MAPPED, PUT_BACK, STANDS_ANEW, STANDS_ELSEWHERE = (
    "mapping changed",
    "put back",
    "bill of materials changed",
    "found to stand on something else",  # by the sweep: no hook told of it
)
POSTPONED = timedelta(hours=1)
# How many marks one turn looks at for each listing that it computes.
AHEAD = 10
# Why a listing is computed without a mark: its time has come, or a full refresh asks.
UNMARKED = RECHECK, REFRESH = "recheck", "refresh"
# The first, while more marks wait than were looked at: what it finds may be theirs.
AMONG_MARKS = "recheck among marks"
# A person asks that the newest value be sent again.
RETRY = "retry"
# Of several reasons the later stands, unless an earlier one weighs more. The heaviest first.
WEIGHTS = {RETRY: 2, **dict.fromkeys(UNSEEN, 1)}


class Mark(NamedTuple):
    listing_id: int
    aspect: str
    reason: str


@dataclass(frozen=True)
class Channel:
    """A channel as one turn sees it; durations in seconds."""

    id: int
    turn: int
    code: str
    connector: str
    credential: str | None
    settings: dict
    running: bool
    can_read_back: bool
    reconciliation: int | None
    refreshes: bool  # it is a full refresh
    send_within: int
    deadline: int
    late_bound: int
    lag: int
    routine_window: int
    most_tries: int
    most_hours: int
    falls: int  # how often in a row it was in trouble
    incarnation: int

    @classmethod
    def fetch(cls, cr, channel_id, turn):
        prepared.execute(cr, CHANNEL, {"channel": channel_id})
        row = cr.dictfetchone()
        row["settings"] = {
            name: value for name, value in (row["settings"] or {}).items() if value is not False
        }
        return cls(id=channel_id, turn=turn, **row)

    @property
    def lease_seconds(self):
        return self.send_within + self.deadline + self.late_bound

    @property
    def patience(self):
        return {"most_tries": self.most_tries, "most_hours": self.most_hours}

    def message(self):
        return {
            "code": self.code,
            "connector": self.connector,
            "credential": self.credential or None,
            "settings": self.settings,
        }


def weightier(before, reason):
    """Which of two reasons to compute the same stands, the first being the earlier."""
    return before if WEIGHTS.get(before, 0) > WEIGHTS.get(reason, 0) else reason


def consume_marks(cr, channel_id, rows):
    """Delete marks that this very transaction reads: one for each of `rows` listings at most.

    Returns them, the aspects of scoped marks, which are for `next_in_scope`, and whether more are left, as
    far as it looked.

    Never by a watermark: late commits carry lower ids. Of a burst the marks of a listing go together, as far
    as AHEAD lets it look. Of their reasons the `weightier` stands.
    """
    prepared.execute(cr, AHEAD_MARKS, {"channel": channel_id, "slice": rows * AHEAD})
    found, marks, places, scopes = cr.fetchall(), {}, [], []
    for place, *mark in found:
        mark = Mark(*mark)
        if mark.listing_id is None:
            scopes.append(mark.aspect)
            continue
        key = mark.listing_id, mark.aspect
        if key not in marks and len(marks) == rows:
            continue
        places.append(place)
        if key not in marks or weightier(marks[key].reason, mark.reason) == mark.reason:
            marks[key] = mark
    if places:
        # By their place, which never changes: only scoped marks are updated. A join, planned for the empty
        # table that the outbox is when its statistics are made, took more than 10 seconds for 20,000 marks.
        prepared.execute(cr, CONSUME, {"places": places})
    left = len(places) + len(scopes) < len(found) or len(found) == rows * AHEAD
    return list(marks.values()), set(scopes), left


def next_in_scope(cr, channel_id, aspects, rows):
    """A Mark of each of the next listings of the channel's scoped marks of these aspects.

    Those that came to the same listing go on together, the furthest first: one that comes meanwhile waits,
    and begins with all others that came until then.
    """
    made = []
    for aspect in sorted(aspects):
        if len(made) < rows:
            parameters = {"channel": channel_id, "aspect": aspect, "slice": rows - len(made)}
            prepared.execute(cr, SCOPE, parameters)
            made += [Mark(*row) for row in cr.fetchall()]
    return made


def due_rechecks(cr, channel_id, aspects, now, rows, reason):
    prepared.execute(cr, RECHECKS, {"channel": channel_id, "now": now, "aspects": aspects, "slice": rows})
    return [Mark(*row, reason) for row in cr.fetchall()]


def postpone(cr, now, marks):
    """Compute these again later: their turn failed on them."""
    for mark in marks:
        cr.execute(
            "UPDATE lockgate_publication SET recheck_at = %s WHERE listing_id = %s AND aspect = %s",
            [now + POSTPONED, mark.listing_id, mark.aspect],
        )


def store(cr, now, channel, aspect, listing_ids, wanted, retried):
    """Write the wanted values made of these listings; one that did not change leaves its publication alone.

    A new value lifts *blocked*, and waits behind a lease that is out: the newest goes out next.
    """
    rows = json.dumps(
        [
            {
                "listing_id": want.listing_id,
                "scope": want.scope,
                "wanted": want.value,
                "work_class": want.work_class,
                "recheck_at": want.recheck_at and want.recheck_at.isoformat(),
                "retried": want.listing_id in retried,
            }
            for want in wanted
        ]
    )
    prepared.execute(
        cr,
        STORE,
        {
            "rows": rows,
            "listings": listing_ids,
            "now": now,
            "window": channel.routine_window,
            "settled": now + SETTLE_AFTER,
            "channel": channel.id,
            "turn": channel.turn,
            "aspect": aspect,
        },
    )


CHANNEL = """
    SELECT c.code, k.code AS connector, c.credential, c.settings,
           c.active AND c.state = 'running' AS running,
           coalesce(k.can_read_back, false) AS can_read_back, r.id AS reconciliation,
           coalesce(r.kind = 'refresh', false) AS refreshes,
           c.send_within, c.deadline, c.late_bound, c.lag, c.routine_window, c.most_tries, c.most_hours,
           t.falls,
           coalesce((SELECT value::int FROM ir_config_parameter WHERE key = 'lockgate.incarnation'), 1)
               AS incarnation
      FROM lockgate_channel c
      JOIN lockgate_connector k ON k.id = c.connector_id
      JOIN lockgate_turn t ON t.channel_id = c.id
 LEFT JOIN lockgate_reconciliation r
        ON r.channel_id = c.id AND r.state = 'running' AND c.active
       AND (k.can_read_back OR NOT r.reads)
     WHERE c.id = %(channel)s
"""

AHEAD_MARKS = """
    SELECT ctid::text, listing_id, aspect, reason FROM lockgate_outbox
     WHERE channel_id = %(channel)s ORDER BY id LIMIT %(slice)s
"""

SCOPE = f"""
    WITH furthest AS MATERIALIZED (
        SELECT max(coalesce(reached, 0)) AS reached FROM lockgate_outbox
         WHERE channel_id = %(channel)s AND listing_id IS NULL AND aspect = %(aspect)s
    ), scoped AS MATERIALIZED (
        SELECT o.id, o.reason FROM lockgate_outbox o JOIN furthest f ON f.reached = coalesce(o.reached, 0)
         WHERE o.channel_id = %(channel)s AND o.listing_id IS NULL AND o.aspect = %(aspect)s
    ), next AS MATERIALIZED (
        SELECT id FROM lockgate_listing
         WHERE channel_id = %(channel)s AND id > (SELECT reached FROM furthest)
      ORDER BY id LIMIT %(slice)s
    ), counted AS (
        SELECT max(id) AS last, count(*) = %(slice)s AS more FROM next
    ), reached AS (
        UPDATE lockgate_outbox SET reached = last FROM counted
         WHERE more AND lockgate_outbox.id IN (SELECT id FROM scoped)
    ), done AS (
        DELETE FROM lockgate_outbox USING counted
         WHERE NOT more AND lockgate_outbox.id IN (SELECT id FROM scoped)
    )
    SELECT id, %(aspect)s, (SELECT reason FROM scoped ORDER BY reason = '{PUT_BACK}' DESC, id DESC LIMIT 1)
      FROM next
"""

CONSUME = "DELETE FROM lockgate_outbox WHERE ctid = ANY(%(places)s::tid[])"

RECHECKS = """
    SELECT DISTINCT listing_id, aspect
      FROM (SELECT listing_id, aspect FROM lockgate_publication
             WHERE channel_id = %(channel)s AND recheck_at <= %(now)s AND aspect = ANY(%(aspects)s)
          ORDER BY recheck_at LIMIT %(slice)s) due
"""

# A value that replaces one which still waits takes over its place in time: changes that keep coming must
# not put off the push, a critical one must not become routine, and a channel's wish to wait stands.
COALESCES = """p.state = 'due' AND excluded.wanted IS NOT NULL
    AND p.listing_id NOT IN (SELECT listing_id FROM made WHERE retried)"""
MORE_URGENT = """CASE WHEN 'critical' IN (p.work_class, excluded.work_class) THEN 'critical'
                WHEN 'routine' IN (p.work_class, excluded.work_class) THEN 'routine' ELSE 'bulk' END"""

# A recheck that is still to come stays: it may be the one of a new listing. One that was due is over, also
# where the maker has nothing more to say.
STORE = f"""
    WITH wanted AS (
        SELECT listing_id, scope, nullif(wanted, 'null'::jsonb) AS wanted, work_class, recheck_at, retried,
               %(now)s + CASE work_class WHEN 'critical' THEN interval '0'
                     ELSE make_interval(secs => %(window)s) END AS due_at
          FROM jsonb_to_recordset(%(rows)s::jsonb) AS w(
               listing_id int, scope int, wanted jsonb, work_class text, recheck_at timestamp, retried bool)
    ), made AS MATERIALIZED (
        SELECT w.listing_id, w.scope, w.wanted, w.work_class, w.due_at, w.retried, p.id AS publication_id,
               p.id IS NULL OR p.wanted IS DISTINCT FROM w.wanted
                   OR w.retried AND p.state NOT IN ('leased', 'unknown') AS changed,
               least(w.recheck_at, CASE WHEN p.id IS NULL THEN %(settled)s
                                        WHEN p.recheck_at > %(now)s THEN p.recheck_at END) AS recheck_at
          FROM wanted w
     LEFT JOIN lockgate_publication p
            ON p.listing_id = w.listing_id AND p.aspect = %(aspect)s AND p.scope = w.scope
    ), unchanged AS (
        UPDATE lockgate_publication p
           SET recheck_at = made.recheck_at
          FROM made
         WHERE p.id = made.publication_id AND NOT made.changed
           AND p.recheck_at IS DISTINCT FROM made.recheck_at
    ), silent AS (
        UPDATE lockgate_publication p
           SET recheck_at = NULL
         WHERE p.listing_id = ANY(%(listings)s) AND p.aspect = %(aspect)s AND p.recheck_at <= %(now)s
           AND p.id NOT IN (SELECT publication_id FROM made WHERE publication_id IS NOT NULL)
    )
    INSERT INTO lockgate_publication AS p (
           channel_id, listing_id, aspect, scope, wanted, version, wanted_at, behind_since, work_class,
           state, due_at, recheck_at, tries, confirmed_version, verified_version)
    SELECT %(channel)s, listing_id, %(aspect)s, scope, wanted, %(turn)s, %(now)s, %(now)s, work_class,
           CASE WHEN wanted IS NULL THEN 'settled' ELSE 'due' END,
           CASE WHEN wanted IS NOT NULL THEN due_at END,
           recheck_at, 0, 0, 0
      FROM made WHERE changed
 ON CONFLICT (listing_id, aspect, scope) DO UPDATE SET
           wanted = excluded.wanted,
           version = excluded.version,
           wanted_at = excluded.wanted_at,
           behind_since = CASE WHEN p.version > p.confirmed_version AND p.wanted IS NOT NULL
                               THEN p.behind_since ELSE excluded.behind_since END,
           recheck_at = excluded.recheck_at,
           work_class = CASE WHEN {COALESCES} THEN {MORE_URGENT} ELSE excluded.work_class END,
           tries = CASE WHEN p.state = 'leased' THEN p.tries
                        WHEN {COALESCES} THEN least(p.tries, 1) ELSE 0 END,
           failing_since = CASE WHEN {COALESCES} THEN p.failing_since END,
           state = CASE WHEN p.state IN ('leased', 'unknown') THEN p.state ELSE excluded.state END,
           due_at = CASE WHEN p.state IN ('leased', 'unknown') THEN p.due_at
                         WHEN {COALESCES} AND p.tries > 0 THEN p.due_at
                         WHEN {COALESCES} THEN least(p.due_at, excluded.due_at)
                         ELSE excluded.due_at END
"""
