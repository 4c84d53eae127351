"""Pushes that may land later than their lease lasted: what the channel shows is looked at once more.

A request that something on the way held for longer than the late bound, or that a worker sent when it woke
from a pause, lands on what was sent and read back since. No lease says when, so a doubt is kept with the
publication until it was asked after that moment; see docs/decisions/0045-a-second-look.md.
"""

from . import prepared

# The second look comes so many leases after the one in doubt has ended; to repair takes one more.
LEASES = 2


def note(cr, now, channel, reported):
    """Keep until when what has no answer in time is in doubt. Before leases are ended, after results are in.

    `reported` are the ids of the attempts that this turn was told of. The answer to a push whose lease has
    ended says that its request has landed just now. What was sent under a SKU that another listing has by now
    may land on what that one was sent since: it is in doubt too, though every answer came in time.
    """
    parameters = {"now": now, "channel": channel.id, "lag": channel.lag, "reported": reported}
    prepared.execute(cr, NOTE, {**parameters, "look_after": LEASES * channel.lease_seconds})


def look(cr, channel):
    """Have what is settled and still in doubt asked again, behind all other work, when the moment comes.

    A channel that cannot be read is sent its value once more.
    """
    prepared.execute(cr, LOOK, {"channel": channel.id})


NOTE = """
    WITH pushed AS (
        SELECT a.publication_id, a.value->>'sku' AS sku,
               a.outcome = 'unknown' OR a.until < %(now)s AS in_doubt,
               CASE a.outcome WHEN 'unknown' THEN a.until + make_interval(secs => %(look_after)s)
                              ELSE %(now)s + make_interval(secs => %(lag)s) END AS look_at
          FROM lockgate_attempt a
         WHERE a.id = ANY(%(reported)s) AND a.purpose = 'push' AND a.outcome IN ('unknown', 'accepted')
     UNION ALL
        SELECT p.id, a.value->>'sku', true, p.lease_until + make_interval(secs => %(look_after)s)
          FROM lockgate_publication p
          JOIN lockgate_attempt a ON a.publication_id = p.id AND a.token = p.lease_token
         WHERE p.channel_id = %(channel)s AND p.state = 'leased' AND p.lease_until <= %(now)s
           AND a.purpose = 'push'
    ), doubt AS (
        SELECT publication_id, look_at FROM pushed WHERE in_doubt
     UNION ALL
        SELECT heir.id, pushed.look_at
          FROM pushed
          JOIN lockgate_publication p ON p.id = pushed.publication_id
          JOIN lockgate_listing own ON own.id = p.listing_id AND (own.sku <> pushed.sku OR NOT own.active)
          JOIN lockgate_listing listing
            ON listing.channel_id = %(channel)s AND listing.sku = pushed.sku AND listing.active
          JOIN lockgate_publication heir
            ON heir.listing_id = listing.id AND heir.aspect = p.aspect AND heir.scope = p.scope
    )
    UPDATE lockgate_publication p SET look_at = greatest(p.look_at, latest.look_at)
      FROM (SELECT publication_id, max(look_at) AS look_at FROM doubt GROUP BY publication_id) latest
     WHERE p.id = latest.publication_id
"""

LOOK = """
    WITH settled AS (
        SELECT p.id, NOT EXISTS (
                   SELECT FROM lockgate_attempt a
                    WHERE a.publication_id = p.id AND a.outcome IN ('accepted', 'read')
                      AND a.leased_at >= p.look_at) AS in_doubt
          FROM lockgate_publication p
         WHERE p.channel_id = %(channel)s AND p.look_at IS NOT NULL AND p.state = 'settled'
           AND p.due_at IS NULL AND p.wanted IS NOT NULL
    )
    UPDATE lockgate_publication p
       SET look_at = CASE WHEN in_doubt THEN look_at END,
           due_at = CASE WHEN in_doubt THEN look_at END,
           work_class = 'bulk'
      FROM settled WHERE p.id = settled.id
"""
