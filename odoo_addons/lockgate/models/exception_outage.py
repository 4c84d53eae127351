from datetime import timedelta

from odoo import api, fields, models

from ..turn import leases, prepared
from ..turn.trouble import ANSWERS, is_locked_out
from ..turn.values import RETRY
from .exception import TRIES_SHOWN, UNRESOLVED
from .exception_category import BY_CAUSE
from .exception_record import Seen

# What a channel says or does that keeps everything from going through.
TROUBLE = {"channel_down", "no_answer", "rate_limit"}
# What a sidecar does that keeps it: none takes the work, or one that does not belong to these add-ons would.
UNTAKEN, REFUSED = OF_THE_SIDECAR = "internal", "settings"
# One outage is about one matter, and keeps its category. A later matter of these says more than an earlier
# one, and takes its place: what reports on a channel is a sidecar that works.
MATTERS = ({UNTAKEN}, {REFUSED}, {BY_CAUSE.get(cause, cause) for cause in TROUBLE})
# What is due is nudged for every second.
IDLE = timedelta(minutes=1)


class Outage(models.Model):
    """Since when nothing goes through to a channel: down, silent, asking to wait, or with no sidecar that
    takes its work and belongs to these add-ons. A row while it lasts.

    Written with exceptions, after the turn, so that a conflict stops no push; a lost row is made good by the
    next results.
    """

    _name = "lockgate.outage"
    _description = "Outage"
    _log_access = False

    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="cascade")
    category = fields.Char(required=True, readonly=True)
    since = fields.Datetime(required=True, readonly=True)
    seen_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    times = fields.Integer(required=True, readonly=True, default=1, help="How often it was noted.")
    message = fields.Text(readonly=True)

    _channel_unique = models.UniqueIndex("(channel_id)")

    @api.model
    def _note(self, channel, results):
        """Take from a worker's results whether the channel works; one answer ends an outage.

        A refused credential is an answer too: it says itself what is the matter.
        """
        if any(result["outcome"] in ANSWERS or is_locked_out(result) for result in results):
            self.env.cr.execute("DELETE FROM lockgate_outage WHERE channel_id = %s", [channel.id])
            return
        trouble = [result for result in results if result["cause"] in TROUBLE]
        if trouble:
            cause = trouble[-1]["cause"]
            self._note_trouble(channel, BY_CAUSE.get(cause, cause), trouble[-1]["message"])

    @api.model
    def _note_sidecar(self, message):
        """Take from a sidecar that was refused that it carries nothing. Where another one carries, it is over
        with that one's next good answer."""
        self._note_trouble(self.env["lockgate.channel"].search([]), REFUSED, message)

    @api.model
    def _note_untaken(self, channel):
        """Take from the channel's turns whether any worker takes what is due; the next turn ends it."""
        self.env.cr.execute(TAKEN_AGAIN, [channel.id, UNTAKEN])
        now = self.env.cr.now()
        turn = self.env["lockgate.turn"].search([("channel_id", "=", channel.id)])
        idle = not turn.turned_at or turn.turned_at <= now - IDLE
        if idle and leases.due(self.env.cr, now, channel.code):
            message = self.env._(
                "No worker takes what is due on this channel. See whether pacer, workers and Redis run."
            )
            self._note_trouble(channel, UNTAKEN, message)

    @api.model
    def _note_trouble(self, channels, category, message):
        place = next(number for number, matter in enumerate(MATTERS) if category in matter)
        self.env.cr.execute(
            NOTE,
            {
                "channels": channels.ids,
                "category": category,
                "message": message,
                "same": list(MATTERS[place]),
                "lesser": list(set().union(*MATTERS[:place])),
                "anew": UNTAKEN if category in TROUBLE else None,
            },
        )


