from odoo import SUPERUSER_ID, api, models


class PriceBook(models.Model):
    """What comes to be listed where prices are governed gets a draft, not a price."""

    _inherit = "lockgate.price.book"

    def _draft_entrants(self, products):
        """Draft Odoo's prices of these listed products without a seal, unless they were drafted already.

        In the system's name, in its one open draft for the book. A book without any seal waits for its
        baseline, and what somebody turned down is left to people. Call it on clean books (`_clean`).
        """
        impact = self.env["lockgate.price.impact"]
        turned_down = impact.search(
            [
                ("book_id", "=", self.id),
                ("product_id", "in", products.ids),
                ("change_id.state", "in", ("rejected", "cancelled")),
            ]
        )
        new = products - turned_down.product_id.union(*impact._pending(products, self))
        if new and self.env["lockgate.price.seal"].search_count([("book_id", "=", self.id)], limit=1):
            book = self.with_user(SUPERUSER_ID)
            book.env["lockgate.price.change"]._take_over(
                book,
                set(new.ids),
                book.env._("Newly listed: no price is approved yet, so the channel gets none."),
            )


class PriceDrift(models.Model):
    _inherit = "lockgate.price.drift"

    @api.model
    def _record(self, book, rows):
        super()._record(book, rows)
        entered = {row["product_id"] for row in rows if not row["seal_id"] and book._drifted(row)}
        book._draft_entrants(book.env["product.product"].browse(sorted(entered)))
