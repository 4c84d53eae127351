"""What workers report: first as evidence on the attempt, then on the publication its lease was for."""

import json

from . import Refused
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
        "most_tries": MOST_TRIES,
    }
    cr.execute(GIVEN, parameters)
    (given,) = cr.fetchone()
    if given != len(results):
        raise Refused(
            f"{len(results) - given} of {len(results)} results are for leases that channel {channel.code} "
            "never gave, or not of the lease's kind. Nothing was taken; "
            "look for a second sidecar or an old one."
        )
    cr.execute(REPORT, parameters)
    reported = {row[0] for row in cr.fetchall()}
    for outcome in reported:
        cr.execute(CURRENT + APPLY[outcome], parameters)
    if "down" in reported:
        cr.execute(RESUME, parameters)


RESULT = """
    SELECT * FROM jsonb_to_recordset(%(results)s::jsonb) AS r(
        token text, publication int, outcome text, message text, retry_after float, reading jsonb,
        answer text, request_id text, seconds float)
"""

GIVEN = f"""
    SELECT count(*) FROM ({RESULT}) r
      JOIN lockgate_attempt a ON a.token = r.token AND a.publication_id = r.publication
     WHERE a.channel_id = %(channel)s
       AND (r.outcome NOT IN ('accepted', 'read') OR (r.outcome = 'read') = (a.purpose = 'read'))
"""

REPORT = f"""
    WITH reported AS (
        UPDATE lockgate_attempt a
           SET outcome = r.outcome, message = r.message, answer = r.answer, reading = r.reading,
               request_id = r.request_id, seconds = r.seconds, reported_at = %(now)s
          FROM ({RESULT}) r
         WHERE a.token = r.token AND a.publication_id = r.publication AND a.outcome IS NULL
     RETURNING a.outcome
    )
    SELECT DISTINCT outcome FROM reported
"""

# The attempts reported in this turn whose lease is still the publication's own.
CURRENT = f"""
    WITH result AS (
        SELECT r.*, a.purpose, a.version, a.value, a.until,
               p.version > a.version AS outdated, p.wanted AS newest
          FROM ({RESULT}) r
          JOIN lockgate_attempt a ON a.token = r.token AND a.publication_id = r.publication
          JOIN lockgate_publication p ON p.id = r.publication AND p.lease_token = r.token
         WHERE p.state = 'leased' AND a.reported_at = %(now)s
    )
"""

# A channel's own wish, within reason: none or a date of 1970 must not lose the row, nor 10 years.
DELAY = "least(coalesce(r.retry_after, 60), 86400)"

RELEASE = "lease_token = NULL, lease_version = NULL, lease_until = NULL"

# A newer wanted value makes the row due at once, whatever came of the older one; no value, nothing to do.
NEXT_STATE = "CASE WHEN r.newest IS NULL THEN 'settled' WHEN r.outdated THEN 'due' ELSE {state} END"
NEXT_DUE = "CASE WHEN r.newest IS NULL THEN NULL WHEN r.outdated THEN %(now)s ELSE {due_at} END"

# A read-back that brought nothing is asked again: it verifies what was confirmed, or settles an unknown.
AGAIN_STATE = """CASE WHEN r.newest IS NULL THEN 'settled'
    WHEN r.purpose = 'push' OR r.outdated THEN 'due'
    WHEN p.confirmed_version = r.version THEN 'verify' ELSE 'unknown' END"""


def _apply(outcome, assignments, tries="p.tries"):
    """The statement for one outcome; tries are of one wanted value, so a newer one starts afresh."""
    return f"""
    UPDATE lockgate_publication p
       SET {assignments}, tries = CASE WHEN r.outdated THEN 0 ELSE {tries} END, {RELEASE}
      FROM result r
     WHERE p.id = r.publication AND r.outcome = '{outcome}'
    """


