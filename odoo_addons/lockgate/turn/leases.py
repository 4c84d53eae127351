"""Leasing what is due: the newest values, most urgent first, for a bounded time."""

import secrets
from datetime import timedelta

from . import prepared, reconciliation
from .patience import GIVEN_UP, SPENT

CLASSES = ("critical", "routine", "bulk")
# Counting a backlog of a million rows at every poll would cost more than the turn: "at least this many".
COUNTED = 1000


def expire(cr, now, channel):
    """A lease that ended without a result is unknown, not due: its request may have landed.

    One that ends so again and again may be what kills its workers: a person decides.
    """
    parameters = {
        "now": now,
        "channel": channel.id,
        "lag": channel.lag if channel.can_read_back else 0,
        **channel.patience,
    }
    prepared.execute(cr, EXPIRE, parameters)


def grant(cr, now, channel, request):
    """Lease rows of the class asked for or a more urgent one, of which the channel has at most `ceiling` out.

    Where bulk has the first place it is bulk's rows that count: else urgent work that fills the ceiling again
    and again would take that place from it.

    A frozen channel is leased read-backs of its reconciliation, and never a push.
    """
    token = secrets.token_urlsafe(24)
    classes = list(CLASSES[: CLASSES.index(request["work_class"]) + 1])
    bulk_first = request["work_class"] == "bulk" and draw() == 0
    statements = [GRANT] if channel.running else []
    if channel.reconciliation and request["work_class"] == "bulk":
        compared = [COMPARE, REFRESH] if channel.running else [COMPARE]
        statements = [*compared, *statements] if bulk_first else [*statements, *compared]
    granted = []
    for statement in statements:
        prepared.execute(
            cr,
            statement,
            {
                "channel": channel.id,
                "classes": classes,
                "counted_classes": ["bulk"] if bulk_first else classes,
                "every_class": list(CLASSES),
                "now": now,
                "until": now + timedelta(seconds=channel.lease_seconds),
                "token": token,
                "exchange": request["exchange_id"],
                "ceiling": request["ceiling"],
                "bulk_first": bulk_first,
                "can_read_back": channel.can_read_back,
                "reconciliation": channel.reconciliation,
            },
        )
        granted += cr.fetchall()
    return _message(channel, token, granted, channel.send_within)


def draw():
    """The lot of a run: 0 gives bulk the first place."""
    return secrets.randbelow(BULK_FIRST)


def repeat(cr, now, exchange_id, channel):
    """The leases of an exchange whose answer was lost on the way; None when it is asked the first time."""
    prepared.execute(cr, REPEAT, {"exchange": exchange_id, "channel": channel.id})
    rows = cr.fetchall()
    if not rows:
        return None
    *_, token, leased_at = rows[0]
    left = channel.send_within - (now - leased_at).total_seconds()
    return _message(channel, token, [row[:5] for row in rows], max(left, 0.0))


def _message(channel, token, rows, send_by):
    # A restored database counts its turns from the backup on: its versions stand above all that were sent.
    first = (channel.incarnation - 1) << 32
    return {
        "token": token if rows else None,
        "send_by": float(send_by),
        "leases": [
            {
                "publication": publication,
                "version": first + version,
                "purpose": purpose,
                "tries": tries,
                "value": value,
            }
            for publication, version, purpose, tries, value in rows
        ],
    }


def remainder(cr, now, channel):
    """What is due beside the leases of this turn: a DueChannel, or None."""
    rows = due(cr, now, channel.code)
    return rows[0] if rows else None


def due(cr, now, code=None):
    """Channels with work, by class: marks and values to make, leases that ended, rows to send."""
    prepared.execute(cr, DUE, {"now": now, "code": code, "counted": COUNTED})
    return cr.dictfetchall()


def next_in(cr, now):
    """Seconds until something falls due by time alone; None when nothing will."""
    prepared.execute(cr, NEXT, {"now": now})
    (moment,) = cr.fetchone()
    return moment and max((moment - now).total_seconds(), 0.0)


# What it may have told the channel in the end shows after the channel's lag.
EXPIRE = """
    UPDATE lockgate_publication p
       SET state = CASE WHEN wanted IS NULL THEN 'settled' WHEN {spent} THEN 'blocked' ELSE 'unknown' END,
           due_at = CASE WHEN wanted IS NOT NULL AND NOT {spent}
                         THEN lease_until + make_interval(secs => %(lag)s) END,
           failed_at = CASE WHEN wanted IS NOT NULL AND {spent} THEN %(now)s ELSE failed_at END,
           failing_since = CASE WHEN version = lease_version THEN coalesce(failing_since, %(now)s) END,
           message = CASE WHEN {spent} THEN coalesce(
               (SELECT a.message FROM lockgate_attempt a
                 WHERE a.publication_id = p.id AND a.token = p.lease_token AND a.outcome IS NOT NULL),
               'No worker came back with an answer. The workers'' log may tell why.') || {given_up}
               ELSE message END,
           lease_token = NULL, lease_version = NULL, lease_until = NULL
     WHERE channel_id = %(channel)s AND state = 'leased' AND lease_until <= %(now)s
""".format(
    spent=f"({SPENT.format(tries='tries')} AND version = lease_version)",
    given_up=GIVEN_UP.format(tries="tries"),
)

