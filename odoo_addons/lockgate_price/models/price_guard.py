from contextlib import contextmanager
from contextvars import ContextVar

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError

from .price_change_decision import ANALYST

# Whether Lockgate itself is writing what was approved. It lives in Python alone: no context key, RPC
# argument or server action can set it.
_passing = ContextVar("lockgate_price_passing", default=False)
# Lines that a refusal brings along for the change that it offers to draft.
OFFERED = 50

# The active books that stand on each of these pricelists, over rules that are based on other pricelists.
STANDING = """
    WITH RECURSIVE standing AS (
        SELECT book.id AS book_id, book.pricelist_id
          FROM lockgate_price_book book
          JOIN lockgate_channel channel ON channel.id = book.channel_id AND channel.active
         WHERE book.active
     UNION
        SELECT standing.book_id, rule.base_pricelist_id
          FROM standing
          JOIN product_pricelist_item rule ON rule.pricelist_id = standing.pricelist_id
         WHERE rule.base = 'pricelist' AND rule.base_pricelist_id IS NOT NULL
    )
    SELECT DISTINCT book_id FROM standing WHERE pricelist_id = ANY(%s)
"""

# The active books of the channels on which these products are listed.
LISTED = """
    SELECT book.id, array_agg(DISTINCT listing.product_id)
      FROM lockgate_listing listing
      JOIN lockgate_price_book book ON book.channel_id = listing.channel_id AND book.active
      JOIN lockgate_channel channel ON channel.id = book.channel_id AND channel.active
     WHERE listing.active AND listing.product_id = ANY(%s)
  GROUP BY book.id
"""


@contextmanager
def passage():
    """Let Lockgate write the rules of what was approved; ends with the block, whatever happens."""
    token = _passing.set(True)
    try:
        yield
    finally:
        _passing.reset(token)


class GovernedPriceError(UserError):
    """A direct edit of a governed price; its dialog offers to draft a price change instead.

    `context` is what Odoo sends along to the web client: the action, and what it is opened with.
    """

    def __init__(self, message, action, values):
        super().__init__(message)
        self.context = {"action": action, "values": values}


class PriceGuard(models.AbstractModel):
    """No way around: what a book stands on is changed by price changes.

    Governed are the rules of pricelists that active books stand on, and list prices and extra prices of
    what is listed on their channels. By the mode of a book's company, a person's direct edit is refused,
    or it stands and becomes a draft. The superuser's own writes (modules, data) and SQL pass; the sweep
    finds them as drift. Cost and currency rates are never refused.
    """

    _name = "lockgate.price.guard"
    _description = "Guard of Governed Prices"

    @api.model
    def _is_direct_edit(self):
        """Whether a person writes here; `sudo` changes nothing about who it is."""
        return self.env.uid != SUPERUSER_ID and not _passing.get()

    @api.model
    def _edit_products(self, products, price=None):
        """A person edits the list price or an extra price of these products; `price` is the new one."""
        self.env.flush_all()
        self.env.cr.execute(LISTED, [products.ids])
        reach = dict(self.env.cr.fetchall())
        lines = {product.id: price for product in products[:OFFERED]} if price else {}
        self._edit({book_id: set(product_ids) for book_id, product_ids in reach.items()}, products, lines)

    @api.model
    def _edit_pricelists(self, pricelists, products=None, what=None, lines=None):
        """A person edits rules of these pricelists, for `products` or, without them, for all."""
        self.env.flush_all()
        self.env.cr.execute(STANDING, [pricelists.ids])
        product_ids = None if products is None else set(products.ids)
        reach = {book_id: product_ids for (book_id,) in self.env.cr.fetchall()}
        self._edit(reach, what or pricelists, lines or {})

    @api.model
    def _edit(self, reach, what, lines):
        """`reach`: {book id: ids of products whose price may change, None for all of the book}."""
        books = self.env["lockgate.price.book"].sudo().browse(sorted(reach))
        strict = books.filtered(lambda book: book.company_id.lockgate_price_edits == "strict")
        if strict:
            self._refuse(strict, what, lines)
        for book in books:
            self.env["lockgate.price.change"]._gather_captured(book, reach[book.id])

    @api.model
    def _refuse(self, books, what, lines):
        message = self.env._(
            "%(what)s: channels show prices that stand on this (%(books)s), so it is not edited directly. "
            "%(advice)s",
            what=", ".join(what[:3].sudo().mapped("display_name")),
            books=", ".join(f"{book.channel_id.name}: {book.name}" for book in books[:3]),
            advice=self.env._("Draft a price change instead.")
            if self.env.user.has_group(ANALYST)
            else self.env._("Ask a pricing analyst for a price change."),
        )
        if not self.env.user.has_group(ANALYST):
            raise UserError(message)
        raise GovernedPriceError(
            message,
            self.env.ref("lockgate_price.lockgate_price_change_action_new").id,
            {
                "default_book_ids": [[6, 0, books.ids]],
                "default_line_ids": [
                    [0, 0, {"product_id": product_id, "price": price}] for product_id, price in lines.items()
                ],
            },
        )
