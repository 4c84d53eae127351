from odoo import api, fields, models
from odoo.exceptions import ValidationError

APPROVER = "lockgate_price.lockgate_price_group_approver"


class PriceTier(models.Model):
    """One step of approval: the people, by group or by name, of whom one has to approve.

    All of them have to be price approvers with access to the company, whatever group names them.
    """

    _name = "lockgate.price.tier"
    _description = "Tier of Price Approvers"
    _inherit = ["mail.thread", "lockgate.governed"]
    _order = "sequence, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    sequence = fields.Integer(default=10, help="Tiers with a lower number decide first.", tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True, ondelete="cascade"
    )
    group_id = fields.Many2one("res.groups", tracking=True, help="One of its price approvers has to approve.")
    user_ids = fields.Many2many(
        "res.users",
        "lockgate_price_tier_user_rel",
        "tier_id",
        "user_id",
        string="People",
        tracking=True,
        help="One of them has to approve.",
    )
    days = fields.Integer(
        "Days to Decide",
        default=2,
        help="Once they have passed the approvers and the requester are reminded.",
    )

    _days_positive = models.Constraint("CHECK (days > 0)", "Give a tier at least one day to decide.")

    @api.constrains("group_id", "user_ids", "company_id")
    def _check_people(self):
        for tier in self.sudo():
            if not tier.group_id and not tier.user_ids:
                raise ValidationError(
                    self.env._("Tier %s: choose the people who approve, or a group of them.", tier.name)
                )
            for user in tier.user_ids:
                if not user.has_group(APPROVER):
                    raise ValidationError(
                        self.env._(
                            "Tier %(tier)s: %(user)s is not a price approver. Give them that role first.",
                            tier=tier.name,
                            user=user.name,
                        )
                    )
                if tier.company_id not in user.company_ids:
                    raise ValidationError(
                        self.env._(
                            "Tier %(tier)s: %(user)s has no access to company %(company)s, so could never "
                            "approve. Give them access, or choose somebody else.",
                            tier=tier.name,
                            user=user.name,
                            company=tier.company_id.name,
                        )
                    )

    @api.constrains("active")
    def _check_not_asked_for(self):
        archived = self.filtered(lambda tier: not tier.active)
        asking = self.env["lockgate.price.policy"].sudo().search([("tier_ids", "in", archived.ids)], limit=1)
        if asking:
            raise ValidationError(
                self.env._("Price policy %s asks for this tier: take it out there first.", asking.name)
            )

    def _approvers(self, company):
        """Who may approve now for this tier; for an empty one every price approver of the company."""
        approvers = self.env.ref(APPROVER).sudo().all_user_ids.filtered("active")
        if self:
            tier = self.sudo()
            approvers &= tier.user_ids | tier.group_id.all_user_ids
        return approvers.filtered(lambda user: company in user.company_ids)

    def _content(self):
        """All of the tier that an approval stands for, as JSON."""
        return {"tier": self.id, "group": self.group_id.id, "users": sorted(self.sudo().user_ids.ids)}
