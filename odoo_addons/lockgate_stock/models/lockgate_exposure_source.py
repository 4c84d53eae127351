from odoo import api, fields, models


class ExposureSource(models.Model):
    """A place that a policy names to sell from: a location, with all that lies below it."""

    _name = "lockgate.exposure.source"
    _inherit = ["lockgate.exposure.policy.row"]
    _description = "Exposure Source"
    _order = "policy_id, sequence, id"
    _rec_name = "location_id"
    _check_company_auto = True

    sequence = fields.Integer(default=10)
    location_id = fields.Many2one(
        "stock.location",
        "Place",
        required=True,
        check_company=True,
        ondelete="restrict",
        domain="[('usage', 'in', ['internal', 'view'])]",
    )

    _location_unique = models.UniqueIndex("(policy_id, location_id)", "A policy names each place once.")

    @api.constrains("location_id")
    def _check_shares(self):
        self.policy_id._check_shares()
