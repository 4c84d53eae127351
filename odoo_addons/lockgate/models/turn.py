from typing import Any, NamedTuple

import psycopg2
import psycopg2.errors

from odoo import api, fields, models

from ..turn import CannotMake, Refused, doubts, leases, reconciliation, results, trouble, values

# Listings that one turn computes: in the fifth of a second that a critical change may wait for it.
SLICE = 500
STATEMENT_TIMEOUT = "10s"
# Errors that say nothing about the row that was computed when they came: a time-out, a deadlock, a restart.
THE_DATABASES_OWN = (psycopg2.InterfaceError, psycopg2.OperationalError)


class Wanted(NamedTuple):
    """What a channel should show of one aspect of a listing, as a maker computes it.

    `value` is a PriceValue or StockValue of contract v1, or None: nothing is to be sent. `scope` is the
    price book's id, 0 for stock. `recheck_at` (naive UTC): when time alone may change the value.
    """

    listing_id: int
    scope: int
    value: dict[str, Any] | None
    work_class: str
    recheck_at: Any


class Busy(Exception):
    """Another turn of this channel is running."""


class Turn(models.Model):
    """The one writer of a channel's publications; its row is the channel's lock and its counter.

    One turn is one transaction on its own cursor: lock, take results, make values, lease. What many
    processes write (marks) is append-only, so nobody ever waits for a turn, nor a turn for anybody.
    """

    _name = "lockgate.turn"
    _description = "Turn"
    _log_access = False

    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="cascade")
    number = fields.Integer(required=True, readonly=True, default=0)
    turned_at = fields.Datetime(readonly=True, help="When a worker last took a turn.")
    falls = fields.Integer(
        required=True, readonly=True, default=0, help="So often in a row the channel was in trouble."
    )
    resume_at = fields.Datetime(
        readonly=True,
        help="Nothing is leased before, and one row at once after it, until the channel answers.",
    )
    # Without a foreign key: whoever deletes the reconciliation would write this row, and meet a turn.
    refresh = fields.Integer(readonly=True, help="The full refresh that has computed this far.")
    refreshed_to = fields.Integer(readonly=True, help="The last listing that it had computed afresh.")

    _channel_unique = models.UniqueIndex("(channel_id)")

    @api.model
    def _wanted_makers(self):
        """What makes the wanted values of each aspect: {aspect: maker(channel, listings, now, reasons)}.

        A maker returns one `Wanted` for every (listing, scope) it knows. It works on sets, and may append
        evidence of what it made. `reasons` are {listing id: why it is made}, one of UNMARKED where no mark
        came. `lockgate_price` and `lockgate_stock` add theirs.
        """
        return {}

    @api.model
    def _take(self, request, rows=SLICE):
        """One turn: results in, marks to wanted values, newest values out. Returns the answer's own part.

        `request` is an ExchangeRequest. Raises Busy, and Refused for a result of no given lease; in
        both cases nothing has changed.
        """
        cr = self.env.cr
        now, channel = self._lock(request["channel"])
        falls, reported = results.take(cr, now, channel, request["results"])
        doubts.note(cr, now, channel, reported)
        leases.expire(cr, now, channel)
        self._make_values(now, channel, request["work_class"], rows)
        doubts.look(cr, channel)
        granted = leases.repeat(cr, now, request["exchange_id"], channel)
        if granted is None:
            granted = leases.grant(cr, now, channel, request)
        return {
            "state": "turned" if channel.running else "frozen",
            "turn": channel.turn,
            "channel": channel.message(),
            "more": leases.remainder(cr, now, channel),
            "deadline": channel.deadline,
            "falls": falls,
            **granted,
        }

    @api.model
    def _lock(self, code):
        """Lock the channel's row without waiting; the first statement, so that the snapshot is after it."""
        cr = self.env.cr
        cr.execute(
            "SET LOCAL statement_timeout = %(timeout)s;"
            "SET LOCAL idle_in_transaction_session_timeout = %(timeout)s",
            {"timeout": STATEMENT_TIMEOUT},
        )
        try:
            cr.execute(
                """
                UPDATE lockgate_turn t
                   SET number = number + 1, turned_at = now() AT TIME ZONE 'UTC'
                 WHERE id = (SELECT t.id FROM lockgate_turn t JOIN lockgate_channel c ON c.id = t.channel_id
                              WHERE c.code = %s FOR UPDATE OF t NOWAIT)
             RETURNING t.channel_id, t.number, now() AT TIME ZONE 'UTC'
                """,
                [code],
                log_exceptions=False,
            )
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.SerializationFailure) as error:
            raise Busy from error
        row = cr.fetchone()
        if row is None:
            raise Refused(self.env._("No channel has the code %(code)s: see Lockgate, Channels.", code=code))
        channel_id, number, now = row
        return now, values.Channel.fetch(cr, channel_id, number)

    @api.model
    def _make_values(self, now, channel, work_class, rows):
        """Turn marks, and what may have changed without one, into wanted values. Raises CannotMake."""
        makers = self._wanted_makers()
        marks = self._rows_to_make(now, channel, work_class, rows)
        if any(mark.reason == values.RETRY for mark in marks):
            trouble.ask(self.env.cr, now, channel)
        record = self.env["lockgate.channel"].browse(channel.id)
        for aspect, maker in makers.items():
            reasons = {mark.listing_id: mark.reason for mark in marks if mark.aspect == aspect}
            listings = self.env["lockgate.listing"].with_context(active_test=False).browse(reasons).exists()
            if not listings:
                continue
            retried = {listing_id for listing_id, reason in reasons.items() if reason == values.RETRY}
            try:
                wanted = maker(record, listings, now, reasons)
                values.store(self.env.cr, now, channel, aspect, listings.ids, wanted, retried)
                self.env["lockgate.exception.computed"]._note(channel.id, aspect, listings.ids)
            except THE_DATABASES_OWN:
                raise
            except Exception as error:
                raise CannotMake(aspect) from error

    @api.model
    def _rows_to_make(self, now, channel, work_class, rows):
        """What is to be made, a mark after what else asks for the same listing: it says better why."""
        cr, aspects = self.env.cr, list(self._wanted_makers())
        made, scopes, left = values.consume_marks(cr, channel.id, rows)
        recheck = values.AMONG_MARKS if left or scopes else values.RECHECK
        rechecked = values.due_rechecks(cr, channel.id, aspects, now, rows - len(made), recheck)
        if left:
            return rechecked + made
        if work_class != "critical":
            made = values.next_in_scope(cr, channel.id, scopes, rows - len(made) - len(rechecked)) + made
        made = rechecked + made
        if channel.refreshes and work_class == "bulk":
            made = reconciliation.next_to_refresh(cr, channel, aspects, rows - len(made)) + made
        return made

    @api.model
    def _busy(self):
        """The answer when another turn of the channel is running; nothing was taken."""
        return {
            "state": "busy",
            "turn": 0,
            "channel": None,
            "token": None,
            "send_by": 0.0,
            "deadline": 0.0,
            "falls": 0,
            "leases": [],
            "more": None,
        }

    @api.model
    def _due(self, every=False):
        """A DueAnswer's own part: channels with work; with `every` also others that were started."""
        cr = self.env.cr
        cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        (now,) = cr.fetchone()
        channels = leases.due(cr, now)
        if every:
            none = {"critical": 0, "routine": 0, "bulk": 0}
            with_work = [channel["channel"] for channel in channels]
            others = self.env["lockgate.channel"].search(
                [("code", "not in", with_work), ("state", "!=", "draft")]
            )
            channels += [{"channel": code, **none} for code in others.mapped("code")]
        return {"channels": channels, "next_in": leases.next_in(cr, now)}

    @api.model
    def _set_aside(self, request, aspect):
        """Take the listing on which a turn of one row fails at this aspect out of its way.

        Returns its mark, or None.
        """
        now, channel = self._lock(request["channel"])
        marks = self._rows_to_make(now, channel, request["work_class"], 1)
        values.postpone(self.env.cr, now, marks)
        return next((mark for mark in marks if mark.aspect == aspect), None)
