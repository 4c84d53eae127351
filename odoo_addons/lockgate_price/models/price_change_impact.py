from odoo import api, fields, models

from .price_job import TASKS

TOP = 40


class PriceChange(models.Model):
    """What the form tells of the impact: how far it is, totals, and what it no longer agrees with."""

    _inherit = "lockgate.price.change"

    impact_pending = fields.Boolean(compute="_compute_under_way")
    under_way = fields.Selection(
        TASKS, compute="_compute_under_way", help="What is done of it in the background, in its order."
    )
    impact_progress = fields.Char(compute="_compute_under_way")
    top_impact_ids = fields.Many2many(
        "lockgate.price.impact", string="Largest Drops", compute="_compute_impact_totals"
    )
    fall_count = fields.Integer("Fall", compute="_compute_impact_totals")
    rise_count = fields.Integer("Rise", compute="_compute_impact_totals")
    first_count = fields.Integer("First Prices", compute="_compute_impact_totals")
    average_change = fields.Float("Average Change", compute="_compute_impact_totals")
    override_count = fields.Integer("Override a Closer Rule", compute="_compute_impact_totals")
    left_out_count = fields.Integer("Left Out", compute="_compute_impact_totals")
    moved_text = fields.Char(compute="_compute_moved_text")

    @api.depends("impact_ids", "state")
    def _compute_under_way(self):
        jobs = self.env["lockgate.price.job"].sudo()
        waiting = jobs.search([("change_id", "in", self._origin.ids)]).grouped("change_id")
        for change in self:
            job = waiting.get(change._origin, jobs)._first()
            change.under_way = job.task
            change.impact_pending = change.state == "draft" and job.task == "impact"
            change.impact_progress = change._origin._progress(job) if job else False

    def _progress(self, job):
        """In words, how far the background is with this change."""
        if job.task == "request" and job.revision == self.revision:
            return self.env._("What it does is being computed and checked; then its approvers are asked.")
        if job.task == "seal" and job.revision == self.revision:
            return self.env._(
                "%(user)s approved it: its %(count)s prices are being checked once more and sealed.",
                user=self._given()[-1:].user_id.name,
                count=self.impact_count,
            )
        if job.task == "impact" and self.state == "draft":
            return self.env._("Impact is being computed.")
        known = self.env["lockgate.price.impact"].search_count(
            [("change_id", "=", self.id), ("current_price", "!=", None)]
        )
        return self.env._(
            "Odoo's own prices are being computed: %(known)s of %(total)s.",
            known=known,
            total=self.impact_count,
        )

    @api.depends("impact_ids")
    def _compute_impact_totals(self):
        impact = self.env["lockgate.price.impact"]
        left_out = dict(
            self.env["lockgate.price.left.out"]._read_group(
                [("change_id", "in", self._origin.ids)], ["change_id"], ["__count"]
            )
        )
        for change in self:
            mine = [("change_id", "=", change._origin.id)]
            change.top_impact_ids = impact.search(mine, limit=TOP)
            change.fall_count = impact.search_count([*mine, ("fall_percent", "<", 0)])
            change.rise_count = impact.search_count([*mine, ("rise_percent", ">", 0)])
            change.first_count = impact.search_count([*mine, ("old_seal_id", "=", False)])
            change.override_count = impact.search_count([*mine, ("overrides_rule", "=", True)])
            [(average,)] = impact._read_group(
                [*mine, ("old_seal_id", "!=", False)], [], ["change_percent:avg"]
            )
            change.average_change = average or 0.0
            change.left_out_count = left_out.get(change._origin, 0)

    @api.depends("impact_ids", "state")
    def _compute_moved_text(self):
        for change in self:
            change.moved_text = False
            if change.state in ("draft", "to_approve") and (movers := change._origin._movers()):
                change.moved_text = self.env._(
                    "Prices have moved since this was computed: %(count)s listings, by %(changes)s.",
                    count=sum(movers.values()),
                    changes=", ".join(mover.name for mover in movers),
                )

    def _movers(self):
        """{other change: how many listings and books of this one it sealed or revoked since computed}."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT seal.change_id, count(DISTINCT impact.id)
              FROM lockgate_price_impact impact
              JOIN lockgate_price_seal seal ON seal.listing_id = impact.listing_id
                                           AND seal.book_id = impact.book_id AND seal.id > impact.basis
             WHERE impact.change_id = ANY(%(changes)s) AND seal.change_id <> impact.change_id
               AND seal.date_from <= %(begins)s AND (seal.date_to IS NULL OR seal.date_to > %(begins)s)
          GROUP BY seal.change_id ORDER BY seal.change_id
            """,
            {"changes": self.ids, "begins": self._begins() if self else None},
        )
        return {self.browse(change_id): count for change_id, count in self.env.cr.fetchall()}

    def _begins(self):
        """When its prices begin to hold, if it is approved now."""
        now = fields.Datetime.now()
        return max(self.effective_from or now, now)

    def action_compute_impact(self):
        """Compute the impact of drafts from the prices, costs and rates of now."""
        self.check_access("write")
        drafts = self.filtered(lambda change: change.state == "draft")
        drafts._raise_revision()
        self.env["lockgate.price.impact"]._refresh_soon(drafts)

    def action_open_left_out(self):
        return self._open("lockgate_price.lockgate_price_left_out_action")
