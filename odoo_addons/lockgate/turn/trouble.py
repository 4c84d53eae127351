"""Whether a channel as a whole is in trouble: then its rows spend no tries, and it is asked with one of them.

    works ──── a report of trouble ────► falls 1 ──── another one ────► falls 2, 3, …: left alone until
      ▲                                     │                           `resume_at`, then asked with one row
      └─────── an answer, whatever it says ─┴───────────────────────────────┘

One report of trouble may be the doing of what was sent; another, with no answer between, is the channel's.
A refused credential is trouble too: nothing goes through until a person mends it, or says that it is mended.
See docs/decisions/0040-trouble-of-a-channel-spends-no-tries.md.
"""

from . import prepared
from .values import RETRY

ANSWERS = ["accepted", "read", "rejected"]
# So many reports of trouble in a row are no listing's doing.
IN_A_ROW = 2
# Seconds for which a channel, or one of its rows, is left alone at most; one that means longer says so again.
LONGEST = 900


def note(cr, now, channel, reported, outcomes):
    """Take from the attempts that were reported in this turn how the channel does.

    Returns how often it has been in trouble in a row before these, and with them. If it was before and is
    now, what failed says nothing of its row.
    """
    if not channel.falls and set(outcomes) <= set(ANSWERS):
        return 0, 0
    prepared.execute(cr, SAID, {"reported": reported, "answers": ANSWERS})
    answered, troubled, failed, pause = cr.fetchone()
    before = 0 if answered else channel.falls
    falls = before + int(troubled or (before > 0 and failed))
    left_alone = falls >= IN_A_ROW or "down" in outcomes
    prepared.execute(
        cr,
        NOTE,
        {
            "channel": channel.id,
            "now": now,
            "falls": falls,
            "answered": answered,
            "pause": pause if left_alone else None,
        },
    )
    return before, falls


def ask(cr, now, channel):
    """A person asks, and the turn took the last of the marks of that: it is left alone no longer.

    It is still asked with one row. Very many retries take many turns, and ask once.
    """
    prepared.execute(cr, ASK, {"channel": channel.id, "now": now})


# A channel's own wish, within reason: none or a date of 1970 must not lose the row, nor 10 years. A row waits
# no longer than its channel may be left alone: the newer values of it wait with it, while the others go out.
DELAY = f"least(coalesce(a.retry_after, 60), {LONGEST})"

# The credential that all of the channel goes with is refused: a worker says how long to leave it alone.
LOCKED_OUT = "(a.outcome = 'attention' AND a.retry_after IS NOT NULL)"


def is_locked_out(result):
    """As LOCKED_OUT, of a Result of contract v1."""
    return result["outcome"] == "attention" and result["retry_after"] is not None


# Whatever was sent: it says that it cannot work now, gives no answer, or asks to wait. The last is kept to by
# the sidecar's budget, which knows better for how long and lets more than one request through after it.
SAID = f"""
    SELECT count(*) FILTER (
               WHERE a.outcome = ANY(%(answers)s) OR a.outcome = 'attention' AND NOT {LOCKED_OUT}) > 0,
           count(*) FILTER (
               WHERE a.outcome = 'down' OR {LOCKED_OUT}
                  OR a.cause IN ('channel_down', 'no_answer', 'rate_limit')) > 0,
           count(*) FILTER (WHERE {{failed}}) > 0,
           max({DELAY}) FILTER (WHERE {{failed}} AND a.cause IS DISTINCT FROM 'rate_limit')
      FROM lockgate_attempt a
     WHERE a.id = ANY(%(reported)s)
""".format(failed=f"a.seconds > 0 AND (a.outcome IN ('retry', 'unknown', 'down') OR {LOCKED_OUT})")

NOTE = """
    UPDATE lockgate_turn
       SET falls = %(falls)s,
           resume_at = CASE WHEN %(pause)s IS NOT NULL THEN %(now)s + make_interval(secs => %(pause)s)
                            WHEN NOT %(answered)s THEN resume_at END
     WHERE channel_id = %(channel)s
"""

ASK = f"""
    UPDATE lockgate_turn SET resume_at = %(now)s
     WHERE channel_id = %(channel)s AND resume_at > %(now)s
       AND NOT EXISTS (SELECT FROM lockgate_outbox WHERE channel_id = %(channel)s AND reason = '{RETRY}')
"""
