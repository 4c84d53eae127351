from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime


class PriceMoment(models.TransientModel):
    """Asks what price was in force at a moment, of a product or of a listing."""

    _name = "lockgate.price.moment"
    _description = "Price at a Moment"
    _inherit = ["lockgate.own"]

    product_id = fields.Many2one("product.product", default=lambda self: self._default_of("product.product"))
    listing_id = fields.Many2one(
        "lockgate.listing", default=lambda self: self._default_of("lockgate.listing")
    )
    moment = fields.Datetime(required=True, default=fields.Datetime.now)

    @api.model
    def _default_of(self, model):
        if self.env.context.get("active_model") == model:
            return self.env.context.get("active_id")
        return False

    def action_show(self):
        """Open the ledger at that moment: one row for each listing and book."""
        if not (self.product_id or self.listing_id):
            raise UserError(self.env._("Choose a product or a listing."))
        ledger = self.env["lockgate.price.ledger"]
        rows = ledger._at(self.moment, self.listing_id or None, self.product_id or None)
        name = self.env._("Prices at %s", format_datetime(self.env, self.moment))
        return ledger._action([("id", "in", rows.ids)]) | {
            "name": name,
            "display_name": name,  # it stands before the name, where there is one
            "target": "current",
        }
