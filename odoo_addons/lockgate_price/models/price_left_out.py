from odoo import fields, models


class PriceLeftOut(models.Model):
    """A listing and book that a line of a price change names and does not touch, and why."""

    _name = "lockgate.price.left.out"
    _inherit = ["lockgate.rows"]
    _description = "Left Out of a Price Change"
    _log_access = False
    _order = "change_id, id"

    change_id = fields.Many2one(
        "lockgate.price.change", required=True, readonly=True, ondelete="cascade", index=True
    )
    line_id = fields.Many2one(
        "lockgate.price.change.line", required=True, readonly=True, ondelete="cascade", index=True
    )
    listing_id = fields.Many2one("lockgate.listing", required=True, readonly=True, ondelete="cascade")
    book_id = fields.Many2one("lockgate.price.book", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    rule_id = fields.Many2one("product.pricelist.item", "Odoo's Rule", readonly=True, ondelete="cascade")
    why = fields.Selection(
        [
            ("rule", "A more specific rule decides its price, and the line does not override"),
            ("nothing", "Nothing to compute from: no price in force, or no cost"),
        ],
        readonly=True,
    )
