import json

from odoo import fields, models
from odoo.exceptions import AccessError

from .price_seal import IN_FORCE
from .proposals import PROPOSALS

COST_GROUPS = "lockgate_price.lockgate_price_group_analyst,lockgate_price.lockgate_price_group_approver"

# What each proposal changes from: the seal in force when the change begins, and the ratio of the units.
BASIS = f"""
    SELECT proposal.*, unit.factor / own_unit.factor AS ratio,
           in_force.id AS old_seal_id, in_force.amount AS old_price
      FROM ({PROPOSALS.replace("%s", "%(change)s")}) proposal
      JOIN lockgate_listing listing ON listing.id = proposal.listing_id
      JOIN lockgate_price_book book ON book.id = proposal.book_id
      JOIN product_product product ON product.id = proposal.product_id
      JOIN product_template template ON template.id = product.product_tmpl_id
      JOIN uom_uom unit ON unit.id = proposal.uom_id
      JOIN uom_uom own_unit ON own_unit.id = template.uom_id
 LEFT JOIN LATERAL ({IN_FORCE}) in_force ON true
     WHERE %(lines)s::int[] IS NULL OR proposal.line_id = ANY(%(lines)s)
"""


class PriceImpact(models.Model):
    """What a price change does to one listing in one book: for people to read before they decide.

    Computed in sets when lines or books change, when approval is asked for, and when it is given. All
    prices are of one unit of the listing, in the book's currency.
    """

    _name = "lockgate.price.impact"
    _description = "Price Impact"
    _log_access = False
    _order = "change_id, id"

    change_id = fields.Many2one(
        "lockgate.price.change", required=True, readonly=True, ondelete="cascade", index=True
    )
    line_id = fields.Many2one(
        "lockgate.price.change.line", required=True, readonly=True, ondelete="cascade", index=True
    )
    listing_id = fields.Many2one("lockgate.listing", required=True, readonly=True, ondelete="cascade")
    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, readonly=True, ondelete="cascade")
    book_id = fields.Many2one("lockgate.price.book", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True, ondelete="cascade")
    uom_id = fields.Many2one("uom.uom", "Unit", readonly=True, ondelete="cascade")
    old_seal_id = fields.Many2one("lockgate.price.seal", readonly=True, ondelete="restrict")
    old_price = fields.Monetary(
        "Old Price", readonly=True, aggregator=None, help="Sealed and in force when the change begins."
    )
    current_price = fields.Monetary(
        "Odoo's Price", readonly=True, aggregator=None, help="What the pricelist gives now."
    )
    new_price = fields.Monetary("New Price", readonly=True, aggregator=None)
    change_percent = fields.Float(
        "Change", readonly=True, aggregator="avg", help="From the old price to the new, as a part of one."
    )
    cost = fields.Monetary(readonly=True, aggregator=None, groups=COST_GROUPS)
    margin = fields.Monetary(
        readonly=True,
        groups=COST_GROUPS,
        help="New price less cost. In a book with tax included the tax is still in it.",
    )
    margin_percent = fields.Float(
        "Margin %", readonly=True, aggregator="avg", groups=COST_GROUPS, help="Margin, as a part of the price."
    )

    _listing_index = models.Index("(listing_id)")

    def write(self, vals):
        raise AccessError(self.env._("The impact of a price change is computed, never written."))

    def create(self, vals_list):
        raise AccessError(self.env._("The impact of a price change is computed, never written."))


class PriceChange(models.Model):
    _inherit = "lockgate.price.change"

    def _refresh_impact(self, lines=None):
        """Compute the impact anew: of these lines, or of all lines."""
        self.env.flush_all()
        for change in self:
            change._clean()._compute_impact(lines and lines.filtered(lambda line: line.change_id == change).ids)
        self.env.invalidate_all()

    def _compute_impact(self, line_ids):
        cr = self.env.cr
        cr.execute(
            "DELETE FROM lockgate_price_impact"
            " WHERE change_id = %(change)s AND (%(lines)s::int[] IS NULL OR line_id = ANY(%(lines)s))",
            {"change": self.id, "lines": line_ids},
        )
        moment = max(self.effective_from or fields.Datetime.now(), fields.Datetime.now())
        cr.execute(BASIS, {"change": self.id, "lines": line_ids, "moment": moment})
        basis = cr.dictfetchall()
        current, cost = self._current_prices(basis), self._costs(basis)
        rows = [
            self._impact(row, current[row["book_id"], row["uom_id"], row["product_id"]], cost) for row in basis
        ]
        cr.execute(
            """
            INSERT INTO lockgate_price_impact (
                   change_id, line_id, listing_id, channel_id, product_id, book_id, company_id, currency_id,
                   uom_id, old_seal_id, old_price, current_price, new_price, change_percent, cost, margin,
                   margin_percent)
            SELECT %(change)s, line_id, listing_id, channel_id, product_id, book_id, %(company)s, currency_id,
                   uom_id, old_seal_id, old_price, current_price, new_price, change_percent, cost, margin,
                   margin_percent
              FROM jsonb_populate_recordset(NULL::lockgate_price_impact, %(rows)s::jsonb)
            """,
            {"change": self.id, "company": self.company_id.id, "rows": json.dumps(rows)},
        )

    def _current_prices(self, basis):
        """{(book id, unit id, product id): what the pricelist gives for one unit now}."""
        wanted = {}
        for row in basis:
            wanted.setdefault((row["book_id"], row["uom_id"]), []).append(row["product_id"])
        prices, by_pricelist = {}, {}
        for (book_id, uom_id), product_ids in wanted.items():
            book = self.env["lockgate.price.book"].browse(book_id)
            # Two books may share a pricelist, which is slow to ask.
            key = (book.pricelist_id, uom_id, tuple(product_ids))
            if key not in by_pricelist:
                products = self.env["product.product"].browse(product_ids)
                by_pricelist[key] = book._prices_now(products, self.env["uom.uom"].browse(uom_id))
            for product_id, price in by_pricelist[key].items():
                prices[book_id, uom_id, product_id] = price
        return prices

    def _costs(self, basis):
        """{product id: cost of one of its own unit, in the change's currency, not rounded}."""
        products = self.env["product.product"].browse({row["product_id"] for row in basis})
        rate = self.env["res.currency"]._get_conversion_rate(
            self.company_id.currency_id, self.currency_id, self.company_id
        )
        return {product.id: product.standard_price * rate for product in products}

    def _impact(self, row, current_price, cost):
        new, old = float(row["amount"]), row["old_price"]
        cost = self.currency_id.round(cost[row["product_id"]] * float(row["ratio"]))
        kept = ("line_id", "listing_id", "channel_id", "product_id", "book_id", "currency_id", "uom_id")
        return {name: row[name] for name in (*kept, "old_seal_id")} | {
            "old_price": old and str(old),
            "current_price": current_price,
            "new_price": str(row["amount"]),
            "change_percent": (new - float(old)) / float(old) if old else None,
            "cost": cost,
            "margin": self.currency_id.round(new - cost),
            "margin_percent": (new - cost) / new if new else None,
        }
