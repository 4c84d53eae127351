from odoo import api, fields, models


class ExposurePolicyRow(models.AbstractModel):
    """What a policy lists: whatever becomes of a row, listings are computed afresh and shares checked."""

    _name = "lockgate.exposure.policy.row"
    _description = "Row of an Exposure Policy"

    policy_id = fields.Many2one("lockgate.exposure.policy", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="policy_id.company_id", store=True)

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows.policy_id._mark("policy changed")
        return rows

    def write(self, vals):
        result = super().write(vals)
        self.policy_id._mark("policy changed")
        return result

    def unlink(self):
        policies = self.policy_id
        policies._mark("policy changed")
        result = super().unlink()
        policies._check_shares()
        return result
