import logging

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models

from .proposals import parameters
from .resolve import DECIDED

_logger = logging.getLogger(__name__)

# Up to here an edit computes the impact at once; beyond, the form is not kept waiting.
AT_ONCE = 2000
SLICE = 1000


class PriceImpactJob(models.Model):
    """Impact that is to be computed in the background. Edits append; the scheduled action takes away."""

    _name = "lockgate.price.impact.job"
    _description = "Impact To Compute"
    _log_access = False
    _order = "id"

    change_id = fields.Many2one(
        "lockgate.price.change", required=True, readonly=True, ondelete="cascade", index=True
    )
    only_pricelists = fields.Boolean(
        readonly=True, help="All is computed but what Odoo's pricelists give when the change begins."
    )

    @api.model
    def _queue(self, change, only_pricelists=False):
        self.env.cr.execute(
            "INSERT INTO lockgate_price_impact_job (change_id, only_pricelists) VALUES (%s, %s)",
            [change.id, only_pricelists],
        )
        self.env.invalidate_all()
        self.env.ref("lockgate_price.lockgate_price_impact_cron").sudo()._trigger()

    @api.model
    def _run(self):
        """The scheduled action: a step at a time, each committed, so that people see how far it is."""
        cron = self.env["ir.cron"]
        while job := self.search([], limit=1):
            change = job.change_id
            try:
                self._step(change)
            except SerializationFailure:
                self.env.cr.rollback()  # somebody edited it meanwhile, and so asked for another run
            except Exception:
                self.env.cr.rollback()
                _logger.exception("Impact of price change %s: asking for its approval tells more", change.id)
                self.search([("change_id", "=", change.id)]).unlink()
            if not cron._commit_progress(1, remaining=self.search_count([])):
                return

    @api.model
    def _step(self, change):
        """Compute the impact of one change, or a slice of what pricelists give for it."""
        jobs = self.search([("change_id", "=", change.id)])
        if change.state == "draft" and not all(jobs.mapped("only_pricelists")):
            self.env["lockgate.price.impact"]._refresh(change)
            jobs.unlink()
        elif not change._ask_pricelists(SLICE):
            jobs.unlink()


class PriceImpact(models.Model):
    _inherit = "lockgate.price.impact"

    @api.model
    def _refresh_soon(self, changes):
        """Compute the impact of these drafts anew: now where it is little, in the background where not."""
        self.env.flush_all()
        for change in changes:
            clean = change._clean()
            if clean._names_at_most(AT_ONCE):
                self._refresh(change)
            else:
                clean.env["lockgate.price.impact.job"]._queue(clean)


class PriceChange(models.Model):
    _inherit = "lockgate.price.change"

    def _names_at_most(self, limit):
        """Whether a clean change names at most `limit` listings, counted in each line that names them."""
        self.env.cr.execute(
            f"{DECIDED} SELECT count(*) FROM (SELECT FROM named LIMIT %(limit)s + 1) few",
            {**parameters(self, self._begins()), "limit": limit},
        )
        return self.env.cr.fetchone()[0] <= limit

    def _ask_pricelists_soon(self):
        """Ask what pricelists give for a clean change: now where it is little, else in the background."""
        self.env.cr.execute(
            "SELECT count(*) FROM (SELECT FROM lockgate_price_impact"
            " WHERE change_id = %s AND current_price IS NULL LIMIT %s) unknown",
            [self.id, AT_ONCE + 1],
        )
        if self.env.cr.fetchone()[0] > AT_ONCE:
            self.env["lockgate.price.impact.job"]._queue(self, only_pricelists=True)
        else:
            self._ask_pricelists(AT_ONCE)

    def _ask_pricelists(self, limit):
        """Ask Odoo for up to `limit` prices that the impact still lacks; returns whether there were any.

        A rule with a fixed price was read in SQL; these are list prices, discounts and formulas.
        """
        clean = self._clean()
        cr = clean.env.cr
        cr.execute(
            """
            SELECT book_id, uom_id, rule_id IS NULL, array_agg(DISTINCT product_id), array_agg(id)
              FROM (SELECT * FROM lockgate_price_impact
                     WHERE change_id = %s AND current_price IS NULL
                  ORDER BY book_id, uom_id, rule_id IS NULL, product_id LIMIT %s) unknown
          GROUP BY 1, 2, 3
            """,
            [clean.id, limit],
        )
        groups = cr.fetchall()
        for book_id, uom_id, at_list_price, product_ids, impact_ids in groups:
            book = clean.env["lockgate.price.book"].browse(book_id)._clean()
            prices = book._prices_at(
                clean._begins(),
                book.env["product.product"].browse(product_ids),
                book.env["uom.uom"].browse(uom_id),
                at_list_price,
            )
            cr.execute(
                """
                UPDATE lockgate_price_impact impact SET current_price = asked.price
                  FROM unnest(%s::int[], %s::numeric[]) asked(product_id, price)
                 WHERE impact.id = ANY(%s) AND impact.product_id = asked.product_id
                """,
                [list(prices), list(prices.values()), impact_ids],
            )
        clean.env.invalidate_all()
        return bool(groups)
