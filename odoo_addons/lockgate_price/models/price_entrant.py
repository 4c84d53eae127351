"""What enters the range of governed prices gets a draft, not a price.

What comes to be listed has no approved price: the sweep drafts Odoo's, in the system's name. What is moved to
another category has one, which channels keep: Odoo's price there becomes a draft at the flush, in the name
of whoever moved it, in either mode of the company. Nobody is refused to sort products.
"""

from odoo import SUPERUSER_ID, api, models

from .price_guard import LISTED


class PriceBook(models.Model):
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


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _lockgate_enter_category(self):
        """Draft what Odoo gives for these products from the next flush on, in every book they are sold in."""
        self.env.flush_all()
        self.env.cr.execute(LISTED, [self.ids])
        books = dict(self.env.cr.fetchall())
        for book in self.env["lockgate.price.book"].sudo().browse(sorted(books)):
            self.env["lockgate.price.change"]._gather_captured(book, books[book.id])


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def write(self, vals):
        moved = self.filtered(lambda one: one.categ_id.id != vals["categ_id"]) if "categ_id" in vals else None
        result = super().write(vals)
        if moved:
            moved.with_context(active_test=False).product_variant_ids._lockgate_enter_category()
        return result


class ProductCategory(models.Model):
    _inherit = "product.category"

    def write(self, vals):
        """Under another category, what lies in it is priced by that one's rules as well."""
        result = super().write(vals)
        if "parent_id" in vals:
            products = self.env["product.product"].sudo().with_context(active_test=False)
            products.search([("categ_id", "child_of", self.ids)])._lockgate_enter_category()
        return result
