"""What a running reconciliation (`r`) still asks of publications (`p`): SQL for the turn and the views."""

from . import prepared
from .values import REFRESH, Mark


def next_to_refresh(cr, channel, aspects, rows):
    """A Mark of each aspect of the next listings that the running full refresh has to be computed afresh."""
    parameters = {
        "channel": channel.id,
        "reconciliation": channel.reconciliation,
        "slice": rows,
    }
    prepared.execute(cr, NEXT, parameters)
    return [Mark(listing_id, aspect, REFRESH) for (listing_id,) in cr.fetchall() for aspect in aspects]


# The listings of a channel by their ids: those that are new meanwhile come last.
COMPUTED_TO = "coalesce((SELECT refreshed_to FROM lockgate_turn WHERE channel_id = {} AND refresh = {}), 0)"
NEXT = f"""
    WITH next AS (
        SELECT id FROM lockgate_listing
         WHERE channel_id = %(channel)s AND id > {COMPUTED_TO.format("%(channel)s", "%(reconciliation)s")}
      ORDER BY id LIMIT %(slice)s
    ), reached AS (
        UPDATE lockgate_turn
           SET refresh = %(reconciliation)s, refreshed_to = (SELECT max(id) FROM next)
         WHERE channel_id = %(channel)s AND EXISTS (SELECT FROM next)
    )
    SELECT id FROM next
"""

# A full refresh reads and sends only what was computed afresh before.
UNMADE = f"""(r.kind = 'refresh' AND EXISTS (
    SELECT FROM lockgate_listing l
     WHERE l.channel_id = r.channel_id AND l.id > {COMPUTED_TO.format("r.channel_id", "r.id")}))"""

# Settled: the channel took what is wanted now.
SETTLED = """
    p.channel_id = r.channel_id AND p.state = 'settled'
    AND p.wanted IS NOT NULL AND p.version = p.confirmed_version
"""
SEEN_AT = "coalesce(p.verified_at, '-infinity')"

# Not read back since the comparison began. What is sent meanwhile is read back on its own.
UNREAD = f"({SETTLED} AND r.reads AND {SEEN_AT} < r.began_at)"

# Of a refresh: looked at, where that can be, and not sent since it began. Each is sent once, whatever comes
# of it: what the channel does with it is then the business of every push.
UNSENT = f"""(
    {SETTLED} AND r.kind = 'refresh' AND p.confirmed_at < r.began_at
    AND (NOT r.reads OR {SEEN_AT} >= r.began_at)
    AND NOT EXISTS (SELECT FROM lockgate_attempt a WHERE a.publication_id = p.id
                       AND a.reconciliation_id = r.id AND a.purpose = 'push')
)"""

# Taken, and not answered yet; one that was withdrawn or replaced before it was sent is waited for no more.
WAITING = """(
    p.reconciliation_id = r.id AND p.wanted IS NOT NULL
    AND (p.state IN ('leased', 'verify', 'unknown') OR p.state = 'due' AND p.version = p.confirmed_version)
)"""

# To be asked again: a running channel leases these as it leases all that is due, a frozen one only here.
AGAIN = """(
    p.reconciliation_id = r.id AND r.reads AND p.wanted IS NOT NULL
    AND p.state IN ('verify', 'unknown') AND p.due_at <= %(now)s
)"""

# Only ever read-backs, so that a frozen channel too is compared, and one that was restored before it sends.
# The longest unseen come first.
READS = f"""
        SELECT asked.id, asked.state, 'read' AS purpose, row_number() OVER (ORDER BY asked.seen_at) AS place
          FROM lockgate_reconciliation r
    CROSS JOIN LATERAL (
               SELECT p.id, p.state, {SEEN_AT} AS seen_at FROM lockgate_publication p WHERE {AGAIN}
            UNION ALL
              (SELECT p.id, p.state, {SEEN_AT} FROM lockgate_publication p WHERE {UNREAD}
             ORDER BY {SEEN_AT} LIMIT (SELECT room FROM turn))) asked
         WHERE r.id = %(reconciliation)s AND NOT {UNMADE}"""

PUSHES = f"""
        SELECT unsent.id, unsent.state, 'push' AS purpose,
               row_number() OVER (ORDER BY unsent.seen_at) AS place
          FROM lockgate_reconciliation r
    CROSS JOIN LATERAL (
               SELECT p.id, p.state, {SEEN_AT} AS seen_at FROM lockgate_publication p WHERE {UNSENT}
             ORDER BY {SEEN_AT} LIMIT (SELECT room FROM turn)) unsent
         WHERE r.id = %(reconciliation)s AND NOT {UNMADE}"""

DUE = f"""
    SELECT ({UNMADE}
         OR EXISTS (SELECT FROM lockgate_publication p WHERE {AGAIN})
         OR EXISTS (SELECT FROM lockgate_publication p WHERE {UNREAD})
         OR c.state = 'running' AND EXISTS (SELECT FROM lockgate_publication p WHERE {UNSENT}))::int AS rows
"""

FINISHED = f"""
    SELECT r.id FROM lockgate_reconciliation r
     WHERE r.channel_id = ANY(%(channels)s) AND r.state = 'running' AND NOT {UNMADE}
       AND NOT EXISTS (SELECT FROM lockgate_publication p WHERE {UNREAD})
       AND NOT EXISTS (SELECT FROM lockgate_publication p WHERE {WAITING})
       AND NOT EXISTS (SELECT FROM lockgate_publication p WHERE {UNSENT})
"""

# One publication may have been asked more than once: its first reading tells what was found.
PROGRESS = f"""
    WITH taken AS (
        SELECT reconciliation_id, publication_id,
               (array_agg(agrees ORDER BY id) FILTER (WHERE agrees IS NOT NULL))[1] AS agrees,
               bool_or(purpose = 'push' AND outcome = 'accepted') AS sent
          FROM lockgate_attempt WHERE reconciliation_id = ANY(%(ids)s)
      GROUP BY reconciliation_id, publication_id
    )
    SELECT r.id, t.agreed, t.differed, t.sent, t.finished, t.unread, "left".rows AS "left"
      FROM lockgate_reconciliation r
      CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE agrees) AS agreed,
                  count(*) FILTER (WHERE NOT agrees) AS differed,
                  count(*) FILTER (WHERE sent) AS sent,
                  count(*) FILTER (WHERE finished) AS finished,
                  count(*) FILTER (WHERE finished AND agrees IS NULL AND sent IS NOT TRUE) AS unread
             FROM (SELECT taken.*, ({WAITING} OR r.state IN ('running', 'paused')
                                                 AND ({UNREAD} OR {UNSENT})) IS NOT TRUE AS finished
                     FROM taken JOIN lockgate_publication p ON p.id = taken.publication_id
                    WHERE taken.reconciliation_id = r.id) each) t
      CROSS JOIN LATERAL (
           SELECT count(*) AS rows FROM lockgate_publication p
            WHERE p.channel_id = r.channel_id
              AND ({WAITING} OR r.state IN ('running', 'paused') AND ({UNREAD} OR {UNSENT}))) "left"
     WHERE r.id = ANY(%(ids)s)
"""
