"""The quantities from which Odoo gives another price, and what it gives from there on."""

from odoo import fields, models

from .breaks import written

# Quantities, in the product's own unit, from which a rule of the pricelist, or of one underneath, holds now.
QUANTITIES = """
    WITH RECURSIVE standing AS (
        SELECT %(pricelist)s AS pricelist_id
     UNION
        SELECT rule.base_pricelist_id
          FROM standing JOIN product_pricelist_item rule ON rule.pricelist_id = standing.pricelist_id
         WHERE rule.base = 'pricelist' AND rule.base_pricelist_id IS NOT NULL
    ), listed AS MATERIALIZED (
        SELECT product.id, template.id AS product_tmpl_id, category.parent_path
          FROM product_product product
          JOIN product_template template ON template.id = product.product_tmpl_id
     LEFT JOIN product_category category ON category.id = template.categ_id
         WHERE product.id = ANY(%(products)s)
    ), broad AS MATERIALIZED (
        SELECT item.*, above.parent_path FROM product_pricelist_item item
     LEFT JOIN product_category above ON above.id = item.categ_id
         WHERE item.pricelist_id IN (SELECT pricelist_id FROM standing) AND item.min_quantity > 0
           AND item.applied_on IN ('2_product_category', '3_global')
    )
    SELECT stepping.product_id, array_agg(DISTINCT stepping.min_quantity::float8)
      FROM (SELECT listed.id AS product_id, item.pricelist_id, item.min_quantity, item.date_start,
                   item.date_end
              FROM listed
              JOIN product_pricelist_item item ON item.product_id = listed.id
                                              AND item.applied_on = '0_product_variant'
         UNION ALL
            SELECT listed.id, item.pricelist_id, item.min_quantity, item.date_start, item.date_end
              FROM listed
              JOIN product_pricelist_item item ON item.product_tmpl_id = listed.product_tmpl_id
                                              AND item.applied_on = '1_product'
         UNION ALL
            SELECT listed.id, broad.pricelist_id, broad.min_quantity, broad.date_start, broad.date_end
              FROM listed
              JOIN broad ON broad.applied_on = '3_global'
                         OR starts_with(listed.parent_path, broad.parent_path)) stepping
     WHERE stepping.min_quantity > 0
       AND stepping.pricelist_id IN (SELECT pricelist_id FROM standing)
       AND (stepping.date_start IS NULL OR stepping.date_start <= %(moment)s)
       AND (stepping.date_end IS NULL OR stepping.date_end >= %(moment)s)
  GROUP BY stepping.product_id
"""


class PriceBook(models.Model):
    """What Odoo itself gives from a quantity on. Call these on clean books (`_clean`)."""

    _inherit = "lockgate.price.book"

    def _quantities_now(self, products):
        """{product id: [quantities of its own unit from which a rule holds]}, of those that have any."""
        self.env.flush_all()
        self.env.cr.execute(
            QUANTITIES,
            {
                "pricelist": self.pricelist_id.id,
                "products": products.ids,
                "moment": fields.Datetime.now(),
            },
        )
        return dict(self.env.cr.fetchall())

    def _prices_from(self, quantities, uom=None):
        """{product id: {quantity: price of one}} of {product id: quantities}, both in `uom` or, without it,
        in each product's own unit."""
        asked, moment, prices = {}, fields.Datetime.now(), {}
        for product_id, own in quantities.items():
            for quantity in own:
                asked.setdefault(quantity, set()).add(product_id)
        for quantity, product_ids in sorted(asked.items()):
            products = self.env["product.product"].browse(sorted(product_ids))
            for product_id, price in self._prices_at(moment, products, uom, quantity=quantity).items():
                prices.setdefault(product_id, {})[quantity] = price
        return prices

    def _lines_now(self, products):
        """{product id: what a line says that gives Odoo's price and quantity breaks of now}.

        Of the products that Odoo gives a price above zero for one of their own unit.
        """
        prices = self._prices_now(products)
        given = self._given(prices)
        quantities = {
            product_id: [quantity for quantity in own if quantity > 1]
            for product_id, own in self._quantities_now(products).items()
        }
        steps = self._prices_from(quantities)
        return {
            product_id: {
                "price": given[product_id],
                "breaks": self._breaks_text(product_id, price, steps.get(product_id, {})),
            }
            for product_id, price in prices.items()
            if price > 0
        }

    def _breaks_text(self, product_id, price, steps):
        """The breaks of a line: where the price, as it is shown, steps; False where it never does."""
        breaks = []
        for quantity, shown in sorted(steps.items()):
            if self.currency_id.compare_amounts(shown, price):
                breaks.append((quantity, self._given({product_id: shown})[product_id]))
            price = shown
        return written(breaks) or False
