import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .one_by_one import CONFLICTS

_logger = logging.getLogger(__name__)

# More exceptions than these are decided about in the background.
AT_ONCE = 200
# How many of them are one transaction.
SLICE = 100
FIELD = {"lockgate.exception": "exception_ids", "lockgate.listing": "listing_ids"}
KINDS = [
    ("retry", "Retry"),
    ("assign", "Assign"),
    ("skip", "Skip"),
    ("ignore", "Ignore"),
    ("channel_sku", "Use the Channel's SKU"),
]


class ExceptionBulk(models.Model):
    """What a person decided about very many exceptions, or listings that fail, done in the background while
    they see how far it is.

    In slices, each committed, with that person's own rights. Of a slice that fails each is done
    alone; one that still fails is named and left as it is.
    """

    _name = "lockgate.exception.bulk"
    _description = "Bulk Action on Exceptions"
    _inherit = ["lockgate.facts"]
    _order = "id desc"
    _rec_name = "kind"

    kind = fields.Selection(KINDS, "Action", required=True, readonly=True)
    user_id = fields.Many2one("res.users", "By", required=True, readonly=True, index=True)
    state = fields.Selection([("running", "Running"), ("done", "Done")], default="running", readonly=True)
    owner_id = fields.Many2one("res.users", "New Owner", readonly=True)
    until = fields.Datetime(readonly=True)
    reason = fields.Char(readonly=True)
    # Those still to be done, of one of the two; taken away with what was done to them.
    exception_ids = fields.Many2many("lockgate.exception", readonly=True)
    listing_ids = fields.Many2many("lockgate.listing", readonly=True)
    total = fields.Integer("In All", readonly=True)
    done = fields.Integer(readonly=True)
    failed = fields.Integer("Left as They Are", readonly=True)
    message = fields.Text("Why", readonly=True, help="Of the last that was left.")
    progress = fields.Float(compute="_compute_progress", help="In %.")

    @api.depends("total", "done", "failed")
    def _compute_progress(self):
        for bulk in self:
            bulk.progress = 100.0 * (bulk.done + bulk.failed) / bulk.total if bulk.total else 100.0

    @api.model
    def _queue_many(self, chosen, kind, terms):
        """Where these exceptions or listings are very many, begin it behind.

        Returns the action that shows how far it is; None: they are to be done at once.
        """
        if len(chosen) <= AT_ONCE:
            return None
        bulk = self.sudo().create(
            {
                "kind": kind,
                "user_id": self.env.uid,
                FIELD[chosen._name]: chosen.ids,
                "total": len(chosen),
                **terms,
            }
        )
        self.env.ref("lockgate.ir_cron_exception_bulk").sudo()._trigger()
        return {**bulk._get_records_action(), "name": self.env._("Bulk Action"), "target": "new"}

    @api.model
    def _cron_run(self):
        cron = self.env["ir.cron"]
        while bulk := self.search([("state", "=", "running")], order="id", limit=1):
            bulk._step()
            if not cron._commit_progress(1, remaining=self.search_count([("state", "=", "running")])):
                return

    def _step(self):
        """Do a slice; where that fails, each of it alone."""
        left = self.exception_ids or self.listing_ids
        if chosen := left[:SLICE]:
            if not self._try(chosen):
                for one in chosen:
                    self._try(one)
        else:
            self._end()

    def _try(self, chosen):
        """Whether it was done to all of these. One alone that fails is left, and says why."""
        try:
            # A note of all at once, in place of one message and one mail for each.
            quietly = {"tracking_disable": True, "mail_activity_quick_update": True}
            chosen.with_user(self.user_id).with_context(**quietly)._do(
                self.kind, {"owner_id": self.owner_id.id, "until": self.until, "reason": self.reason}
            )
            chosen._message_log_batch(
                bodies=dict.fromkeys(chosen.ids, self._note()), author_id=self.user_id.partner_id.id
            )
            self._take_away(chosen, {"done": self.done + len(chosen)})
        except Exception as error:
            self.env.cr.rollback()
            if not isinstance(error, (UserError, *CONFLICTS)):
                _logger.exception("Bulk action %s on %s failed", self.id, chosen)
            if len(chosen) == 1:
                what = chosen.exists().display_name or str(chosen)
                self._take_away(chosen, {"failed": self.failed + 1, "message": f"{what}: {error}"})
                self.env["ir.cron"]._commit_progress()
            return False
        self.env["ir.cron"]._commit_progress()
        return True

    def _take_away(self, chosen, values):
        self.write({FIELD[chosen._name]: [fields.Command.unlink(one.id) for one in chosen], **values})
        self.env.flush_all()

    def _end(self):
        self.write({"state": "done"})
        words = self.env._("Done: %(done)s of %(total)s.", done=self.done, total=self.total)
        if self.failed:
            words = self.env._(
                "Done: %(done)s of %(total)s; %(failed)s were left as they are.",
                done=self.done,
                total=self.total,
                failed=self.failed,
            )
        for user in self.user_id | self.owner_id:
            user._bus_send("simple_notification", {"type": "info", "title": self._note(), "message": words})

    def _note(self):
        kind = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        return self.env._("%(kind)s: %(total)s at once", kind=kind, total=self.total)


class DecidedInBulk(models.Model):
    _inherit = "lockgate.exception"

    def _decide_all(self, kind, **terms):
        """Do it now, or behind where they are very many. Returns an action that shows it, or None.

        `kind` is one of KINDS, `terms` are values of ExceptionBulk: owner_id, until (naive UTC), reason.
        """
        waiting = self._unresolved()
        behind = self.env["lockgate.exception.bulk"]._queue_many(waiting, kind, terms)
        return behind or waiting._do(kind, terms)

    def _do(self, kind, terms):
        match kind:
            case "retry":
                return self._retry()
            case "assign":
                return self._assign(terms["owner_id"])
            case "skip":
                return self._skip(terms["until"], terms["reason"])
            case "ignore":
                return self._ignore(terms["reason"])


class Listing(models.Model):
    _inherit = "lockgate.listing"

    def _do(self, kind, terms):
        """A slice of listings that fail; one that fails no more by then is left as it is."""
        failing = Domain("listing_id", "in", self.ids) & Domain("resolved_at", "=", False)
        failures = self.env["lockgate.exception.failure"].search(failing & self._mended_by(kind))
        failures.listing_id._mend(kind)

    @api.model
    def _mended_by(self, kind):
        """The failures that this is for, as a Domain: another one of a listing says that it is not."""
        match kind:
            case "channel_sku":
                return Domain("category", "in", ("mapping", "unknown_product"))

    def _mend(self, kind):
        """Raises UserError where it cannot be done to one of these."""
        match kind:
            case "channel_sku":
                self._take_channel_sku()