class Channel(models.Model):
    _inherit = "lockgate.channel"

    outage_minutes = fields.Integer(
        default=15,
        required=True,
        help="A channel that is down, asks to wait, or has work that no worker takes for longer than this "
        "becomes an exception.",
    )

    _outage_positive = models.Constraint(
        "CHECK (outage_minutes > 0)", "An outage becomes an exception after a minute at the earliest."
    )

    def _transition(self, sources, target, note):
        """The time that a channel was frozen is none that it was down."""
        super()._transition(sources, target, note)
        self.env.cr.execute(
            "UPDATE lockgate_outage SET since = now() AT TIME ZONE 'UTC' WHERE channel_id = ANY(%s)",
            [self.ids],
        )


class OutageException(models.Model):
    """An exception of a whole channel. It has no failures of its own, until listings are given up."""

    _inherit = "lockgate.exception"

    @api.model
    def _catch_up(self, channels):
        self.env.flush_all()
        prepared.execute(self.env.cr, OVERDUE, {"channels": channels.ids})
        overdue = {(row["channel_id"], row["category"]): row for row in self.env.cr.dictfetchall()}
        known = self._unresolved_by_cause(list(overdue))
        opened = self._open([self._seen_outage(row) for cause, row in overdue.items() if cause not in known])
        for exception in opened.union(*known.values()):
            exception._go_on(overdue[exception.channel_id.id, exception.fingerprint])
        return super()._catch_up(channels)

    @api.model
    def _seen_outage(self, row):
        category = row["category"]
        return Seen(
            row["channel_id"], category, category, "", None, None, None, row["since"], self._outage_words(row)
        )

    @api.model
    def _outage_words(self, row):
        return self.env._("Nothing has gone through for %(minutes)s minutes or more. %(message)s", **row)

    def _go_on(self, row):
        """Say what was said last, and how often, unless listings say it themselves."""
        if not self.listing_count and self.last_at != row["seen_at"]:
            self.write({"message": self._outage_words(row), "last_at": row["seen_at"], "count": row["times"]})
            if self.state == "retrying":
                self.state = "open"

    @api.model
    def _catch_up_wholly(self, channel):
        """What is not worth its time after every exchange is looked at here."""
        self.env["lockgate.outage"]._note_untaken(channel)
        super()._catch_up_wholly(channel)
        self.env.flush_all()
        self.env.cr.execute(WAITING, {"channel": channel.id, "states": list(UNRESOLVED)})
        self.invalidate_model(["waiting_count"])

    @api.depends("resolved_at")
    def _compute_attempt_ids(self):
        whole = self.filtered(lambda exception: not exception.listing_count)
        super(OutageException, self - whole)._compute_attempt_ids()
        for exception in whole:
            # By when they were leased, which an index bounds: by id PostgreSQL may walk all that there are.
            exception.attempt_ids = self.env["lockgate.attempt"].search(
                exception._troubles(), order="leased_at desc, id desc", limit=TRIES_SHOWN
            )

    def action_open_attempts(self):
        self.ensure_one()
        if self.listing_count:
            return super().action_open_attempts()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate.lockgate_attempt_action")
        return {**action, "domain": self._troubles()}

    def _troubles(self):
        """The channel's attempts that met trouble while this lasted; the first was leased before it began."""
        channel, now = self.channel_id, fields.Datetime.now()
        before = timedelta(seconds=channel.send_within + channel.deadline)
        return [
            ("channel_id", "=", channel.id),
            ("cause", "in", list(TROUBLE)),
            ("leased_at", ">=", (self.first_at or now) - before),
            ("leased_at", "<=", self.resolved_at or now),
        ]

    def _compute_can_retry(self):
        super()._compute_can_retry()
        self._in_trouble().can_retry = True

    def _in_trouble(self):
        """Those of these that an outage of their running channel stands behind: its next answer ends them."""
        running = self.channel_id.filtered(lambda channel: channel.state == "running")
        outages = self.env["lockgate.outage"].sudo().search([("channel_id", "in", running.ids)])
        behind = {(outage.channel_id.id, outage.category) for outage in outages}
        return self.filtered(
            lambda exception: (
                exception.fingerprint not in OF_THE_SIDECAR
                and (exception.channel_id.id, exception.fingerprint) in behind
            )
        )

    def _retry(self):
        """A channel in trouble is asked at once with what waits: a retried value ends its wait."""
        told, waiting = super()._retry(), self._unresolved()._in_trouble()
        for channel in waiting.channel_id:
            due = [("channel_id", "=", channel.id), ("due_at", "!=", False)]
            publications = self.env["lockgate.publication"].sudo()
            publication = publications.search(due, order="work_class, due_at", limit=1)
            self.env["lockgate.outbox"]._mark_listings(publication.aspect, publication.listing_id.ids, RETRY)
        if waiting and not any(self.mapped("failing_count")):
            return self._tell(self.env._("The channel is asked again."))
        return told

    def _ending_note(self, endings):
        if self.fingerprint in OF_THE_SIDECAR:
            return self.env._("Resolved by itself: the sidecar works again.")
        return super()._ending_note(endings)


