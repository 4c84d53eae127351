"""What Odoo looks up for each line of a price change, looked up once: a file brings 50,000 of them."""

from odoo import fields, models
from odoo.tools import float_repr


class LinePrice(fields.Monetary):
    """An amount in the currency of the line's change, which Odoo would compute anew for each new line."""

    def convert_to_column_insert(self, value, record, values=None, validate=True):
        if not values or "change_id" not in values:  # a line that is written knows its own
            return super().convert_to_column_insert(value, record, values, validate)
        if not value:
            return 0.0
        currency = record.env["lockgate.price.change"].sudo().browse(values["change_id"]).currency_id
        return float_repr(currency.round(value), currency.decimal_places)


class PriceChangeLine(models.Model):
    _inherit = "lockgate.price.change.line"

    price = LinePrice()
    compare_price = LinePrice()

    def _check_company(self, fnames=None):
        """Lines of one company that name nothing of another need no look at each."""
        lines = self.sudo()
        named = lines.product_id.company_id | lines.product_tmpl_id.company_id | lines.base_book_id.company_id
        if len(lines.company_id) > 1 or named - lines.company_id:
            super()._check_company(fnames)
