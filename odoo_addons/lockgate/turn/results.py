"""What workers report: first as evidence on the attempt, then on the publication its lease was for."""

import json

from . import Refused, prepared
from .leases import MOST_TRIES


def take(cr, now, channel, results):
    """Apply results. Raises Refused, with nothing changed, for a lease that was never given.

    The result of a lease that has ended is kept as evidence and frees nothing.
    """
    if not results:
        return
    parameters = {
        "results": json.dumps(results),
        "now": now,
        "channel": channel.id,
        "can_read_back": channel.can_read_back,
        "lag": channel.lag,
        "window": channel.routine_window,
        "most_tries": MOST_TRIES,
    }
    prepared.execute(cr, REPORT, parameters)
    given, reported, outcomes = cr.fetchone()
    if given != len(results):
        raise Refused(
            f"{len(results) - given} of {len(results)} results are for leases that channel {channel.code} "
            "never gave, or not of the lease's kind. Nothing was taken; "
            "look for a second sidecar or an old one."
        )
    parameters["reported"] = reported
    for outcome in outcomes or ():
        prepared.execute(cr, APPLY[outcome], parameters)
    if outcomes and "down" in outcomes:
        prepared.execute(cr, RESUME, parameters)


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

# A channel's own wish, within reason: none or a date of 1970 must not lose the row, nor 10 years.
DELAY = "least(coalesce(a.retry_after, 60), 86400)"

OUTDATED = "p.version > a.version"

RELEASE = "lease_token = NULL, lease_version = NULL, lease_until = NULL"

# A newer wanted value is due next, whatever came of the older one; no value, nothing to do. It waits the
# channel's window like any other: else changes that keep coming would be pushed one by one.
NEWER_DUE = """CASE p.work_class WHEN 'critical' THEN %(now)s
    ELSE greatest(%(now)s, p.wanted_at + make_interval(secs => %(window)s)) END"""
NEXT_STATE = f"CASE WHEN p.wanted IS NULL THEN 'settled' WHEN {OUTDATED} THEN 'due' ELSE {{state}} END"
NEXT_DUE = f"CASE WHEN p.wanted IS NULL THEN NULL WHEN {OUTDATED} THEN {NEWER_DUE} ELSE {{due_at}} END"

# A read-back that brought nothing is asked again: it verifies what was confirmed, or settles an unknown.
AGAIN_STATE = f"""CASE WHEN p.wanted IS NULL THEN 'settled'
    WHEN a.purpose = 'push' OR {OUTDATED} THEN 'due'
    WHEN p.confirmed_version = a.version THEN 'verify' ELSE 'unknown' END"""


def _apply(outcome, assignments, tries="p.tries"):
    """The statement for one outcome: the attempts reported in this turn whose lease is the publication's own.

    Tries are of one wanted value, so a newer one starts afresh.
    """
    return f"""
    UPDATE lockgate_publication p
       SET {assignments}, tries = CASE WHEN {OUTDATED} THEN 0 ELSE {tries} END, {RELEASE}
      FROM lockgate_attempt a
     WHERE a.id = ANY(%(reported)s) AND a.outcome = '{outcome}'
       AND p.id = a.publication_id AND p.lease_token = a.token AND p.state = 'leased'
    """


ACCEPTED = _apply(
    "accepted",
    f"""
    confirmed = a.value, confirmed_version = a.version, confirmed_at = %(now)s,
    reconciliation_id = NULL,
    message = NULL, failed_at = NULL,
    state = {NEXT_STATE.format(state="CASE WHEN %(can_read_back)s THEN 'verify' ELSE 'settled' END")},
    due_at = {
        NEXT_DUE.format(
            due_at="CASE WHEN %(can_read_back)s THEN %(now)s + make_interval(secs => %(lag)s) END"
        )
    }
    """,
)

SHOWN = """coalesce(a.reading->>'amount' || ' ' || (a.reading->>'currency'), a.reading->>'quantity',
                    'no such product')"""

TOO_OFTEN = "p.tries >= %(most_tries)s"

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
    reconciliation_id = NULL,
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
)

RETRY = _apply(
    "retry",
    f"""
    message = a.message,
    state = {AGAIN_STATE},
    due_at = CASE WHEN p.wanted IS NOT NULL THEN %(now)s + make_interval(secs => {DELAY}) END
    """,
    # Handed back unsent (its time to start had passed): no request, so no try.
    tries="CASE WHEN a.seconds = 0 THEN greatest(p.tries - 1, 0) ELSE p.tries END",
)

REFUSED = f"""
    message = a.message,
    failed_at = CASE WHEN {OUTDATED} THEN p.failed_at ELSE %(now)s END,
    state = {NEXT_STATE.format(state="'blocked'")},
    due_at = {NEXT_DUE.format(due_at="NULL")}
"""

# It may still land until the lease ends; only then does a read-back, or a repeated push, tell anything.
UNKNOWN = _apply("unknown", "message = a.message, state = 'unknown', due_at = greatest(a.until, %(now)s)")

# Nothing reached the channel, so the try does not count.
DOWN = _apply(
    "down",
    f"""
    message = a.message,
    state = {AGAIN_STATE},
    due_at = CASE WHEN p.wanted IS NOT NULL THEN %(now)s END
    """,
    tries="greatest(p.tries - 1, 0)",
)

RESUME = f"""
    UPDATE lockgate_turn
       SET resume_at = %(now)s + make_interval(
           secs => (SELECT max({DELAY}) FROM lockgate_attempt a
                    WHERE a.id = ANY(%(reported)s) AND a.outcome = 'down'))
     WHERE channel_id = %(channel)s
"""

APPLY = {
    "accepted": ACCEPTED,
    "read": READ,
    "retry": RETRY,
    "rejected": _apply("rejected", REFUSED),
    "attention": _apply("attention", REFUSED),
    "unknown": UNKNOWN,
    "down": DOWN,
}
