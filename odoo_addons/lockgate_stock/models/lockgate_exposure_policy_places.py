from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ExposurePolicy(models.Model):
    _inherit = "lockgate.exposure.policy"

    places = fields.Selection(
        [
            ("channel", "All warehouses of the channel"),
            ("sum", "These places together"),
            ("first", "The first of these places that has some to show"),
        ],
        required=True,
        default="channel",
        tracking=True,
        help="With the first of several places, what is shown can be delivered from one place.",
    )
    source_ids = fields.One2many("lockgate.exposure.source", "policy_id", "Places", copy=True)
    left_out_ids = fields.Many2many(
        "stock.location",
        relation="lockgate_exposure_left_out_rel",
        column1="policy_id",
        column2="location_id",
        string="Locations Left Out",
        domain=[("usage", "in", ["internal", "view"])],
        check_company=True,
        ondelete="restrict",
        help="What lies there or below is not shown.",
    )

    @api.constrains("places", "source_ids")
    def _check_places(self):
        for policy in self:
            if policy.places != "channel" and not policy.source_ids:
                raise ValidationError(
                    self.env._(
                        "Policy %s: name the places to sell from, or choose all warehouses of the channel.",
                        policy.name,
                    )
                )
