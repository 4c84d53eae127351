"""What a price change does to each listing and book: the numbers that are shown, approved and sealed."""

import json
from decimal import Decimal
from typing import NamedTuple

from .resolve import resolved


class Proposal(NamedTuple):
    """The price of one `unit` of a listing in a book; amounts are Decimals, rounded to its currency.

    They are multiples of `rounding` (text), by the book's method.
    `breaks`: [{"minimum": whole units, "amount"}], decimals as text. `compare_at` is None, or above `amount`.
    """

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
    breaks: list
    compare_at: object
    rounding: str
    rounding_method: str

    def lowest(self):
        """The price at the quantity where it is lowest."""
        return min([self.amount, *(Decimal(step["amount"]) for step in self.breaks)])

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
            "breaks": self.breaks,
            "rounding": [self.rounding, self.rounding_method],
            "compare_at": None if self.compare_at is None else str(self.compare_at),
        }


def parameters(change, moment):
    """What the statements take, of a clean `change` that begins at `moment`."""
    company, products = change.company_id, change.env["product.product"]
    currencies = company.currency_id | change._base_books().currency_id
    rates = {
        currency.id: currency._get_conversion_rate(currency, change.currency_id, company)
        for currency in currencies
    }
    return {
        "change": change.id,
        "asked": change.state != "draft",
        "moment": moment,
        "company": str(company.id),
        "company_currency": str(company.currency_id.id),
        "default_cost": products._fields["standard_price"].get_company_dependent_fallback(products) or 0.0,
        "rates": json.dumps(rates),
        "taxes": (change.book_ids | change._base_books())._taxes(),
    }


def propose(change, moment, live):
    """The proposals of a clean change, from what is in the database: flush first."""
    columns = ", ".join(Proposal._fields)
    change.env.cr.execute(
        f"SELECT {columns} FROM ({resolved(live, facts=False)}) proposal"
        " WHERE amount IS NOT NULL AND NOT loses ORDER BY listing_id, book_id",
        parameters(change, moment),
    )
    return [Proposal(*row) for row in change.env.cr.fetchall()]
