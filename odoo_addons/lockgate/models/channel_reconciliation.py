from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from .reconciliation import OPEN


class Channel(models.Model):
    _inherit = "lockgate.channel"

    reconcile_hours = fields.Integer(
        "Reconcile Every",
        default=0,
        required=True,
        tracking=True,
        help="Hours after which all that is settled on the channel is compared again; 0: only by hand.",
    )
    reconciliation_ids = fields.One2many("lockgate.reconciliation", "channel_id", readonly=True)
    can_read_back = fields.Boolean(related="connector_id.can_read_back")

    _reconcile_hours_positive = models.Constraint(
        "CHECK (reconcile_hours >= 0)", "A channel is reconciled every so many hours, or by hand: 0."
    )

    def action_reconcile(self):
        """Begin to compare what the channel shows with what Odoo wants; see `lockgate.reconciliation`."""
        self.ensure_one()
        self.check_access("write")
        reconciliation = self.env["lockgate.reconciliation"]._begin(self)
        if not reconciliation.total:
            raise UserError(
                self.env._("Nothing is settled on channel %s, so there is nothing to compare.", self.name)
            )
        words = self.env._("Reconciliation begun: what is settled is read back, and what differs sent again.")
        if self.state == "frozen":
            words = self.env._(
                "Reconciliation begun: what is settled is read back. The channel is frozen, so what differs "
                "is sent once it is resumed."
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
        if self.state != "running" or not self.reconcile_hours or not self.can_read_back:
            return False
        last = self.reconciliation_ids[:1]
        since = self.env.cr.now() - timedelta(hours=self.reconcile_hours)
        return not last or (last.state not in OPEN and last.began_at <= since)