# No room while the channel is left alone, as a result of this very turn may have asked, and for a single row
# of any class until it answers after that. What is less urgent than what is asked for takes no room from it.
LEASE = """
    WITH turn AS (
        SELECT resume_at IS NOT NULL AS asks,
               greatest(0, CASE WHEN resume_at > %(now)s THEN 0
                                WHEN resume_at IS NOT NULL THEN least(1, %(ceiling)s)
                                ELSE %(ceiling)s END - (
                   SELECT count(*) FROM lockgate_publication
                    WHERE channel_id = %(channel)s AND state = 'leased'
                      AND (resume_at IS NOT NULL OR work_class = ANY(%(counted_classes)s)))) AS room
          FROM lockgate_turn WHERE channel_id = %(channel)s
    ), picked AS ({picked} LIMIT (SELECT room FROM turn)
    ), leased AS (
        UPDATE lockgate_publication p
           SET state = 'leased', due_at = NULL, tries = p.tries + 1,
               lease_token = %(token)s, lease_version = p.version, lease_until = %(until)s,
               work_class = CASE picked.state WHEN 'settled' THEN 'bulk' ELSE p.work_class END,
               reconciliation_id = CASE picked.state WHEN 'settled' THEN %(reconciliation)s
                                                     ELSE p.reconciliation_id END
          FROM picked
         WHERE p.id = picked.id
     RETURNING p.id, p.version, p.tries, p.wanted, picked.place, picked.purpose,
               CASE WHEN p.version = p.confirmed_version THEN p.reconciliation_id END AS reconciliation_id
    ), kept AS (
        INSERT INTO lockgate_attempt (
               channel_id, publication_id, exchange_id, token, purpose, version, tries, value,
               snapshot, leased_at, until, reconciliation_id)
        SELECT %(channel)s, id, %(exchange)s, %(token)s, purpose, version, tries, wanted,
               (SELECT pg_current_snapshot()::text), %(now)s, %(until)s, reconciliation_id
          FROM leased
    )
    SELECT id, version, purpose, tries, wanted FROM leased ORDER BY place
"""

# What fails may be what makes a whole request fail, or kills its worker and all that it holds. So of what
# failed as often no more go out together than this, a quarter of the last time; from the fifth try on one.
LEVEL = "least(due.tries, 4)"
TOGETHER = f"(256 >> 2 * {LEVEL})"
MOST_TOGETHER = 64

# Of the runs for all classes one in so many gives bulk the first place, so that it never starves: a whole
# run, because a few rows in each would take a request of their own. While the channel is asked with one row
# it is the one that has waited longest: not, again and again, the most urgent one that it fails on.
BULK_FIRST = 10
CHOSEN = """CASE WHEN (SELECT asks FROM turn) OR name = 'bulk' AND %(bulk_first)s THEN 0 ELSE rank END"""

GRANT = LEASE.format(
    picked=f"""
        SELECT id, state, purpose, row_number() OVER (ORDER BY suspected, {CHOSEN}, due_at) AS place
          FROM (SELECT due.id, due.state, due.due_at, class.name, class.rank,
                       CASE WHEN due.failing THEN due.tries ELSE 0 END AS suspected,
                       CASE WHEN due.state = 'due' OR NOT %(can_read_back)s THEN 'push'
                            ELSE 'read' END AS purpose,
                       NOT due.failing OR {TOGETHER} >= row_number() OVER (
                           PARTITION BY due.failing, {LEVEL} ORDER BY class.rank, due.due_at) AS goes
                  FROM unnest(CASE WHEN (SELECT asks FROM turn) THEN %(every_class)s ELSE %(classes)s END)
                       WITH ORDINALITY AS class(name, rank)
            CROSS JOIN LATERAL (
                      (SELECT id, state, due_at, tries, false AS failing FROM lockgate_publication
                        WHERE channel_id = %(channel)s AND work_class = class.name AND due_at <= %(now)s
                          AND wanted IS NOT NULL AND failing_since IS NULL
                     ORDER BY due_at LIMIT (SELECT room FROM turn))
                    UNION ALL
                      (SELECT id, state, due_at, tries, true FROM lockgate_publication
                        WHERE channel_id = %(channel)s AND work_class = class.name AND due_at <= %(now)s
                          AND wanted IS NOT NULL AND failing_since IS NOT NULL
                     ORDER BY due_at LIMIT (SELECT least(room, {MOST_TOGETHER}) FROM turn))) due) due
         WHERE goes
      ORDER BY {CHOSEN}, due_at"""
)

