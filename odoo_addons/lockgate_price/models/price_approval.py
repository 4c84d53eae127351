from odoo import api, fields, models

DECISIONS = [
    ("approved", "Approved"),
    ("rejected", "Rejected"),
    ("sent_back", "Sent Back"),
    ("revoked", "Revoked"),
]


class PriceApproval(models.Model):
    """Who decided what on a price change, when, on which revision, and the hash of what was approved."""

    _name = "lockgate.price.approval"
    _description = "Price Approval"
    _inherit = ["lockgate.price.evidence"]
    _log_access = False
    _order = "id desc"

    change_id = fields.Many2one(
        "lockgate.price.change", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict")
    user_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="restrict")
    date = fields.Datetime(required=True, readonly=True)
    decision = fields.Selection(DECISIONS, required=True, readonly=True)
    revision = fields.Integer(required=True, readonly=True)
    hash = fields.Char(readonly=True, help="SHA-256 of every price, unit, tax basis and period approved.")
    note = fields.Text("Reason", readonly=True)

    @api.depends("change_id", "decision")
    def _compute_display_name(self):
        decisions = dict(self._fields["decision"]._description_selection(self.env))
        for approval in self:
            approval.display_name = f"{approval.change_id.name}: {decisions[approval.decision]}"
