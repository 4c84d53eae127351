from datetime import timedelta

from odoo import api, fields, models

# The error rate is of what was answered within as many minutes, and of no fewer attempts.
RATE_MINUTES = 15
LEAST_ATTEMPTS = 20
# How far back an outage is looked for, beyond the minutes that the rule asks for.
OUTAGE_MINUTES = 60


class Channel(models.Model):
    """Rules for a channel in trouble: it is frozen, in words, and may be taken up again by itself.

    `lockgate_stock` can reduce what it shows instead.
    """

    _inherit = "lockgate.channel"

    freeze_down_minutes = fields.Integer(
        "Unreachable For", default=0, required=True, tracking=True, help="Minutes; 0: never."
    )
    freeze_error_percent = fields.Integer(
        "Errors Above",
        default=0,
        required=True,
        tracking=True,
        help=f"Percent of the attempts of the last {RATE_MINUTES} minutes, when there were at least "
        f"{LEAST_ATTEMPTS}, that were refused or not answered; 0: never.",
    )
    freeze_stale_minutes = fields.Integer(
        "Stock Older Than",
        default=0,
        required=True,
        tracking=True,
        help="Minutes for which a number of units has waited to be taken by the channel; 0: never.",
    )
    resume_minutes = fields.Integer(
        "Resume After",
        default=0,
        required=True,
        tracking=True,
        help="Minutes after which a channel that a rule froze is resumed by itself; 0: only by hand.",
    )
    state_since = fields.Datetime("Since", readonly=True, copy=False)
    frozen_by_rule = fields.Char("Frozen by Rule", readonly=True, copy=False)

    _guard_sensible = models.Constraint(
        "CHECK (freeze_down_minutes >= 0 AND freeze_error_percent BETWEEN 0 AND 100"
        " AND freeze_stale_minutes >= 0 AND resume_minutes >= 0)",
        "Rules for freezing are minutes from 0 on, and a percentage from 0 to 100.",
    )

    def _transition(self, sources, target, note):
        super()._transition(sources, target, note)
        self.sudo().write({"state_since": self.env.cr.now(), "frozen_by_rule": False})

    @api.model
    def _cron_guard(self):
        """Freeze what is in trouble, and resume what a rule froze long enough ago."""
        for channel in self.search([("state", "in", ("running", "frozen"))]):
            channel._guard()
            self.env["ir.cron"]._commit_progress(1)

    def _guard(self):
        """Apply the rules of one channel; a channel frozen by hand is left to people."""
        self.ensure_one()
        if self.state == "running":
            reason = self._trouble()
            if reason:
                self._react(reason)
        elif self._resume_due():
            self.message_post(body=self.env._("Resumed by a rule, after %s minutes.", self.resume_minutes))
            self.action_resume()

    def _react(self, reason):
        """What is done to a channel in trouble; `reason` is `_trouble`'s."""
        self.action_freeze()
        self.frozen_by_rule = reason
        self._tell_owner(self.env._("Frozen by a rule: %s", reason))

    def _tell_owner(self, words):
        self.message_post(body=words, partner_ids=self.owner_id.partner_id.ids)

    def _resume_due(self):
        pause = timedelta(minutes=self.resume_minutes)
        return self.frozen_by_rule and pause and self.state_since <= self.env.cr.now() - pause

    def _trouble(self):
        """Why the channel is to be frozen, in words; none when no rule says so.

        What happened before the channel was resumed does not count again.
        """
        if not (self.freeze_down_minutes or self.freeze_error_percent or self.freeze_stale_minutes):
            return None
        self.env.flush_all()
        self.env.cr.execute(
            TROUBLE,
            {
                "channel": self.id,
                "since": self.state_since or self.create_date,
                "down": self.freeze_down_minutes,
                "window": self.freeze_down_minutes + OUTAGE_MINUTES,
                "rate": RATE_MINUTES,
            },
        )
        down, attempts, errors, oldest = self.env.cr.fetchone()
        if self.freeze_down_minutes and down >= self.freeze_down_minutes:
            return self.env._("it could not be reached for %s minutes.", int(down))
        limit = self.freeze_error_percent
        if limit and attempts >= LEAST_ATTEMPTS and errors * 100 > limit * attempts:
            return self.env._(
                "%(errors)s of %(attempts)s attempts failed within %(minutes)s minutes.",
                errors=errors,
                attempts=attempts,
                minutes=RATE_MINUTES,
            )
        if self.freeze_stale_minutes and oldest > self.freeze_stale_minutes:
            return self.env._("a number of units has waited for %s minutes.", int(oldest))
        return None


# Minutes without any answer but "unreachable"; attempts and those that failed; minutes of the oldest wait.
TROUBLE = """
    WITH reported AS (
        SELECT outcome, reported_at,
               -- One that was handed back unsent (0 seconds), or got no answer, says nothing of the channel.
               outcome IN ('accepted', 'read', 'rejected', 'attention')
                   OR outcome = 'retry' AND seconds > 0 AS answered
          FROM lockgate_attempt
         WHERE channel_id = %(channel)s AND outcome IS NOT NULL AND reported_at >= %(since)s
           AND leased_at >= now() AT TIME ZONE 'UTC'
                            - make_interval(mins => greatest(%(window)s, %(rate)s))
    ), recent AS (
        SELECT outcome FROM reported
         WHERE outcome <> 'retry'
           AND reported_at >= now() AT TIME ZONE 'UTC' - make_interval(mins => %(rate)s)
    ), outage AS (
        SELECT min(reported_at) AS began FROM reported
         WHERE outcome = 'down' AND reported_at > coalesce(
               (SELECT max(reported_at) FROM reported WHERE answered), '-infinity')
    )
    SELECT coalesce((SELECT extract(epoch FROM now() AT TIME ZONE 'UTC' - began) FROM outage) / 60, 0),
           (SELECT count(*) FROM recent),
           (SELECT count(*) FROM recent WHERE outcome NOT IN ('accepted', 'read')),
           coalesce(extract(epoch FROM now() AT TIME ZONE 'UTC' - (
               -- What is blocked waits for a person, and one number is no trouble of the whole channel.
               SELECT min(greatest(behind_since, confirmed_at, %(since)s)) FROM lockgate_publication
                WHERE channel_id = %(channel)s AND aspect = 'stock' AND wanted IS NOT NULL
                  AND state IN ('due', 'leased', 'unknown') AND version > confirmed_version)) / 60, 0)
"""
