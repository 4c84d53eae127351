from odoo import fields, models


class PriceDecision(models.TransientModel):
    """Asks an approver why a change is rejected or sent back."""

    _name = "lockgate.price.decision"
    _description = "Reject or Send Back a Price Change"

    change_ids = fields.Many2many("lockgate.price.change", required=True)
    decision = fields.Selection([("rejected", "Reject"), ("sent_back", "Send Back")], required=True)
    reason = fields.Text(required=True)

    def action_confirm(self):
        if self.decision == "rejected":
            self.change_ids.action_reject(self.reason)
        else:
            self.change_ids.action_send_back(self.reason)
        return {"type": "ir.actions.act_window_close"}
