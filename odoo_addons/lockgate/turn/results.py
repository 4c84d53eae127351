"""What workers report: first as evidence on the attempt, then on the publication its lease was for."""

import json

from . import Refused, prepared, trouble
from .patience import GIVEN_UP, SPENT
from .trouble import DELAY


def take(cr, now, channel, results):
    """Apply results. Raises Refused, with nothing changed, for a lease that was never given.

    The result of a lease that has ended is kept as evidence and frees nothing. Returns how often in a row the
    channel is in trouble now, and the ids of the attempts that were not reported on before.
    """
    if not results:
        return channel.falls, []
    parameters = {
        "results": json.dumps(results),
        "now": now,
        "channel": channel.id,
        "can_read_back": channel.can_read_back,
        "lag": channel.lag,
        "window": channel.routine_window,
        **channel.patience,
    }
    prepared.execute(cr, REPORT, parameters)
    given, reported, outcomes = cr.fetchone()
    if given != len(results):
        raise Refused(
            f"{len(results) - given} of {len(results)} results are for leases that channel {channel.code} "
            "never gave, or not of the lease's kind. Nothing was taken; "
            "look for a second sidecar or an old one."
        )
    if not reported:
        return channel.falls, []
    before, falls = trouble.note(cr, now, channel, reported, outcomes)
    parameters |= {"reported": reported, "in_trouble": before > 0}
    for outcome in outcomes:
        prepared.execute(cr, APPLY[outcome], parameters)
    return falls, reported


# What the channel may show by now: the price that was sent, or one that was to take over by itself and has.
PRICES = """
    SELECT a.value AS price
 UNION ALL
    SELECT price FROM jsonb_array_elements(a.value->'coming') price WHERE {begun}
"""
BEGUN = "(price->>'starts')::timestamptz AT TIME ZONE 'UTC' <= %(now)s"

# A channel that tells what it holds ahead holds what was sent, but for what has begun meanwhile.
AHEAD = """
    SELECT FROM jsonb_array_elements(a.value->'coming') price
      FULL JOIN jsonb_array_elements(
                CASE jsonb_typeof(r.reading->'coming') WHEN 'array' THEN r.reading->'coming' END) held
        ON (held->>'starts')::timestamptz = (price->>'starts')::timestamptz
     WHERE ((held->>'amount')::numeric, held->>'currency')
           IS DISTINCT FROM ((price->>'amount')::numeric, price->>'currency')
       AND NOT (held IS NULL AND {begun})
"""

SAME = f"""(
    r.reading IS NOT NULL
    AND (r.reading->>'quantity')::numeric IS NOT DISTINCT FROM (a.value->>'quantity')::numeric
    AND EXISTS (SELECT FROM ({PRICES.format(begun=BEGUN)}) shown
                 WHERE (r.reading->>'amount')::numeric IS NOT DISTINCT FROM (price->>'amount')::numeric
                   AND r.reading->>'currency' IS NOT DISTINCT FROM price->>'currency')
    AND (jsonb_typeof(r.reading->'coming') IS DISTINCT FROM 'array'
         OR NOT EXISTS ({AHEAD.format(begun=BEGUN)}))
)"""

# How many results are for leases that were given, and the attempts that were not reported on before.
REPORT = f"""
    WITH result AS MATERIALIZED (
        SELECT r.*, a.id, CASE WHEN r.outcome = 'read' THEN {SAME} END AS agrees
          FROM jsonb_to_recordset(%(results)s::jsonb) AS r(
               token text, publication int, outcome text, message text, retry_after float, reading jsonb,
               answer text, request_id text, cause text, seconds float)
          JOIN lockgate_attempt a ON a.publication_id = r.publication AND a.token = r.token
         WHERE a.channel_id = %(channel)s
           AND (r.outcome NOT IN ('accepted', 'read') OR (r.outcome = 'read') = (a.purpose = 'read'))
    ), reported AS (
        UPDATE lockgate_attempt a
           SET outcome = r.outcome, message = r.message, answer = r.answer, reading = r.reading,
               agrees = r.agrees, request_id = r.request_id, cause = r.cause, seconds = r.seconds,
               retry_after = r.retry_after, reported_at = %(now)s
          FROM result r
         WHERE a.id = r.id AND a.outcome IS NULL
     RETURNING a.id, a.outcome
    )
    SELECT (SELECT count(*) FROM result), array_agg(id), array_agg(DISTINCT outcome) FROM reported
"""