ACCEPTED = _apply(
    "accepted",
    f"""
    confirmed = r.value, confirmed_version = r.version, confirmed_at = %(now)s,
    message = NULL, failed_at = NULL,
    state = {NEXT_STATE.format(state="CASE WHEN %(can_read_back)s THEN 'verify' ELSE 'settled' END")},
    due_at = {
        NEXT_DUE.format(
            due_at="CASE WHEN %(can_read_back)s THEN %(now)s + make_interval(secs => %(lag)s) END"
        )
    }
    """,
)

SAME = """(
    r.reading IS NOT NULL
    AND (r.reading->>'amount')::numeric IS NOT DISTINCT FROM (r.value->>'amount')::numeric
    AND r.reading->>'currency' IS NOT DISTINCT FROM r.value->>'currency'
    AND (r.reading->>'quantity')::numeric IS NOT DISTINCT FROM (r.value->>'quantity')::numeric
)"""

SHOWN = """coalesce(r.reading->>'amount' || ' ' || (r.reading->>'currency'), r.reading->>'quantity',
                    'no such product')"""

TOO_OFTEN = "p.tries >= %(most_tries)s"

READ = _apply(
    "read",
    f"""
    confirmed = CASE WHEN {SAME} THEN r.value ELSE p.confirmed END,
    confirmed_version = CASE WHEN {SAME} THEN r.version ELSE p.confirmed_version END,
    confirmed_at = CASE WHEN {SAME} AND p.confirmed_version <> r.version THEN %(now)s
        ELSE p.confirmed_at END,
    verified_version = CASE WHEN {SAME} THEN r.version ELSE p.verified_version END,
    verified_at = CASE WHEN {SAME} THEN %(now)s ELSE p.verified_at END,
    failed_at = CASE WHEN {SAME} THEN NULL WHEN {TOO_OFTEN} THEN %(now)s ELSE p.failed_at END,
    message = CASE WHEN NOT {SAME} THEN 'The channel shows ' || {SHOWN} || ' where Lockgate sent '
        || coalesce(r.value->>'amount', r.value->>'quantity') || '.' END,
    state = {
        NEXT_STATE.format(
            state=f"CASE WHEN {SAME} THEN 'settled' WHEN {TOO_OFTEN} THEN 'blocked' ELSE 'due' END"
        )
    },
    due_at = {NEXT_DUE.format(due_at=f"CASE WHEN NOT ({SAME} OR {TOO_OFTEN}) THEN %(now)s END")}
    """,
    tries=f"CASE WHEN {SAME} THEN 0 ELSE p.tries END",
)

RETRY = _apply(
    "retry",
    f"""
    message = r.message,
    state = {AGAIN_STATE},
    due_at = CASE WHEN r.newest IS NOT NULL THEN %(now)s + make_interval(secs => {DELAY}) END
    """,
    # Handed back unsent (its time to start had passed): no request, so no try.
    tries="CASE WHEN r.seconds = 0 THEN greatest(p.tries - 1, 0) ELSE p.tries END",
)

REFUSED = f"""
    message = r.message,
    failed_at = CASE WHEN r.outdated THEN p.failed_at ELSE %(now)s END,
    state = {NEXT_STATE.format(state="'blocked'")},
    due_at = {NEXT_DUE.format(due_at="NULL")}
"""

# It may still land until the lease ends; only then does a read-back, or a repeated push, tell anything.
UNKNOWN = _apply("unknown", "message = r.message, state = 'unknown', due_at = greatest(r.until, %(now)s)")

# Nothing reached the channel, so the try does not count.
DOWN = _apply(
    "down",
    f"""
    message = r.message,
    state = {AGAIN_STATE},
    due_at = CASE WHEN r.newest IS NOT NULL THEN %(now)s END
    """,
    tries="greatest(p.tries - 1, 0)",
)

RESUME = f"""
    UPDATE lockgate_turn
       SET resume_at = %(now)s + make_interval(
           secs => (SELECT max({DELAY}) FROM ({RESULT}) r WHERE r.outcome = 'down'))
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
