from odoo import api, fields, models

DECISIONS = [
    ("approved", "Approved"),
    ("rejected", "Rejected"),
    ("sent_back", "Sent Back"),
    ("revoked", "Revoked"),
    ("line_rejected", "Line Rejected"),
    ("released", "Released"),
    ("reviewed", "Reviewed"),
]
# By what right a change was approved.
BASES = [("tier", "Tier of Approvers"), ("policy", "Let Through by Policies"), ("emergency", "Emergency")]


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
    requester_id = fields.Many2one("res.users", "Asked By", readonly=True, ondelete="restrict")
    note = fields.Text("Reason", readonly=True)
    basis = fields.Selection(BASES, readonly=True)
    tier = fields.Char(readonly=True, help="The tier that approved, or the policies that let it through.")
    policies = fields.Json(
        readonly=True, help="What the policies said: of each that prices were outside of, how many."
    )
    released = fields.Json(readonly=True, help="Numbers of the held seals that it lets through.")
    line_number = fields.Integer(
        readonly=True, help="The rejected line; the hash is then that of what it proposed."
    )

    @api.depends("change_id", "decision")
    def _compute_display_name(self):
        decisions = dict(self._fields["decision"]._description_selection(self.env))
        for approval in self:
            approval.display_name = f"{approval.change_id.name}: {decisions[approval.decision]}"
