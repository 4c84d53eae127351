from odoo import api, fields, models
from odoo.exceptions import UserError

from ..turn import prepared
from ..turn import reconciliation as statements

KINDS = [("compare", "Comparison"), ("refresh", "Full Refresh")]
STATES = [("running", "Running"), ("paused", "Paused"), ("done", "Done"), ("stopped", "Stopped")]
OPEN = ("running", "paused")
# The attempts that found a difference.
DIFFERED = [("outcome", "=", "read"), ("agrees", "=", False)]


class Reconciliation(models.Model):
    """One comparison of a channel, as read back, with what Odoo wants.

    The turn finds the running one of its channel and leases read-backs, bulk behind all other work; each
    attempt says whether the channel agreed. What differs is sent again as after any read-back. A full
    refresh has every listing computed afresh before it reads, and sends again what agreed, too. Progress is
    read from publications and attempts, never stored. Nobody has write access: a channel's buttons begin
    one, Pause and Resume hold it, Stop and the last answer end it.
    """

    _name = "lockgate.reconciliation"
    _description = "Reconciliation"
    _order = "id desc"

    channel_id = fields.Many2one(
        "lockgate.channel", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    kind = fields.Selection(KINDS, required=True, readonly=True, default="compare")
    reads = fields.Boolean("Read Back", readonly=True, help="The channel could be read when this began.")
    state = fields.Selection(STATES, required=True, readonly=True, default="running")
    user_id = fields.Many2one("res.users", string="Asked By", required=True, readonly=True)
    # The transaction's own moment, as the turn's: what was verified since then need not be read again.
    began_at = fields.Datetime("Began", required=True, readonly=True, default=lambda self: self.env.cr.now())
    ended_at = fields.Datetime("Ended", readonly=True)
    total = fields.Integer("Of", compute="_compute_progress")
    finished = fields.Integer(compute="_compute_progress")
    progress = fields.Float(compute="_compute_progress", help="In %.")
    sent = fields.Integer("Sent Again", compute="_compute_progress", help="Of a refresh: though it agreed.")
    agreed = fields.Integer(compute="_compute_progress")
    differed = fields.Integer(compute="_compute_progress")
    unread = fields.Integer(
        "No Answer",
        compute="_compute_progress",
        help="The channel gave no answer that could be used, or a newer value came before it did: "
        "that value is sent and read back on its own.",
    )
    difference_ids = fields.One2many(
        "lockgate.attempt",
        "reconciliation_id",
        domain=DIFFERED,
        readonly=True,
    )

    _open_unique = models.UniqueIndex(
        "(channel_id) WHERE state IN ('running', 'paused')",
        "A reconciliation of this channel is already running.",
    )

    @api.depends("channel_id", "began_at")
    def _compute_display_name(self):
        for reconciliation in self:
            began = fields.Datetime.context_timestamp(self, reconciliation.began_at)
            reconciliation.display_name = f"{reconciliation.channel_id.name}, {began:%Y-%m-%d %H:%M}"

    @api.depends("state")
    def _compute_progress(self):
        """Read now. `total` is what is finished and what is left, so it follows what changes."""
        self.env.flush_all()
        self.env.cr.execute(statements.PROGRESS, {"ids": self.ids})
        rows = {row["id"]: row for row in self.env.cr.dictfetchall()}
        for reconciliation in self:
            row = rows.get(reconciliation.id, {})
            for name in ("finished", "sent", "agreed", "differed", "unread"):
                reconciliation[name] = row.get(name, 0)
            reconciliation.total = total = reconciliation.finished + row.get("left", 0)
            reconciliation.progress = 100.0 * reconciliation.finished / total if total else 100.0

    @api.model
    def _begin(self, channel, kind):
        """Begin to compare or refresh what is settled on a channel. Raises UserError where it cannot be."""
        if channel.state == "draft" or not channel.active:
            raise UserError(
                self.env._(
                    "Channel %s has not been started, so nothing is settled there: press Start.",
                    channel.name,
                )
            )
        reads = channel.connector_id.can_read_back
        if kind == "compare" and not reads:
            raise UserError(
                self.env._(
                    "Channel %(channel)s cannot be reconciled: connector %(connector)s cannot ask it what "
                    "it shows. To send everything again, press Refresh.",
                    channel=channel.name,
                    connector=channel.connector_id.name,
                )
            )
        if self.sudo().search_count([("channel_id", "=", channel.id), ("state", "in", OPEN)], limit=1):
            raise UserError(
                self.env._(
                    "A reconciliation of channel %s is already running or paused: wait for it, or stop it.",
                    channel.name,
                )
            )
        return self.sudo().create(
            {"channel_id": channel.id, "kind": kind, "reads": reads, "user_id": self.env.uid}
        )

    def action_pause(self):
        """Ask for no more until it is resumed; what was asked already is still taken."""
        self._transition(("running",), "paused")

    def action_resume(self):
        self._transition(("paused",), "running")

    def action_stop(self):
        """Ask for no more; what was asked already is still taken."""
        self._transition(OPEN, "stopped", ended_at=self.env.cr.now())

    def _transition(self, sources, target, **values):
        """The only way a person changes its state; one that has ended meanwhile is left as it is."""
        self.channel_id._check_operated()
        self.sudo().filtered(lambda each: each.state in sources).write({"state": target, **values})

    def action_open_differences(self):
        return self._open_attempts(self.env._("What Differed"), DIFFERED)

    def action_open_attempts(self):
        return self._open_attempts(self.env._("Read-backs"), [])

    def _open_attempts(self, name, domain):
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id("lockgate.lockgate_attempt_action") | {
            "name": name,
            "display_name": name,
            "domain": [("reconciliation_id", "=", self.id), *domain],
            "views": [
                (self.env.ref("lockgate.lockgate_attempt_view_list_compared").id, "list"),
                (False, "form"),
            ],
        }

    @api.model
    def _catch_up(self, channels):
        """End those of these channels of which nothing is left to be read."""
        prepared.execute(self.env.cr, statements.FINISHED, {"channels": channels.ids})
        for reconciliation in self.browse(row[0] for row in self.env.cr.fetchall()):
            reconciliation.write({"state": "done", "ended_at": self.env.cr.now()})
            reconciliation.channel_id.message_post(body=reconciliation._summary())

    def _summary(self):
        figures = {name: self[name] for name in ("finished", "sent", "differed", "unread")}
        if self.kind == "compare":
            return self.env._(
                "Reconciled: %(finished)s compared, %(differed)s differed, %(unread)s gave no answer.",
                **figures,
            )
        if not self.reads:
            return self.env._(
                "Refreshed: %(sent)s sent again, %(unread)s gave no answer. The channel cannot be read, so "
                "nobody knows what was corrected there.",
                **figures,
            )
        return self.env._(
            "Refreshed: %(sent)s agreed and were sent again, %(differed)s differed and are sent anew, "
            "%(unread)s gave no answer.",
            **figures,
        )

    @api.model
    def _cron_reconcile(self):
        """End what is finished, and begin what channels ask for regularly."""
        for channel in self.env["lockgate.channel"].search([("state", "in", ("running", "frozen"))]):
            self._catch_up(channel)
            if channel._reconciliation_due():
                self._begin(channel, channel.reconcile_kind)
            self.env["ir.cron"]._commit_progress(1)

    @api.autovacuum
    def _gc_reconciliations(self):
        """A comparison is kept as long as the attempts that are its evidence."""
        self.env.cr.execute(
            """
            DELETE FROM lockgate_reconciliation r
                  WHERE state IN ('done', 'stopped')
                    AND NOT EXISTS (SELECT FROM lockgate_attempt a WHERE a.reconciliation_id = r.id)
            """
        )
