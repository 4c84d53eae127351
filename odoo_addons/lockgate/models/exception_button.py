from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..turn.values import RETRY
from .exception import UNRESOLVED
from .exception_failure import RETRIABLE


class ExceptionButton(models.Model):
    """What a person may do about an exception; each button checks who presses it.

    One that has resolved by itself meanwhile is left as it is.
    """

    _inherit = "lockgate.exception"

    can_retry = fields.Boolean(
        compute="_compute_can_retry", help="Whether something of it may be mended by sending again."
    )

    @api.depends("failing_count", "last_at")
    def _compute_can_retry(self):
        retriable = self.env["lockgate.exception.failure"]._read_group(
            Domain("exception_id", "in", self.ids) & RETRIABLE, ["exception_id"]
        )
        ids = {exception.id for (exception,) in retriable}
        for exception in self:
            exception.can_retry = exception._origin.id in ids

    def action_retry(self):
        """Send the newest values of every listing that fails; it resolves once the channel has taken them.

        Those that sending again cannot mend are left as they are; raises UserError where it mends none.
        """
        waiting = self._unresolved()
        again = waiting.filtered("can_retry")
        if waiting and not again:
            self.env["lockgate.exception.failure"]._refuse_retry()
        return again._decide_all("retry")

    def action_retry_alike(self):
        """Retry everything of the same category on the same channel."""
        self.check_access("write")
        alike = Domain.OR(
            Domain("channel_id", "=", channel.id)
            & Domain("category", "in", list(set(those.mapped("category"))))
            for channel, those in self.grouped("channel_id").items()
        )
        return self.search(alike & Domain("state", "in", UNRESOLVED)).action_retry()

    def action_fix_mapping(self):
        """Open the listings that fail, where SKU, reference and unit are mended; that alone sends again."""
        self.check_access("read")
        return self._failing().listing_id._open()

    def action_open_listings(self):
        """Open every listing that it has touched, those of it that are mended included."""
        self.ensure_one()
        return self.failure_ids.listing_id._open()

    def action_open_attempts(self):
        """Open every try of what it has touched, of whichever outcome."""
        self.ensure_one()
        return self.failure_ids.publication_id._open_attempts()

    def action_open_channel(self):
        """Open the channel: its settings, its credential's name, Freeze."""
        self.ensure_one()
        return self.channel_id._get_records_action()

    def action_freeze_channel(self):
        """Nothing goes out on these channels from now on; only who may write a channel freezes it."""
        channels = self.channel_id.filtered(lambda channel: channel.state == "running")
        if not channels:
            raise UserError(self.env._("None of these channels is running: there is nothing to freeze."))
        channels.action_freeze()
        return self._tell(self.env._("Frozen: %s.", ", ".join(channels.mapped("name"))))

    def action_assign_to_me(self):
        return self._decide_all("assign", owner_id=self.env.uid)

    def action_assign(self):
        """Ask to whom."""
        return self._decide("assign")

    @api.model
    def my_open_count(self):
        """How many exceptions wait for the user: the badge at the top of the screen."""
        return self.search_count([("owner_id", "=", self.env.uid), ("state", "in", ("open", "retrying"))])

    def action_ignore(self):
        """Ask for a reason, then leave it as it is."""
        return self._decide("ignore")

    def action_skip(self):
        """Ask until when it is put aside."""
        return self._decide("skip")

    def _decide(self, kind):
        titles = {
            "ignore": self.env._("Ignore"),
            "skip": self.env._("Skip Until…"),
            "assign": self.env._("Assign"),
        }
        return {
            "type": "ir.actions.act_window",
            "name": titles[kind],
            "res_model": "lockgate.exception.decision",
            "views": [[False, "form"]],
            "target": "new",
            "context": {"default_exception_ids": self._unresolved().ids, "default_kind": kind},
        }

    def _retry(self):
        waiting = self._unresolved().filtered("can_retry")
        marked = waiting._mark_failing()
        waiting.sudo().filtered(lambda exception: exception.state == "skipped")._due_anew()
        waiting.sudo().write({"state": "retrying", "skip_until": False})
        return self._tell(self.env._("%s values are being sent again.", marked))

    def _assign(self, owner_id):
        self._unresolved().write({"owner_id": owner_id})

    def _ignore(self, reason):
        """Leave it as it is: a later failure of one of its listings opens the matter again."""
        waiting = self._unresolved().sudo()
        waiting._end_failures("ignored")
        note = self.env._("Ignored by %(who)s: %(why)s", who=self.env.user.name, why=reason)
        waiting._end("ignored", {"reason": reason}, dict.fromkeys(waiting.ids, note))

    def _skip(self, until, reason):
        """Put it aside: it is neither shown as open nor escalated before `until` (naive UTC)."""
        waiting = self._unresolved().sudo()
        waiting.write({"state": "skipped", "skip_until": until, "reason": reason})
        waiting.activity_unlink(["mail.mail_activity_data_todo"])

    def _unresolved(self):
        """Those of these that are not over; raises AccessError for who may not write them."""
        self.check_access("write")
        return self.filtered(lambda exception: exception.state in UNRESOLVED)

    def _failing(self):
        return self.env["lockgate.exception.failure"].search(
            [("exception_id", "in", self.ids), ("resolved_at", "=", False)]
        )

    def _mark_failing(self):
        """Mark what sending may mend, one statement however many there are; returns how many values."""
        by_aspect = dict(
            self.env["lockgate.exception.failure"]._read_group(
                Domain("exception_id", "in", self.ids) & RETRIABLE,
                ["aspect"],
                ["listing_id:array_agg_distinct"],
            )
        )
        for aspect, listing_ids in by_aspect.items():
            self.env["lockgate.outbox"]._mark_listings(aspect, listing_ids, RETRY)
        return sum(map(len, by_aspect.values()))

    def _end_failures(self, ending):
        self.env.cr.execute(
            """
            UPDATE lockgate_exception_failure
               SET resolved_at = %s, ending = %s WHERE exception_id = ANY(%s) AND resolved_at IS NULL
            """,
            [fields.Datetime.now(), ending, self.ids],
        )
        self.write({"failing_count": 0})
        self.env["lockgate.exception.failure"].invalidate_model()

    def _tell(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": "success",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
