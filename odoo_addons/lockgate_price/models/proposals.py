"""What a price change does to each listing and book: the numbers that are shown, approved and sealed."""

from typing import NamedTuple

# The unit's factors are exact numbers in the database, so the price is computed there, once, in sets.
PROPOSALS = """
    SELECT listing.id AS listing_id, listing.channel_id, listing.product_id, book.id AS book_id,
           line.id AS line_id, currency.id AS currency_id, currency.name AS currency,
           coalesce(book.tax_included, false) AS tax_included, unit.id AS uom_id, unit.name->>'en_US' AS unit,
           round(
               round(CASE WHEN unit.id = own_unit.id THEN line.price
                          ELSE line.price * unit.factor / own_unit.factor END / currency.rounding)
                   * currency.rounding,
               currency.decimal_places) AS amount
      FROM lockgate_price_change_line line
      JOIN lockgate_price_change_book_rel chosen ON chosen.change_id = line.change_id
      JOIN lockgate_price_book book ON book.id = chosen.book_id AND book.active
      JOIN product_pricelist pricelist ON pricelist.id = book.pricelist_id
      JOIN res_currency currency ON currency.id = pricelist.currency_id
      JOIN lockgate_listing listing ON listing.channel_id = book.channel_id
                                   AND listing.product_id = line.product_id AND listing.active
      JOIN product_product product ON product.id = listing.product_id AND product.active
      JOIN product_template template ON template.id = product.product_tmpl_id
      JOIN uom_uom unit ON unit.id = listing.uom_id
      JOIN uom_uom own_unit ON own_unit.id = template.uom_id
     WHERE line.change_id = %s
  ORDER BY listing.id, book.id
"""


class Proposal(NamedTuple):
    """The price of one `unit` of a listing in a book; `amount` is a Decimal, rounded to its currency."""

    listing_id: int
    channel_id: int
    product_id: int
    book_id: int
    line_id: int
    currency_id: int
    currency: str
    tax_included: bool
    uom_id: int
    unit: str
    amount: object

    def content(self):
        """All of it that an approval stands for; the channel follows from the listing."""
        return {
            "listing": self.listing_id,
            "product": self.product_id,
            "book": self.book_id,
            "line": self.line_id,
            "amount": str(self.amount),
            "currency": self.currency,
            "tax_included": self.tax_included,
            "unit": self.uom_id,
            "breaks": [],
        }


def propose(cr, change_id):
    """The proposals of a change, from what is in the database: flush first."""
    cr.execute(PROPOSALS, [change_id])
    return [Proposal(*row) for row in cr.fetchall()]
