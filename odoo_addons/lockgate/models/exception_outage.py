from odoo import api, fields, models

from ..turn import prepared
from .exception_category import BY_CAUSE
from .exception_record import Seen

# What a channel says or does that keeps everything from going through.
TROUBLE = {"channel_down", "no_answer", "rate_limit"}
ANSWERED = {"accepted", "read", "rejected"}


class Outage(models.Model):
    """Since when nothing goes through to a channel: down, silent, asking to wait, or with a sidecar that does
    not belong to these add-ons. A row while it lasts.

    Written with exceptions, after the turn, so that a conflict stops no push; a lost row is made good by the
    next results.
    """

    _name = "lockgate.outage"
    _description = "Outage"
    _log_access = False

    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="cascade")
    category = fields.Char(required=True, readonly=True)
    since = fields.Datetime(required=True, readonly=True)
    message = fields.Text(readonly=True)

    _channel_unique = models.UniqueIndex("(channel_id)")

    @api.model
    def _note(self, channel, results):
        """Take from a worker's results whether the channel works; one good answer ends an outage."""
        if any(result["outcome"] in ANSWERED for result in results):
            self.env.cr.execute("DELETE FROM lockgate_outage WHERE channel_id = %s", [channel.id])
            return
        trouble = [result for result in results if result["cause"] in TROUBLE]
        if trouble:
            cause = trouble[-1]["cause"]
            self.env.cr.execute(
                """
                INSERT INTO lockgate_outage AS o (channel_id, category, since, message)
                VALUES (%s, %s, now() AT TIME ZONE 'UTC', %s)
                    ON CONFLICT (channel_id) DO UPDATE
                   SET category = excluded.category, message = excluded.message
                """,
                [channel.id, BY_CAUSE.get(cause, cause), trouble[-1]["message"]],
            )

    @api.model
    def _note_sidecar(self, message):
        """Take from a sidecar that was refused that it carries nothing. Where another one carries, it is over
        with that one's next good answer."""
        self.env.cr.execute(
            """
            INSERT INTO lockgate_outage (channel_id, category, since, message)
            SELECT id, 'settings', now() AT TIME ZONE 'UTC', %s FROM lockgate_channel WHERE active
                ON CONFLICT (channel_id) DO NOTHING
            """,
            [message],
        )


class Channel(models.Model):
    _inherit = "lockgate.channel"

    outage_minutes = fields.Integer(
        default=15,
        required=True,
        help="A channel that is down or asks to wait for longer than this becomes an exception.",
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
    _inherit = "lockgate.exception"

    @api.model
    def _catch_up(self, channels):
        prepared.execute(self.env.cr, OVERDUE, {"channels": channels.ids})
        overdue = self.env.cr.dictfetchall()
        known = self._unresolved_by_cause([(row["channel_id"], row["category"]) for row in overdue])
        self._open(
            [
                Seen(
                    row["channel_id"],
                    row["category"],
                    row["category"],
                    "",
                    None,
                    None,
                    None,
                    row["since"],
                    self.env._(
                        "Nothing has gone through for %(minutes)s minutes or more. %(message)s", **row
                    ),
                )
                for row in overdue
                if (row["channel_id"], row["category"]) not in known
            ]
        )
        return super()._catch_up(channels)


# Only where something waits, a value or still a mark: a channel that has nothing to be told is not missed.
OVERDUE = """
    SELECT o.channel_id, o.category, o.since, coalesce(o.message, '') AS message, c.outage_minutes AS minutes
      FROM lockgate_outage o
      JOIN lockgate_channel c ON c.id = o.channel_id
     WHERE o.channel_id = ANY(%(channels)s) AND c.state = 'running' AND c.active
       AND o.since <= now() AT TIME ZONE 'UTC' - make_interval(mins => c.outage_minutes)
       AND (EXISTS (SELECT FROM lockgate_publication p
                     WHERE p.channel_id = o.channel_id AND p.due_at IS NOT NULL)
            OR EXISTS (SELECT FROM lockgate_outbox m WHERE m.channel_id = o.channel_id))
"""
