from odoo import models
from odoo.addons.lockgate_price.models.price_tax import Tax

# Taxes are straight lines of the price, so two points tell a line; the second is high, so nothing is lost.
HIGH = 1e6


class PriceBook(models.Model):
    _inherit = "lockgate.price.book"

    def _tax_lines(self, template_ids=None):
        """The taxes of products, as Odoo's own computation applies them under each book's fiscal position."""
        sets = self._tax_sets(template_ids)
        taxes = self.env["account.tax"].sudo()
        lines = {}
        for book in self.sudo():
            own = {
                key: book._tax(
                    taxes.browse(map(int, key.split(",")))._filter_taxes_by_company(book.company_id)
                )
                for key in set(sets.values())
            }
            lines[book.id] = {key: tax for key, tax in own.items() if tax != Tax()}
        used = set().union(*lines.values())  # most often none: then nothing is handed on for each product
        return lines, {template_id: key for template_id, key in sets.items() if key in used}

    def _tax_sets(self, template_ids):
        """{template id: its taxes of whatever company, as text}."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT prod_id, string_agg(tax_id::text, ',' ORDER BY tax_id) FROM product_taxes_rel
             WHERE CASE WHEN %(templates)s::int[] IS NULL
                        THEN prod_id IN (SELECT product.product_tmpl_id FROM lockgate_listing listing
                                           JOIN product_product product ON product.id = listing.product_id
                                          WHERE listing.channel_id = ANY(%(channels)s))
                        ELSE prod_id = ANY(%(templates)s) END
          GROUP BY prod_id
            """,
            {"templates": template_ids, "channels": self.channel_id.ids},
        )
        return dict(self.env.cr.fetchall())

    def _tax(self, taxes):
        """The `Tax` of a product with these taxes, in this book."""
        mapped = self.fiscal_position_id.map_tax(taxes).filtered("active")

        def net(given):
            return taxes._get_tax_details(given, 1.0, rounding_method="round_globally")["total_excluded"]

        def shown(price):
            if not self.tax_included:
                return price
            return mapped._get_tax_details(
                price, 1.0, rounding_method="round_globally", special_mode="total_excluded"
            )["total_included"]

        return Tax(*_line(lambda given: shown(net(given))), *_line(shown))


def _line(function):
    at_nothing, at_high = function(0.0), function(HIGH)
    return round((at_high - at_nothing) / HIGH, 12), round(at_nothing, 12)
