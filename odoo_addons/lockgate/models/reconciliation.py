from odoo import api, fields, models
from odoo.exceptions import UserError

from ..turn import reconciliation as statements

STATES = [("running", "Running"), ("paused", "Paused"), ("done", "Done"), ("stopped", "Stopped")]
OPEN = ("running", "paused")
# The attempts that found a difference.
DIFFERED = [("outcome", "=", "read"), ("agrees", "=", False)]


class Reconciliation(models.Model):
    """One comparison of a channel, as read back, with what Odoo wants.

    The turn finds the running one of its channel and leases read-backs, bulk behind all other work; each
    attempt says whether the channel agreed. What differs is sent again as after any read-back. Progress is
    read from publications and attempts, never stored. Nobody has write access: a channel's button begins
    one, Pause and Resume hold it, Stop and the last answer end it.
    """

    _name = "lockgate.reconciliation"
    _description = "Reconciliation"
    _order = "id desc"

    channel_id = fields.Many2one(
        "lockgate.channel", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="running")
    user_id = fields.Many2one("res.users", string="Asked By", required=True, readonly=True)
    # The transaction's own moment, as the turn's: what was verified since then need not be read again.
    began_at = fields.Datetime("Began", required=True, readonly=True, default=lambda self: self.env.cr.now())
    ended_at = fields.Datetime("Ended", readonly=True)
    total = fields.Integer("Of", compute="_compute_progress")
    compared = fields.Integer(compute="_compute_progress")
    agreed = fields.Integer(compute="_compute_progress")
    differed = fields.Integer(compute="_compute_progress")
    unread = fields.Integer(
        "Not Read",
        compute="_compute_progress",
        help="The channel gave no answer that could be used, or a newer value came before it was asked: "
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
        """Read now. `total` is what was taken so far and what is left, so it follows what changes."""
        self.env.flush_all()
        self.env.cr.execute(statements.PROGRESS, {"ids": self.ids})
        rows = {row["id"]: row for row in self.env.cr.dictfetchall()}
        for reconciliation in self:
            row = rows.get(reconciliation.id, {})
            for name in ("agreed", "differed", "unread"):
                reconciliation[name] = row.get(name, 0)
            reconciliation.compared = sum(row.get(name, 0) for name in ("agreed", "differed", "unread"))
            reconciliation.total = reconciliation.compared + row.get("left", 0)

    @api.model
    def _begin(self, channel):
        """Begin to compare what is settled on a channel. Raises UserError where that cannot be."""
        if channel.state == "draft" or not channel.active:
            raise UserError(
                self.env._(
                    "Channel %s has not been started, so there is nothing to compare: press Start.",
                    channel.name,
                )
            )
        if not channel.connector_id.can_read_back:
            raise UserError(
                self.env._(
                    "Channel %(channel)s cannot be reconciled: connector %(connector)s cannot ask it what "
                    "it shows. To send everything again, select its publications and press Push Again.",
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
        return self.sudo().create({"channel_id": channel.id, "user_id": self.env.uid})

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
        self.channel_id.check_access("write")
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
        self.env.cr.execute(statements.FINISHED, [channels.ids])
        for reconciliation in self.browse(row[0] for row in self.env.cr.fetchall()):
            reconciliation.write({"state": "done", "ended_at": self.env.cr.now()})
            reconciliation.channel_id.message_post(
                body=self.env._(
                    "Reconciled: %(compared)s compared, %(differed)s differed, %(unread)s could not be read.",
                    compared=reconciliation.compared,
                    differed=reconciliation.differed,
                    unread=reconciliation.unread,
                )
            )

    @api.model
    def _cron_reconcile(self):
        """End what is finished, and begin what channels ask for regularly."""
        for channel in self.env["lockgate.channel"].search([("state", "in", ("running", "frozen"))]):
            self._catch_up(channel)
            if channel._reconciliation_due():
                self._begin(channel)
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
