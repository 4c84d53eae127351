from datetime import timedelta

from odoo import api, fields, models

from .exception import UNRESOLVED
from .one_by_one import one_by_one

DAYS = 30


class ExceptionImpact(models.Model):
    """What an exception may cost: the sales of the last 30 days of the products that fail.

    Of all that the channel lists where its credential is refused: what fails is what was tried with it.
    """

    _inherit = "lockgate.exception"

    currency_id = fields.Many2one(related="company_id.currency_id")
    revenue_at_risk = fields.Monetary(
        "30-Day Sales at Risk",
        readonly=True,
        aggregator="sum",
        help="What the company sold in 30 days, on whichever channel, of the products that fail. "
        "Brought up to date within a minute and once a day; empty where Sales is not installed.",
    )
    impact_of = fields.Char(readonly=True, help="What the sales at risk were computed of.")

    @api.model
    def _cron_catch_up(self):
        result = super()._cron_catch_up()
        self._update_impact()
        return result

    @api.model
    def _update_impact(self):
        """Compute it where the failing listings changed, or a day has passed."""
        unresolved = self.search([("state", "in", UNRESOLVED)])
        outdated = unresolved.filtered(lambda one: one.impact_of != one._impact_of())
        one_by_one(outdated, lambda one: one._compute_impact(), "Sales at risk")

    def _impact_of(self):
        """That of the channel as a whole stays what it is, however often it is tried."""
        seen = self.last_at if self.listing_count else ""
        return f"{fields.Date.today()} {self.failing_count} {seen}"

    def _compute_impact(self):
        self.write({"revenue_at_risk": self._revenue(), "impact_of": self._impact_of()})

    def _revenue(self):
        """In the company's currency; 0 where nothing is known of sales."""
        if "sale.report" not in self.env:
            return 0.0
        failing = self._failing().listing_id if self.category != "credentials" else None
        listings = failing or self.channel_id.listing_ids
        [(revenue,)] = (
            self.env["sale.report"]
            .with_company(self.company_id)
            ._read_group(
                [
                    ("company_id", "=", self.company_id.id),
                    ("product_id", "in", listings.product_id.ids),
                    ("state", "=", "sale"),
                    ("date", ">=", fields.Datetime.now() - timedelta(days=DAYS)),
                ],
                [],
                ["price_subtotal:sum"],
            )
        )
        return revenue or 0.0
