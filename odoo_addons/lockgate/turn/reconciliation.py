"""What a running reconciliation (`r`) still asks of publications (`p`): SQL for the turn and the views."""

# Settled, and not read back since the comparison began. What is sent meanwhile is read back on its own.
UNREAD = """
    p.channel_id = r.channel_id AND p.state = 'settled'
    AND p.wanted IS NOT NULL AND p.version = p.confirmed_version
    AND coalesce(p.verified_at, '-infinity') < r.began_at
"""

# Taken into the comparison, and not answered yet; a value that was withdrawn is asked about no more.
WAITING = """
    p.reconciliation_id = r.id AND p.state IN ('leased', 'verify', 'unknown') AND p.wanted IS NOT NULL
"""

# The longest unseen first. What has to be asked again stands here too, for a frozen channel.
PICKED = f"""
        SELECT waiting.id, waiting.state, row_number() OVER (ORDER BY waiting.seen_at) AS place
          FROM lockgate_reconciliation r
    CROSS JOIN LATERAL (
               SELECT p.id, p.state, p.verified_at AS seen_at
                 FROM lockgate_publication p WHERE {WAITING} AND p.due_at <= %(now)s
            UNION ALL
              (SELECT p.id, p.state, coalesce(p.verified_at, '-infinity')
                 FROM lockgate_publication p WHERE {UNREAD}
             ORDER BY coalesce(p.verified_at, '-infinity') LIMIT (SELECT room FROM turn))) waiting
         WHERE r.id = %(reconciliation)s"""

# Read-backs of a comparison are leased to a frozen channel too, so that one that was restored is
# compared before it sends.
DUE = f"""
    SELECT (EXISTS (SELECT FROM lockgate_publication p WHERE {WAITING} AND p.due_at <= %(now)s)
         OR EXISTS (SELECT FROM lockgate_publication p WHERE {UNREAD}))::int AS reads
"""

FINISHED = f"""
    SELECT r.id FROM lockgate_reconciliation r
     WHERE r.channel_id = ANY(%s) AND r.state = 'running'
       AND NOT EXISTS (SELECT FROM lockgate_publication p WHERE {UNREAD})
       AND NOT EXISTS (SELECT FROM lockgate_publication p WHERE {WAITING})
"""

# By the last attempt of each publication: one may have been asked more than once.
PROGRESS = f"""
    WITH last AS (
        SELECT DISTINCT ON (reconciliation_id, publication_id) reconciliation_id, publication_id, agrees
          FROM lockgate_attempt WHERE reconciliation_id = ANY(%(ids)s)
      ORDER BY reconciliation_id, publication_id, id DESC
    )
    SELECT r.id,
           read.agreed, read.differed, read.taken - read.agreed - read.differed - read.waiting AS unread,
           read.waiting + CASE WHEN r.state IN ('running', 'paused') THEN
               (SELECT count(*) FROM lockgate_publication p WHERE {UNREAD}) ELSE 0 END AS "left"
      FROM lockgate_reconciliation r
      CROSS JOIN LATERAL (
           SELECT count(*) AS taken,
                  count(*) FILTER (WHERE last.agrees) AS agreed,
                  count(*) FILTER (WHERE NOT last.agrees) AS differed,
                  count(*) FILTER (WHERE last.agrees IS NULL AND {WAITING}) AS waiting
             FROM last JOIN lockgate_publication p ON p.id = last.publication_id
            WHERE last.reconciliation_id = r.id) read
     WHERE r.id = ANY(%(ids)s)
"""
