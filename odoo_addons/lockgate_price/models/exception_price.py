from collections import defaultdict
from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

# What the channel showed of each price that drifted, when it was read back the last time.
SHOWN = """
    SELECT DISTINCT ON (p.id) p.scope, p.listing_id, a.reading->>'amount', a.reading->>'currency'
      FROM lockgate_exception_failure f
      JOIN lockgate_publication p ON p.id = f.publication_id
      JOIN lockgate_attempt a ON a.publication_id = p.id AND a.outcome = 'read' AND a.reading IS NOT NULL
     WHERE f.exception_id = ANY(%s) AND f.resolved_at IS NULL AND f.aspect = 'price' AND f.category = 'drift'
  ORDER BY p.id, a.id DESC
"""


class ExceptionPrice(models.Model):
    _inherit = "lockgate.exception"

    def action_use_channel_price(self):
        """Draft the prices that the channels show instead of ours: a change for each book, decided as any.

        For who may draft price changes. Raises UserError where no price was shown in a book's currency.
        """
        self.check_access("read")
        self.env["lockgate.price.change"].check_access("create")
        prices = self._shown_prices()
        if not prices:
            raise UserError(
                self.env._("The channel showed no price in its book's currency: there is nothing to draft.")
            )
        drafts = self.env["lockgate.price.change"]
        changes = drafts.create(
            [
                {
                    **drafts._prepare_draft(
                        book, self.env._("As %(channel)s shows them.", channel=book.channel_id.name)
                    ),
                    "line_ids": [
                        fields.Command.create({"product_id": product.id, "price": price})
                        for product, price in lines.items()
                    ],
                }
                for book, lines in prices.items()
            ]
        )
        for exception in self:
            exception.sudo().message_post(
                body=self.env._("Drafted as the channel shows it: %s.", ", ".join(changes.mapped("name"))),
                author_id=self.env.user.partner_id.id,
            )
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_price.lockgate_price_change_action")
        return action | {"domain": [("id", "in", changes.ids)], "context": {}}

    def _shown_prices(self):
        """{book: {product: price of the product's own unit}}, in each book's currency."""
        self.env.cr.execute(SHOWN, [self.ids])
        prices = defaultdict(dict)
        for book_id, listing_id, amount, currency in self.env.cr.fetchall():
            book = self.env["lockgate.price.book"].browse(book_id)
            listing = self.env["lockgate.listing"].browse(listing_id)
            if currency == book.currency_id.name and Decimal(amount) > 0:
                product = listing.product_id
                price = book._given_of(product, float(amount), listing.uom_id)
                prices[book].setdefault(product, book.currency_id.round(price))
        return prices
