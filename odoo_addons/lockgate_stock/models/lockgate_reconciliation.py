from odoo import api, fields, models
from odoo.addons.lockgate.turn.values import REFRESH


class Reconciliation(models.Model):
    _inherit = "lockgate.reconciliation"

    stale = fields.Integer(
        "Wrong in Odoo",
        compute="_compute_stale",
        help="Of a full refresh: numbers of Odoo's own that were wrong before they were computed afresh, "
        "because something passed the hooks. They are sent anew.",
    )

    @api.depends("began_at", "ended_at")
    def _compute_stale(self):
        for reconciliation in self:
            reconciliation.stale = self.env["lockgate.stock.ledger"].search_count(reconciliation._stale())

    def _stale(self):
        """What a full refresh found in the stock ledger: a channel has one reconciliation at a time."""
        until = [("at", "<=", self.ended_at)] if self.ended_at else []
        return [
            ("channel_id", "=", self.channel_id.id),
            ("is_defect", "=", True),
            ("reason", "=", REFRESH),
            ("at", ">=", self.began_at),
            *until,
        ]

    def action_open_stale(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_stock.lockgate_stock_ledger_action")
        return action | {"domain": self._stale()}

    def _summary(self):
        words = super()._summary()
        if self.kind == "compare":
            return words
        return self.env._(
            "%(words)s Of Odoo's own numbers, %(stale)s were wrong, because something passed the hooks; "
            "they are computed afresh and sent anew.",
            words=words,
            stale=self.stale,
        )