NOTE = """
    INSERT INTO lockgate_outage AS o (channel_id, category, message, since, seen_at, times)
    SELECT channel_id, %(category)s, %(message)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', 1
      FROM unnest(%(channels)s::int[]) AS noted(channel_id)
        ON CONFLICT (channel_id) DO UPDATE
       SET category = CASE WHEN o.category = ANY(%(lesser)s) THEN excluded.category ELSE o.category END,
           since = CASE WHEN o.category = %(anew)s THEN excluded.since ELSE o.since END,
           times = CASE WHEN o.category = %(anew)s THEN 1 ELSE o.times + 1 END,
           message = excluded.message, seen_at = excluded.seen_at
     WHERE o.category = ANY(%(same)s) OR o.category = ANY(%(lesser)s)
"""

TAKEN_AGAIN = """
    DELETE FROM lockgate_outage o USING lockgate_turn t
     WHERE o.channel_id = %s AND o.category = %s AND t.channel_id = o.channel_id AND t.turned_at > o.since
"""

# Only where something waits, a value, a lease that ended or still a mark: a channel that has nothing to be
# told is not missed. What a person ignored is ignored for as long as it lasts.
OVERDUE = """
    SELECT o.channel_id, o.category, o.since, date_trunc('second', o.seen_at) AS seen_at, o.times,
           coalesce(o.message, '') AS message, c.outage_minutes AS minutes
      FROM lockgate_outage o
      JOIN lockgate_channel c ON c.id = o.channel_id
     WHERE o.channel_id = ANY(%(channels)s) AND c.state = 'running' AND c.active
       AND o.since <= now() AT TIME ZONE 'UTC' - make_interval(mins => c.outage_minutes)
       AND (EXISTS (SELECT FROM lockgate_publication p
                     WHERE p.channel_id = o.channel_id AND p.due_at IS NOT NULL)
            OR EXISTS (SELECT FROM lockgate_publication p
                        WHERE p.channel_id = o.channel_id AND p.state = 'leased'
                          AND p.lease_until <= now() AT TIME ZONE 'UTC')
            OR EXISTS (SELECT FROM lockgate_outbox m WHERE m.channel_id = o.channel_id))
       AND NOT EXISTS (SELECT FROM lockgate_exception e
                        WHERE e.channel_id = o.channel_id AND e.fingerprint = o.category
                          AND e.state = 'ignored' AND e.resolved_at >= o.since)
"""

# Counted only while an exception tells of it, and by the index of what is due; written where it is another
# number.
WAITING = """
    UPDATE lockgate_exception e
       SET waiting_count = w.listings
      FROM (SELECT t.id, (
                   SELECT count(DISTINCT p.listing_id) FROM lockgate_publication p
                    WHERE p.channel_id = t.channel_id AND p.due_at IS NOT NULL AND p.wanted IS NOT NULL
                      AND p.version > p.confirmed_version) AS listings
              FROM lockgate_exception t
              JOIN lockgate_outage o ON o.channel_id = t.channel_id AND o.category = t.fingerprint
             WHERE t.channel_id = %(channel)s AND t.state = ANY(%(states)s)) w
     WHERE e.id = w.id AND e.waiting_count IS DISTINCT FROM w.listings
"""
