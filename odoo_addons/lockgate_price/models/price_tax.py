"""What a book shows of Odoo's price: with tax or without, under its fiscal position.

Three prices of one unit, on straight lines: *given* is Odoo's own (a list price, a pricelist's rule, a line's
fixed price), in the tax basis of the product; *net* is without tax, as cost is; *shown* is what the channel
shows, and what is sealed. shown = given * per_given + on_given = net * per_net + on_net. Taxes are known to
the add-on that stands on accounting; without it all three are the same.
"""

import json
from typing import NamedTuple

from odoo import models


class Tax(NamedTuple):
    per_given: float = 1.0
    on_given: float = 0.0
    per_net: float = 1.0
    on_net: float = 0.0

    def shown(self, given):
        return given * self.per_given + self.on_given

    def given(self, shown):
        return (shown - self.on_given) / self.per_given


def tax_of(book, template):
    """SQL, for LATERAL: the `Tax` that holds for the product template of these expressions in a book.

    Takes the parameter `taxes` of `_taxes`.
    """
    line = f"%(taxes)s::jsonb -> 'lines' -> {book}::text -> (%(taxes)s::jsonb -> 'sets' ->> {template}::text)"
    columns = ", ".join(
        f"coalesce((line ->> {position})::numeric, {default:.0f}) AS {name}"
        for position, (name, default) in enumerate(Tax._field_defaults.items())
    )
    return f"(SELECT {columns} FROM (SELECT {line} AS line) found)"


class PriceBook(models.Model):
    _inherit = "lockgate.price.book"

    def _tax_lines(self, template_ids=None):
        """({book id: {tax set: Tax}}, {template id: tax set}) of these clean books.

        Of these templates, or of all that are listed on the channels of the books. What is not there is
        the same with tax and without.
        """
        return {}, {}

    def _taxes(self, template_ids=None):
        """`_tax_lines` as JSON, for SQL."""
        lines, sets = self._tax_lines(template_ids)
        return json.dumps({"lines": lines, "sets": sets})

    def _given(self, shown):
        """{product id: Odoo's price} of what this clean book shows of one of each product's own unit."""
        products = self.env["product.product"].browse(shown)
        taxes = self._taxes_by_product(products)
        return {
            product.id: self.currency_id.round(taxes[product].given(shown[product.id]))
            for product in products
        }

    def _given_of(self, product, shown, unit):
        """Odoo's price of one of the product's own unit, of what this clean book shows for one `unit`."""
        tax = self._taxes_by_product(product)[product]
        return unit._compute_price(tax.given(shown), product.uom_id)

    def _taxes_by_product(self, products):
        """{product: Tax} in this clean book."""
        lines, sets = self._tax_lines(products.product_tmpl_id.ids)
        own = lines.get(self.id, {})
        return {product: own.get(sets.get(product.product_tmpl_id.id), Tax()) for product in products}
