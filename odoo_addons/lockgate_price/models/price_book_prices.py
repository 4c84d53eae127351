from odoo import fields, models

# Odoo looks at every rule it finds for every product of a call: small slices keep that linear.
SLICE = 50


class PriceBook(models.Model):
    """What Odoo itself gives for the products of a book. Call these on clean books (`_clean`)."""

    _inherit = "lockgate.price.book"

    def _prices_now(self, products, uom=None):
        """{product id: price} that the pricelist gives one `uom` now, as the book taxes and rounds it.

        `uom` is the product's own unit when not given.
        """
        return self._prices_at(fields.Datetime.now(), products, uom)

    def _prices_at(self, moment, products, uom=None, at_list_price=False, quantity=1.0):
        """As `_prices_now`, at `moment`; `at_list_price`: no rule applies, which is known beforehand.

        Of one, when `quantity` of them are bought.
        """
        prices, currency = {}, self.currency_id
        products = products.with_context(prefetch_fields=False)  # of a product little is needed here
        for start in range(0, len(products), SLICE):
            part = products[start : start + SLICE].with_prefetch(products.ids)
            if at_list_price:
                listed = part._price_compute("list_price", uom=uom, date=moment)
                for product in part:
                    prices[product.id] = product.currency_id._convert(
                        listed[product.id], currency, self.env.company, moment, round=False
                    )
            else:
                prices |= self.pricelist_id._get_products_price(part, quantity, uom=uom, date=moment)
        taxes = self._taxes_by_product(products)
        return {
            product.id: self._round_final(taxes[product].shown(prices[product.id])) for product in products
        }