OUTDATED = "p.version > a.version"

RELEASE = "lease_token = NULL, lease_version = NULL, lease_until = NULL"

# A newer wanted value is due next, whatever came of the older one; no value, nothing to do. It waits the
# channel's window like any other: else changes that keep coming would be pushed one by one.
NEWER_DUE = """CASE p.work_class WHEN 'critical' THEN %(now)s
    ELSE greatest(%(now)s, p.wanted_at + make_interval(secs => %(window)s)) END"""
NEXT_STATE = f"CASE WHEN p.wanted IS NULL THEN 'settled' WHEN {OUTDATED} THEN 'due' ELSE {{state}} END"
NEXT_DUE = f"CASE WHEN p.wanted IS NULL THEN NULL WHEN {OUTDATED} THEN {NEWER_DUE} ELSE {{due_at}} END"

# What counts against a row: it was sent, or asked for, and what came of it is not the whole channel's
# trouble. A wish to wait is no try, though a row that only ever meets it grows too old.
COUNTS = "(a.seconds > 0 AND NOT %(in_trouble)s)"
TRIES = f"greatest(p.tries - (NOT {COUNTS} OR a.cause IS NOT DISTINCT FROM 'rate_limit')::int, 0)"
FAILING_SINCE = f"""CASE WHEN {COUNTS} THEN coalesce(p.failing_since, %(now)s)
    WHEN a.seconds = 0 THEN p.failing_since END"""
SPENT_NOW = f"({COUNTS} AND NOT {OUTDATED} AND {SPENT.format(tries=TRIES)})"

# A read-back that brought nothing is asked again: it verifies what was confirmed, or settles an unknown.
AGAIN_STATE = f"""CASE WHEN p.wanted IS NULL THEN 'settled'
    WHEN a.purpose = 'push' OR {OUTDATED} THEN 'due'
    WHEN p.confirmed_version = a.version THEN 'verify' ELSE 'unknown' END"""


def _apply(outcome, assignments, tries="p.tries", failing_since="p.failing_since", unless="false"):
    """The statement for one outcome: the attempts reported in this turn whose lease is the publication's own.

    Tries, and since when it fails, are of one wanted value, so a newer one starts afresh. `unless`: what
    leaves the lease to its end.
    """
    return f"""
    UPDATE lockgate_publication p
       SET {assignments}, tries = CASE WHEN {OUTDATED} THEN 0 ELSE {tries} END, {RELEASE},
           failing_since = CASE WHEN NOT {OUTDATED} THEN {failing_since} END
      FROM lockgate_attempt a
     WHERE a.id = ANY(%(reported)s) AND a.outcome = '{outcome}' AND NOT {unless}
       AND p.id = a.publication_id AND p.lease_token = a.token AND p.state = 'leased'
    """


# What was given up because the channel shows something else: that it is taken once more does not mend it.
DRIFTED = """(p.failed_at IS NOT NULL AND EXISTS (
    SELECT FROM lockgate_attempt d
     WHERE d.publication_id = p.id AND d.reported_at = p.failed_at AND NOT d.agrees))"""

# To look whether it shows what it took is behind all that it has not been told: both take of its limit.
VERIFIED_AS = f"CASE WHEN %(can_read_back)s AND NOT {OUTDATED} THEN 'bulk' ELSE p.work_class END"

ACCEPTED = _apply(
    "accepted",
    f"""
    confirmed = a.value, confirmed_version = a.version, confirmed_at = %(now)s,
    reconciliation_id = NULL, work_class = {VERIFIED_AS},
    message = NULL, failed_at = CASE WHEN %(can_read_back)s AND {DRIFTED} THEN p.failed_at END,
    state = {NEXT_STATE.format(state="CASE WHEN %(can_read_back)s THEN 'verify' ELSE 'settled' END")},
    due_at = {
        NEXT_DUE.format(
            due_at="CASE WHEN %(can_read_back)s THEN %(now)s + make_interval(secs => %(lag)s) END"
        )
    }
    """,
    # what it shows may differ again and again
    failing_since="CASE WHEN %(can_read_back)s THEN p.failing_since END",
)

# A channel that does not show what it took shows something wrong; a whole refresh goes behind other work.
CORRECTED_AS = f"""CASE WHEN a.agrees OR a.reconciliation_id IS NOT NULL OR {OUTDATED} THEN p.work_class
    ELSE 'routine' END"""

