from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from .reconciliation import KINDS, OPEN


class Channel(models.Model):
    _inherit = "lockgate.channel"

    reconcile_hours = fields.Float(
        "Reconcile Every",
        default=24,
        required=True,
        tracking=True,
        help="Hours after which all that is settled on the channel is compared again; 0: only by hand.",
    )
    reconcile_kind = fields.Selection(
        KINDS,
        string="Reconcile By",
        default="compare",
        required=True,
        tracking=True,
        help="A comparison sends what differs again; a full refresh computes and sends everything again.",
    )
    reconciliation_ids = fields.One2many("lockgate.reconciliation", "channel_id", readonly=True)
    can_read_back = fields.Boolean(related="connector_id.can_read_back")

    _reconcile_hours_positive = models.Constraint(
        "CHECK (reconcile_hours >= 0)", "A channel is reconciled every so many hours, or by hand: 0."
    )

    def action_reconcile(self):
        """Begin to compare what the channel shows with what Odoo wants; see `lockgate.reconciliation`."""
        return self._reconcile(
            "compare",
            self.env._("Reconciliation begun: what is settled is read back, and what differs sent again."),
        )

    def action_refresh(self):
        """Begin to compute everything afresh, compare it and send it again; see `lockgate.reconciliation`."""
        return self._reconcile(
            "refresh",
            self.env._(
                "Full refresh begun: every listing is computed afresh, and what is settled is read back and "
                "sent again."
            ),
        )

    def _reconcile(self, kind, words):
        self.ensure_one()
        self.check_access("write")
        reconciliation = self.env["lockgate.reconciliation"]._begin(self, kind)
        if kind == "compare" and not reconciliation.total:
            raise UserError(
                self.env._("Nothing is settled on channel %s, so there is nothing to compare.", self.name)
            )
        if self.state == "frozen":
            words = self.env._(
                "%s The channel is frozen: it is read, and sent nothing until it is resumed.", words
            )
        self.message_post(body=words)
        return {
            "type": "ir.actions.act_window",
            "res_model": "lockgate.reconciliation",
            "res_id": reconciliation.id,
            "views": [[False, "form"]],
        }

    def action_open_reconciliations(self):
        return self._open("lockgate.lockgate_reconciliation_action")

    def _reconciliation_due(self):
        """Whether the channel asks for one now. One that is running, or can't be, is not due."""
        self.ensure_one()
        possible = self.can_read_back or self.reconcile_kind == "refresh"
        if self.state != "running" or not self.reconcile_hours or not possible:
            return False
        last = self.reconciliation_ids[:1]
        since = self.env.cr.now() - timedelta(hours=self.reconcile_hours)
        return last.state not in OPEN and (last.began_at or self.create_date) <= since
