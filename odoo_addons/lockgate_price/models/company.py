from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    lockgate_price_edits = fields.Selection(
        [
            ("capture", "Stand in Odoo and become a draft"),
            ("strict", "Are refused"),
        ],
        "Direct Price Edits",
        required=True,
        default="capture",
        groups="lockgate.lockgate_group_manager",
        tracking=True,
        help="What happens when somebody edits a list price, an extra price or a pricelist rule that a "
        "price book stands on. Channels keep their approved prices either way.",
    )
