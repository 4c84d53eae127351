"""Whether a channel as a whole is in trouble: then its rows spend no tries, and it is asked with one of them.

    works ──── a report of trouble ────► falls 1 ──── another one ────► falls 2, 3, …: left alone until
      ▲                                     │                           `resume_at`, then asked with one row
      └─────── an answer, whatever it says ─┴───────────────────────────────┘

One report of trouble may be the doing of what was sent; another, with no answer between, is the channel's.
See docs/decisions/0040-trouble-of-a-channel-spends-no-tries.md.
"""

from . import prepared

ANSWERS = {"accepted", "read", "rejected", "attention"}
# So many reports of trouble in a row are no listing's doing.
IN_A_ROW = 2
# Seconds for which a channel is left alone at most; one that means longer says so again.
LONGEST = 900


def note(cr, now, channel, reported, outcomes):
    """Take from the attempts that were reported in this turn how the channel does.

    Returns how often it has been in trouble in a row before these, and with them. If it was before and is
    now, what failed says nothing of its row.
    """
    answered = not ANSWERS.isdisjoint(outcomes)
    before = 0 if answered else channel.falls
    if ANSWERS.issuperset(outcomes) and not channel.falls:
        return 0, 0
    prepared.execute(cr, SAID, {"reported": reported})
    troubled, failed, pause = cr.fetchone()
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
            "pause": min(pause, LONGEST) if left_alone and pause is not None else None,
        },
    )
    return before, falls


# A channel's own wish, within reason: none or a date of 1970 must not lose the row, nor 10 years.
DELAY = "least(coalesce(a.retry_after, 60), 86400)"

# Whatever was sent: it says that it cannot work now, gives no answer, or asks to wait. The last is kept to by
# the sidecar's budget, which knows better for how long and lets more than one request through after it.
SAID = f"""
    SELECT count(*) FILTER (
               WHERE a.outcome = 'down' OR a.cause IN ('channel_down', 'no_answer', 'rate_limit')) > 0,
           count(*) FILTER (WHERE {{failed}}) > 0,
           max({DELAY}) FILTER (WHERE {{failed}} AND a.cause IS DISTINCT FROM 'rate_limit')
      FROM lockgate_attempt a
     WHERE a.id = ANY(%(reported)s)
""".format(failed="a.seconds > 0 AND a.outcome IN ('retry', 'unknown', 'down')")

NOTE = """
    UPDATE lockgate_turn
       SET falls = %(falls)s,
           resume_at = CASE WHEN %(pause)s IS NOT NULL THEN %(now)s + make_interval(secs => %(pause)s)
                            WHEN NOT %(answered)s THEN resume_at END
     WHERE channel_id = %(channel)s
"""
