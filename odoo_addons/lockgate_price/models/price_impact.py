import json

from odoo import api, fields, models
from odoo.exceptions import AccessError

from .price_seal import IN_FORCE
from .proposals import PROPOSALS

COST_GROUPS = "lockgate_price.lockgate_price_group_analyst,lockgate_price.lockgate_price_group_approver"

KEPT = (
    "line_id", "listing_id", "channel_id", "product_id", "book_id", "currency_id", "uom_id", "old_seal_id",
)  # fmt: skip

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
        readonly=True, aggregator=None, help="Sealed and in force when the change begins."
    )
    current_price = fields.Monetary(
        "Odoo's Price", readonly=True, aggregator=None, help="What the pricelist gives now."
    )
    new_price = fields.Monetary(readonly=True, aggregator=None)
    change_percent = fields.Float(
        "Change %", readonly=True, aggregator="avg", help="From the old price to the new, as a part of one."
    )
    cost = fields.Monetary(readonly=True, aggregator=None, groups=COST_GROUPS)
    margin = fields.Monetary(
        readonly=True,
        groups=COST_GROUPS,
        help="New price less cost. In a book with tax included the tax is still in it.",
    )
    margin_percent = fields.Float(
        "Margin %",
        readonly=True,
        aggregator="avg",
        groups=COST_GROUPS,
        help="Margin, as a part of the price.",
    )

    # pylint: disable=method-required-super
    def write(self, vals):
        raise AccessError(self.env._("The impact of a price change is computed, never written."))

    @api.model_create_multi
    def create(self, vals_list):
        raise AccessError(self.env._("The impact of a price change is computed, never written."))

    @api.model
    def _refresh(self, changes, lines=None):
        """Compute the impact of these changes anew: of these lines of theirs, or of all lines."""
        self.env.flush_all()
        for change in changes:
            clean = change._clean()
            self.with_env(clean.env)._compute(clean, lines and (lines & change.line_ids).ids)
        self.env.invalidate_all()

    def _compute(self, change, line_ids):
        cr = self.env.cr
        cr.execute(
            "DELETE FROM lockgate_price_impact"
            " WHERE change_id = %(change)s AND (%(lines)s::int[] IS NULL OR line_id = ANY(%(lines)s))",
            {"change": change.id, "lines": line_ids},
        )
        moment = max(change.effective_from or fields.Datetime.now(), fields.Datetime.now())
        cr.execute(BASIS, {"change": change.id, "lines": line_ids, "moment": moment})
        basis = cr.dictfetchall()
        current, cost = self._current_prices(basis), self._costs(change, basis)
        rows = [self._row(change.currency_id, row, current, cost) for row in basis]
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
            {"change": change.id, "company": change.company_id.id, "rows": json.dumps(rows)},
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

    def _costs(self, change, basis):
        """{product id: cost of one of its own unit, in the change's currency, not rounded}."""
        products = self.env["product.product"].browse({row["product_id"] for row in basis})
        rate = self.env["res.currency"]._get_conversion_rate(
            change.company_id.currency_id, change.currency_id, change.company_id
        )
        return {product.id: product.standard_price * rate for product in products}

    @staticmethod
    def _row(currency, row, current, cost):
        """A row of impact as JSON; percentages as parts of one."""
        new, old = float(row["amount"]), row["old_price"]
        cost = currency.round(cost[row["product_id"]] * float(row["ratio"]))
        return {name: row[name] for name in KEPT} | {
            "old_price": old and str(old),
            "current_price": current[row["book_id"], row["uom_id"], row["product_id"]],
            "new_price": str(row["amount"]),
            "change_percent": (new - float(old)) / float(old) if old else None,
            "cost": cost,
            "margin": currency.round(new - cost),
            "margin_percent": (new - cost) / new if new else None,
        }
