"""The statements that bring exceptions to what publications say. Each works on sets."""

# What is news is found before anything is looked up of it: the rest may be ten thousand rows, at every call.
# "+ 0" keeps PostgreSQL from walking all attempts by their id to find one publication's last: right after a
# storm, when its statistics know nothing of it, that took 12 s for 10,000 failures.
NEWS = """
    WITH news AS MATERIALIZED (
        SELECT p.id, p.channel_id, p.listing_id, p.aspect, p.message, p.failed_at
          FROM lockgate_publication p
         WHERE p.channel_id = ANY(%(channels)s) AND p.state = 'blocked'
           AND NOT EXISTS (SELECT FROM lockgate_exception_failure f
                            WHERE f.publication_id = p.id AND f.last_at >= p.failed_at)
      ORDER BY p.failed_at, p.id LIMIT %(slice)s
    )
    SELECT n.id AS publication_id, n.channel_id, n.listing_id, n.aspect, n.message, n.failed_at,
           l.sku, l.reference, a.outcome, a.cause, a.answer, a.request_id, a.value, a.reading
      FROM news n
      JOIN lockgate_listing l ON l.id = n.listing_id
      LEFT JOIN LATERAL (SELECT outcome, cause, answer, request_id, value, reading
                       FROM lockgate_attempt
                          WHERE publication_id = n.id ORDER BY id + 0 DESC LIMIT 1) a ON true
"""

ROWS = """
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS s(
        exception_id int, channel_id int, category text, subject text, publication_id int, listing_id int,
        aspect text, failed_at timestamp, message text, value text, answer text, request_id text)
"""

MOVED = f"""
    UPDATE lockgate_exception_failure f
       SET resolved_at = s.failed_at, ending = 'other_cause'
      FROM ({ROWS}) s
     WHERE f.subject = s.subject AND f.resolved_at IS NULL AND f.exception_id <> s.exception_id
 RETURNING f.exception_id
"""

JOINED = f"""
    INSERT INTO lockgate_exception_failure AS f (
           exception_id, channel_id, category, subject, publication_id, listing_id, aspect,
           message, value, answer, request_id, first_at, last_at, count)
    SELECT exception_id, channel_id, category, subject, publication_id, listing_id, aspect,
           message, value, answer, request_id, failed_at, failed_at, 1
      FROM ({ROWS}) s ORDER BY subject
 ON CONFLICT (subject) WHERE resolved_at IS NULL DO UPDATE SET
           message = excluded.message, value = excluded.value, answer = excluded.answer,
           request_id = excluded.request_id, last_at = excluded.last_at, count = f.count + 1
"""

SEEN_AGAIN = f"""
    UPDATE lockgate_exception e
       SET message = n.message, value = n.value, answer = n.answer, request_id = n.request_id,
           listing_id = n.listing_id, last_at = greatest(e.last_at, n.failed_at)
      FROM (SELECT DISTINCT ON (exception_id) * FROM ({ROWS}) s
          ORDER BY exception_id, failed_at DESC, listing_id) n
     WHERE e.id = n.exception_id
"""

COUNTED = """
    UPDATE lockgate_exception e
       SET count = c.times, listing_count = c.listings, failing_count = c.failing
      FROM (SELECT exception_id, sum(count) AS times, count(DISTINCT listing_id) AS listings,
                   count(DISTINCT listing_id) FILTER (WHERE resolved_at IS NULL) AS failing
              FROM lockgate_exception_failure WHERE exception_id = ANY(%s) GROUP BY exception_id) c
     WHERE e.id = c.exception_id
"""

# A fact that fails already, or that a person ignored: nobody is asked about it twice.
KNOWN = """
    SELECT subject FROM lockgate_exception_failure
     WHERE subject = ANY(%s) AND (resolved_at IS NULL OR ending = 'ignored')
"""

SETTLED = """
    UPDATE lockgate_exception_failure
       SET resolved_at = now() AT TIME ZONE 'UTC', ending = 'withdrawn'
     WHERE subject = ANY(%s) AND resolved_at IS NULL
 RETURNING exception_id
"""

# A failure is wiped from a publication by the channel's taking a value.
TAKEN = """
    UPDATE lockgate_exception_failure f
       SET resolved_at = now() AT TIME ZONE 'UTC',
           ending = CASE WHEN p.wanted IS NOT NULL THEN 'taken' ELSE 'withdrawn' END
      FROM lockgate_publication p
     WHERE f.channel_id = ANY(%(channels)s) AND f.resolved_at IS NULL AND p.id = f.publication_id
       AND (p.failed_at IS NULL OR (p.wanted IS NULL AND p.state = 'settled'))
 RETURNING f.exception_id
"""

# What could not be computed is over when it was: the turn has said so.
COMPUTED = """
    WITH computed AS (
        DELETE FROM lockgate_exception_computed c USING lockgate_exception_failure f
         WHERE f.id = c.failure_id AND f.channel_id = ANY(%(channels)s)
     RETURNING c.failure_id
    )
    UPDATE lockgate_exception_failure f
       SET resolved_at = now() AT TIME ZONE 'UTC', ending = 'computed'
     WHERE f.id IN (SELECT failure_id FROM computed) AND f.resolved_at IS NULL
 RETURNING f.exception_id
"""

OVER = """
    SELECT e.id, f.ending, count(DISTINCT f.subject), (array_agg(p.confirmed))[1]
      FROM lockgate_exception e
      LEFT JOIN lockgate_exception_failure f ON f.exception_id = e.id
      LEFT JOIN lockgate_publication p ON p.id = f.publication_id
     WHERE e.channel_id = ANY(%(channels)s) AND e.state = ANY(%(states)s)
       AND NOT EXISTS (SELECT FROM lockgate_exception_failure o
                        WHERE o.exception_id = e.id AND o.resolved_at IS NULL)
       AND NOT EXISTS (SELECT FROM lockgate_outage o
                        WHERE o.channel_id = e.channel_id AND o.category = e.fingerprint)
  GROUP BY e.id, f.ending
"""
