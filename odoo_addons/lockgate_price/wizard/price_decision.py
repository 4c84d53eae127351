from odoo import api, fields, models
from odoo.addons.lockgate.person import is_acting
from odoo.exceptions import AccessError

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
    _inherit = ["lockgate.own"]

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

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_acting()
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_acting()
        return super().write(vals)

    def _refuse_acting(self):
        """What an automation filled in would be decided in the name of who confirms it."""
        if is_acting():
            raise AccessError(self.env._("%s: filled in by a person alone.", self._description))

    def action_confirm(self):
        self.check_access("write")
        action = self._deciders()[self.decision](self.reason)
        # The identity check is a dialog of its own.
        return action if isinstance(action, dict) else {"type": "ir.actions.act_window_close"}
