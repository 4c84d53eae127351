from odoo import api, fields, models


class PriceBook(models.Model):
    _inherit = "lockgate.price.book"

    fiscal_position_id = fields.Many2one(
        "account.fiscal.position",
        check_company=True,
        ondelete="restrict",
        help="Whose taxes hold for the prices of this book; empty: those of the products.",
    )

    @api.model
    def _fixed_by_seals(self):
        return super()._fixed_by_seals() | {"fiscal_position_id"}