SHOWN = """coalesce(a.reading->>'amount' || ' ' || (a.reading->>'currency'), a.reading->>'quantity',
                    'no such product')"""

TOO_OFTEN = SPENT.format(tries="p.tries")

READ = _apply(
    "read",
    f"""
    confirmed = CASE WHEN a.agrees THEN a.value ELSE p.confirmed END,
    confirmed_version = CASE WHEN a.agrees THEN a.version ELSE p.confirmed_version END,
    confirmed_at = CASE WHEN a.agrees AND p.confirmed_version <> a.version THEN %(now)s
        ELSE p.confirmed_at END,
    verified_version = CASE WHEN a.agrees THEN a.version ELSE p.verified_version END,
    verified_at = CASE WHEN a.agrees THEN %(now)s ELSE p.verified_at END,
    failed_at = CASE WHEN a.agrees THEN NULL WHEN {TOO_OFTEN} THEN %(now)s ELSE p.failed_at END,
    reconciliation_id = NULL, work_class = {CORRECTED_AS},
    message = CASE WHEN NOT a.agrees THEN 'The channel shows ' || {SHOWN} || ' where Lockgate sent '
        || coalesce(a.value->>'amount', a.value->>'quantity')
        || CASE WHEN jsonb_typeof(a.reading->'coming') = 'array'
                     AND (a.value->'coming' <> '[]' OR a.reading->'coming' <> '[]')
                THEN ', or holds other prices ahead.' ELSE '.' END END,
    state = {
        NEXT_STATE.format(
            state=f"CASE WHEN a.agrees THEN 'settled' WHEN {TOO_OFTEN} THEN 'blocked' ELSE 'due' END"
        )
    },
    due_at = {NEXT_DUE.format(due_at=f"CASE WHEN NOT (a.agrees OR {TOO_OFTEN}) THEN %(now)s END")}
    """,
    tries="CASE WHEN a.agrees THEN 0 ELSE p.tries END",
    failing_since="CASE WHEN NOT a.agrees THEN coalesce(p.failing_since, %(now)s) END",
)

AGAIN = f"""
    message = a.message || CASE WHEN {SPENT_NOW} THEN {GIVEN_UP.format(tries=TRIES)} ELSE '' END,
    failed_at = CASE WHEN p.wanted IS NOT NULL AND {SPENT_NOW} THEN %(now)s ELSE p.failed_at END,
    state = CASE WHEN p.wanted IS NOT NULL AND {SPENT_NOW} THEN 'blocked' ELSE {AGAIN_STATE} END,
    due_at = CASE WHEN p.wanted IS NOT NULL AND NOT {SPENT_NOW}
                  THEN %(now)s + make_interval(secs => {DELAY}) END
"""

REFUSED = f"""
    message = a.message,
    failed_at = CASE WHEN {OUTDATED} THEN p.failed_at ELSE %(now)s END,
    state = {NEXT_STATE.format(state="'blocked'")},
    due_at = {NEXT_DUE.format(due_at="NULL")}
"""

# It may still land until the lease ends, and show after the channel's lag; only then does a read-back, or a
# repeated push, tell anything. What is to be given up unread stays leased until then.
UNKNOWN = _apply(
    "unknown",
    """
    message = a.message, state = 'unknown',
    due_at = greatest(a.until, %(now)s)
        + make_interval(secs => CASE WHEN %(can_read_back)s THEN %(lag)s ELSE 0 END)
    """,
    TRIES,
    FAILING_SINCE,
    unless=f"(NOT %(can_read_back)s AND {SPENT_NOW})",
)

APPLY = {
    "accepted": ACCEPTED,
    "read": READ,
    "retry": _apply("retry", AGAIN, TRIES, FAILING_SINCE),
    "rejected": _apply("rejected", REFUSED),
    "attention": _apply("attention", REFUSED),
    "unknown": UNKNOWN,
    # nothing reached the channel, so it is no try; its row waits for the channel
    "down": _apply(
        "down",
        f"""
        message = a.message,
        state = {AGAIN_STATE},
        due_at = CASE WHEN p.wanted IS NOT NULL THEN %(now)s END
        """,
        "greatest(p.tries - 1, 0)",
        "NULL::timestamp",
    ),
}
