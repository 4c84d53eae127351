from odoo import api, fields, models

from .proposals import parameters
from .resolve import resolved
from .worst import worst_of

COST_GROUPS = "lockgate_price.lockgate_price_group_analyst,lockgate_price.lockgate_price_group_approver"

# One statement replaces the impact of a change: what is held there is read before it is taken away.
REPLACE = f"""
    WITH resolved AS MATERIALIZED ({{resolved}}), gone AS (
        DELETE FROM lockgate_price_impact WHERE change_id = %(change)s
    ), gone_too AS (
        DELETE FROM lockgate_price_left_out WHERE change_id = %(change)s
    ), left_out AS (
        INSERT INTO lockgate_price_left_out (
               change_id, line_id, listing_id, book_id, company_id, rule_id, why)
        SELECT %(change)s, line_id, listing_id, book_id, %(company)s::int, CASE WHEN loses THEN rule_id END,
               CASE WHEN loses THEN 'rule' ELSE 'nothing' END
          FROM resolved WHERE loses OR amount IS NULL
    )
    INSERT INTO lockgate_price_impact (
           change_id, line_id, listing_id, channel_id, product_id, book_id, company_id, currency_id, uom_id,
           old_seal_id, old_price, current_price, new_price, compare_at, breaks, lowest_price, fall_percent,
           rise_percent, change_percent, cost, margin, margin_percent, rule_id, overrides_rule, shadowed,
           base_amount, compare_base, basis)
    SELECT %(change)s, line_id, listing_id, channel_id, product_id, book_id, %(company)s::int, currency_id,
           uom_id, old_seal_id, old_price,
           current_price, amount, compare_at, nullif(breaks, '[]'),
           worst.lowest, worst.fall, worst.rise, shown.change,
           round(round(cost / smallest) * smallest, decimal_places),
           round(round((shown.net - cost) / smallest) * smallest, decimal_places),
           (shown.net - cost) / nullif(shown.net, 0), rule_id, coalesce(rule_is_closer, false),
           nullif(to_jsonb(shadowed), '[]'), base_amount, compare_base,
           (SELECT coalesce(max(id), 0) FROM lockgate_price_seal)
      FROM resolved
CROSS JOIN LATERAL {worst_of("amount", "breaks", "old_price", "old_breaks")} worst
CROSS JOIN LATERAL (SELECT (worst.lowest - on_net) / per_net AS net,
                           CASE WHEN -worst.fall > worst.rise THEN worst.fall
                                ELSE worst.rise END AS change) shown
     WHERE NOT loses AND amount IS NOT NULL
  ORDER BY worst.fall, listing_id, book_id
"""


class PriceImpact(models.Model):
    """What a price change does to one listing in one book: for people to read before they decide.

    Computed in one statement when lines or books change, when approval is asked for, and when it is given;
    for many listings in the background (`_refresh_soon`). From the moment approval is asked for, it also
    holds what each price was computed from. All prices are of one unit of the listing, in the book's
    currency.
    """

    _name = "lockgate.price.impact"
    _inherit = ["lockgate.rows"]
    _description = "Price Impact"
    _log_access = False
    _order = "change_id, fall_percent, id"

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
        "Odoo's Price",
        readonly=True,
        aggregator=None,
        help="What the pricelist gives when the change begins, as far as it is known by now.",
    )
    rule_id = fields.Many2one(
        "product.pricelist.item",
        "Odoo's Rule",
        readonly=True,
        ondelete="set null",
        help="The pricelist rule that decides Odoo's price until this change; none: the list price.",
    )
    overrides_rule = fields.Boolean(
        "Overrides It", readonly=True, help="That rule is more specific than the line that decides now."
    )
    shadowed = fields.Json(readonly=True)
    shadowed_text = fields.Char(
        "Lines That Lose",
        compute="_compute_shadowed_text",
        help="Lines of this change that name the listing too; a more specific one decides.",
    )
    new_price = fields.Monetary(readonly=True, aggregator=None)
    compare_at = fields.Monetary("Regular Price", readonly=True, aggregator=None)
    breaks = fields.Json(readonly=True)
    breaks_text = fields.Char("Quantity Breaks", compute="_compute_breaks_text")
    lowest_price = fields.Monetary(
        readonly=True, aggregator=None, help="The new price at the quantity where it is lowest."
    )
    fall_percent = fields.Float(
        "Largest Fall",
        readonly=True,
        aggregator="min",
        help="The lowest change at any quantity, as a part of one: quantity breaks are compared with what "
        "the price in force was from there on.",
    )
    rise_percent = fields.Float(
        "Largest Rise",
        readonly=True,
        aggregator="max",
        help="The highest change at any quantity, as a part of one.",
    )
    change_percent = fields.Float(
        "Change %",
        readonly=True,
        aggregator="avg",
        help="From the old price to the new, as a part of one; with quantity breaks, where it is largest.",
    )
    cost = fields.Monetary(readonly=True, aggregator=None, groups=COST_GROUPS)
    margin = fields.Monetary(
        readonly=True,
        groups=COST_GROUPS,
        help="New price, where it is lowest, without tax, less cost.",
    )
    margin_percent = fields.Float(
        "Margin %",
        readonly=True,
        aggregator="avg",
        groups=COST_GROUPS,
        help="Margin, as a part of the price without tax.",
    )

    base_amount = fields.Monetary(
        readonly=True,
        aggregator=None,
        groups=COST_GROUPS,
        help="What the line computed it from, which may be the cost.",
    )
    compare_base = fields.Monetary(readonly=True, aggregator=None)
    basis = fields.Integer(readonly=True, aggregator=None, help="The newest seal when this was computed.")

    _listing_index = models.Index("(listing_id, book_id)")

    @api.depends("shadowed")
    def _compute_shadowed_text(self):
        lines = self.env["lockgate.price.change.line"]
        known = lines.browse({line_id for row in self for line_id in row.shadowed or ()}).exists()
        for row in self:
            losers = lines.browse(row.shadowed or ()) & known
            row.shadowed_text = ", ".join(losers.mapped("display_name")) or False

    @api.depends("breaks")
    def _compute_breaks_text(self):
        for row in self:
            steps = [f"{step['minimum']}: {step['amount']}" for step in row.breaks or ()]
            row.breaks_text = "; ".join(steps) or False

    @api.model
    def _refresh(self, changes):
        """Compute the impact of these changes anew, now."""
        self.env.flush_all()
        for change in changes:
            clean = change._clean()
            self.with_env(clean.env)._compute(clean)
        self.env.invalidate_all()

    def _compute(self, change):
        # Once it is asked for nothing is looked up any more: what stands here is what is approved.
        sql = REPLACE.format(resolved=resolved(live=not change.request_hash, facts=True))
        self.env.cr.execute(sql, parameters(change, change._begins()))
        change._ask_pricelists_soon()
