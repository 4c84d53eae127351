from odoo import fields, models

DECISIONS = [
    ("rejected", "Reject"),
    ("sent_back", "Send Back"),
    ("line_rejected", "Reject Lines"),
    ("released", "Release Held Prices"),
    ("emergency", "Put in Force Now"),
    ("reviewed", "Review Emergency"),
]


class PriceDecision(models.TransientModel):
    """Asks for the reason of a decision on price changes, and takes it: the methods check who may."""

    _name = "lockgate.price.decision"
    _description = "Reason of a Decision on Price Changes"

    change_ids = fields.Many2many("lockgate.price.change", required=True)
    line_ids = fields.Many2many(
        "lockgate.price.change.line", string="Lines", domain="[('change_id', 'in', change_ids)]"
    )
    decision = fields.Selection(DECISIONS, required=True)
    reason = fields.Text(required=True)

    def _deciders(self):
        """{decision: the method that takes it, with the reason}."""
        return {
            "rejected": self.change_ids.action_reject,
            "sent_back": self.change_ids.action_send_back,
            "line_rejected": self.line_ids.action_reject,
            "released": self.change_ids.action_release,
            "emergency": self.change_ids.action_put_in_force,
            "reviewed": self.change_ids.action_review,
        }

    def action_confirm(self):
        action = self._deciders()[self.decision](self.reason)
        # The identity check is a dialog of its own.
        return action if isinstance(action, dict) else {"type": "ir.actions.act_window_close"}