COMPARE = LEASE.format(picked=f"{reconciliation.READS} ORDER BY place")
REFRESH = LEASE.format(picked=f"{reconciliation.PUSHES} ORDER BY place")

REPEAT = """
    SELECT a.publication_id, a.version, a.purpose, a.tries, a.value, a.token, a.leased_at
      FROM lockgate_publication p
      JOIN lockgate_attempt a ON a.publication_id = p.id AND a.token = p.lease_token
     WHERE p.channel_id = %(channel)s AND p.state = 'leased' AND a.exchange_id = %(exchange)s
  ORDER BY a.id
"""

DUE = f"""
    SELECT c.code AS channel,
           coalesce(p.critical, 0) + e.marks AS critical,
           coalesce(p.routine, 0) + e.values AS routine,
           coalesce(p.bulk, 0) + coalesce(reconciled.rows, 0) AS bulk
      FROM lockgate_channel c
      JOIN lockgate_turn t ON t.channel_id = c.id
      LEFT JOIN lockgate_reconciliation r ON r.channel_id = c.id AND r.state = 'running'
      LEFT JOIN LATERAL ({reconciliation.DUE}) reconciled
        ON r.id IS NOT NULL AND (t.resume_at IS NULL OR t.resume_at <= %(now)s)
      CROSS JOIN LATERAL (
          -- What is marked may be critical; only its value tells.
          SELECT EXISTS (SELECT FROM lockgate_outbox o
                          WHERE o.channel_id = c.id AND o.listing_id IS NOT NULL)::int AS marks,
                 (EXISTS (SELECT FROM lockgate_outbox o
                           WHERE o.channel_id = c.id AND o.listing_id IS NULL)
               OR EXISTS (SELECT FROM lockgate_publication r
                           WHERE r.channel_id = c.id AND r.recheck_at <= %(now)s)
               OR EXISTS (SELECT FROM lockgate_publication l
                           WHERE l.channel_id = c.id AND l.state = 'leased'
                             AND l.lease_until <= %(now)s))::int AS values
      ) e
      LEFT JOIN LATERAL (
          SELECT sum(n) FILTER (WHERE work_class = 'critical')::int AS critical,
                 sum(n) FILTER (WHERE work_class = 'routine')::int AS routine,
                 sum(n) FILTER (WHERE work_class = 'bulk')::int AS bulk
            FROM unnest(ARRAY['critical', 'routine', 'bulk']) AS classes(work_class)
      CROSS JOIN LATERAL (
                SELECT count(*) AS n FROM (
                    SELECT FROM lockgate_publication d
                     WHERE d.channel_id = c.id AND d.work_class = classes.work_class
                       AND d.due_at <= %(now)s AND d.wanted IS NOT NULL LIMIT %(counted)s) counted) n
      ) p ON c.state = 'running' AND (t.resume_at IS NULL OR t.resume_at <= %(now)s)
     WHERE c.active AND (%(code)s IS NULL OR c.code = %(code)s)
       AND (e.marks > 0 OR e.values > 0 OR p.critical > 0 OR p.routine > 0 OR p.bulk > 0
            OR reconciled.rows > 0)
"""

NEXT = """
    SELECT min(moment)
      FROM lockgate_channel c
      JOIN lockgate_turn t ON t.channel_id = c.id
      CROSS JOIN LATERAL (
          (SELECT recheck_at AS moment FROM lockgate_publication r
            WHERE r.channel_id = c.id AND r.recheck_at > %(now)s ORDER BY recheck_at LIMIT 1)
          UNION ALL
          (SELECT lease_until FROM lockgate_publication l
            WHERE l.channel_id = c.id AND l.state = 'leased' AND l.lease_until > %(now)s
         ORDER BY lease_until LIMIT 1)
          UNION ALL
          (SELECT t.resume_at WHERE t.resume_at > %(now)s)
          UNION ALL
          SELECT d.due_at FROM unnest(ARRAY['critical', 'routine', 'bulk']) AS classes(work_class)
           CROSS JOIN LATERAL (
              SELECT due_at FROM lockgate_publication d
               WHERE d.channel_id = c.id AND d.work_class = classes.work_class AND d.due_at > %(now)s
                 AND c.state = 'running'
            ORDER BY due_at LIMIT 1) d
      ) next
     WHERE c.active
"""
