from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..policy import MOST


class ExposureTier(models.Model):
    """Tighter terms of a policy while little is left, as in "under 20 left, only the web shop sells"."""

    _name = "lockgate.exposure.tier"
    _inherit = ["lockgate.exposure.policy.row"]
    _description = "Exposure Tier"
    _order = "policy_id, below"

    below = fields.Integer(
        "Fewer Left Than", required=True, help="Units of the pool, before buffer and share."
    )
    share = fields.Integer(
        "Share of the Pool (%)",
        default=100,
        required=True,
        help="The policy's own share counts where it is smaller.",
    )
    buffer = fields.Integer(
        "Safety Buffer", required=True, default=0, help="The policy's own buffer counts where it is greater."
    )
    least = fields.Integer(
        "Least Shown",
        required=True,
        default=0,
        help="Fewer than these are shown as 0; the policy's own number counts where it is greater.",
    )

    _below_unique = models.UniqueIndex(
        "(policy_id, below)", "A policy can have one set of terms for each number of units left."
    )

    @api.constrains("below", "share", "buffer", "least")
    def _check_terms(self):
        for tier in self:
            units = (tier.buffer, tier.least)
            if not (0 < tier.below <= MOST and 0 <= tier.share <= 100 and all(0 <= n <= MOST for n in units)):
                raise ValidationError(
                    self.env._(
                        "Policy %(policy)s, when fewer than %(below)s are left: the number must be above 0, "
                        "the share from 0 to 100, and neither the buffer nor the least shown negative.",
                        policy=tier.policy_id.name,
                        below=tier.below,
                    )
                )

    @api.constrains("below", "share")
    def _check_shares(self):
        self.policy_id._check_shares()
