from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .ledger import REPLACED
from .price_change import STATES

# Facts about channels, read from seals and publications: never stored, so they are never out of date.
# A channel that has a later price than this one has been past it: it counts as published.
PROGRESS = SQL(
    f"""
    SELECT min(seal.id) AS id, seal.change_id, seal.channel_id, seal.company_id,
           count(*) AS seal_count,
           count(*) FILTER (WHERE seal.date_from <= statement_timestamp() AT TIME ZONE 'UTC')
               AS effective_count,
           max(seal.date_from) AS effective_at,
           count(*) FILTER (WHERE seal.date_from > statement_timestamp() AT TIME ZONE 'UTC') AS coming_count,
           count(*) FILTER (WHERE seal.date_from > statement_timestamp() AT TIME ZONE 'UTC'
                              AND pub.confirmed @> jsonb_build_object('coming', jsonb_build_array(
                                  jsonb_build_object('seal', seal.id)))) AS held_ahead_count,
           count(*) FILTER (WHERE (pub.confirmed->>'seal')::int >= seal.id) AS published_count,
           max(pub.confirmed_at) FILTER (WHERE (pub.confirmed->>'seal')::int = seal.id) AS published_at,
           count(*) FILTER (WHERE (pub.confirmed->>'seal')::int > seal.id
                               OR (pub.confirmed->>'seal')::int = seal.id
                                  AND pub.verified_version >= pub.confirmed_version) AS reconciled_count,
           max(pub.verified_at) FILTER (WHERE (pub.confirmed->>'seal')::int = seal.id
                                          AND pub.verified_version >= pub.confirmed_version) AS reconciled_at,
           count(*) FILTER (WHERE pub.state = 'blocked'
                               AND (pub.wanted->>'seal')::int = seal.id) AS refused_count,
           count(*) FILTER (WHERE replaced.replaced_at <= statement_timestamp() AT TIME ZONE 'UTC')
               AS superseded_count,
           bool_or(replacer.rollback_of_id = seal.change_id) AS rolled_back
      FROM lockgate_price_seal seal
 LEFT JOIN lockgate_publication pub ON pub.listing_id = seal.listing_id AND pub.aspect = 'price'
                                   AND pub.scope = seal.book_id
 LEFT JOIN LATERAL ({REPLACED}) replaced ON true
 LEFT JOIN lockgate_price_change replacer ON replacer.id = replaced.change_id
     WHERE seal.revokes_id IS NULL
       AND NOT EXISTS (SELECT FROM lockgate_price_seal revocation WHERE revocation.revokes_id = seal.id)
  GROUP BY seal.change_id, seal.channel_id, seal.company_id
    """
)
STAGES = [
    ("effective", "Effective"),
    ("published", "Published"),
    ("reconciled", "Reconciled"),
]


class PriceChangeProgress(models.Model):
    """How far an approved change has come on one channel: n of m, and when the last one did."""

    _name = "lockgate.price.change.progress"
    _description = "Price Change on a Channel"
    _auto = False
    _order = "channel_id"

    change_id = fields.Many2one("lockgate.price.change", readonly=True)
    channel_id = fields.Many2one("lockgate.channel", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    seal_count = fields.Integer("Prices", readonly=True)
    effective_count = fields.Integer(readonly=True)
    effective_at = fields.Datetime("Effective From", readonly=True)
    coming_count = fields.Integer("Still to Begin", readonly=True)
    held_ahead_count = fields.Integer(readonly=True)
    published_count = fields.Integer(readonly=True)
    published_at = fields.Datetime(readonly=True)
    reconciled_count = fields.Integer(readonly=True)
    reconciled_at = fields.Datetime(readonly=True)
    refused_count = fields.Integer(readonly=True)
    superseded_count = fields.Integer("Superseded", readonly=True)
    rolled_back = fields.Boolean(readonly=True)
    effective_text = fields.Char("Effective", compute="_compute_texts")
    held_ahead_text = fields.Char(
        "Held Ahead",
        compute="_compute_texts",
        help="Of the prices that are still to begin, those that the channel holds already, with their dates.",
    )
    published_text = fields.Char("Published", compute="_compute_texts")
    reconciled_text = fields.Char("Reconciled", compute="_compute_texts")
    refused_text = fields.Char("Refused", compute="_compute_texts")

    @property
    def _table_query(self):
        return PROGRESS

    @api.depends(
        "seal_count",
        "effective_count",
        "coming_count",
        "held_ahead_count",
        "published_count",
        "reconciled_count",
        "refused_count",
    )
    def _compute_texts(self):
        for row in self:
            for name in ("effective", "published", "reconciled"):
                row[f"{name}_text"] = n_of_m(self.env, row[f"{name}_count"], row.seal_count)
            refused = row.refused_count
            row.refused_text = n_of_m(self.env, refused, row.seal_count) if refused else False
            ahead = row.coming_count and row.channel_id.holds_dated_prices
            row.held_ahead_text = n_of_m(self.env, row.held_ahead_count, row.coming_count) if ahead else False


def n_of_m(env, count, total):
    return env._("%(count)s of %(total)s", count=count, total=total)


class PriceChange(models.Model):  # pylint: disable=consider-merging-classes-inherited
    _inherit = "lockgate.price.change"

    effective_text = fields.Char("Effective", compute="_compute_progress")
    published_text = fields.Char("Published", compute="_compute_progress")
    reconciled_text = fields.Char("Reconciled", compute="_compute_progress")
    stage = fields.Selection(
        STATES + STAGES,
        compute="_compute_progress",
        search="_search_stage",
        help="The decision and, once approved, the farthest stage that all its prices have reached. "
        "Superseded or rolled back: later changes have taken over for good, everywhere.",
    )

    superseded_text = fields.Char("Superseded", compute="_compute_progress")
    superseded_by_ids = fields.Many2many(
        "lockgate.price.change",
        string="Superseded By",
        compute="_compute_superseded_by_ids",
        help="The changes whose prices took over for good, for all or some of its listings.",
    )

    @api.depends("state")
    def _compute_superseded_by_ids(self):
        later = self.env["lockgate.price.ledger"]._read_group(
            [("change_id", "in", self.ids), ("replaced_at", "<=", fields.Datetime.now())],
            ["change_id"],
            ["replaced_by_change_id:recordset"],
        )
        by_change = dict(later)
        for change in self:
            change.superseded_by_ids = by_change.get(change._origin, self.browse())

    @api.depends("state")
    def _compute_progress(self):
        progress = self.env["lockgate.price.change.progress"].search([("change_id", "in", self.ids)])
        by_change = progress.grouped("change_id")
        for change in self:
            rows = by_change.get(change._origin, progress.browse())
            total = sum(rows.mapped("seal_count"))
            change.stage = change.state
            for stage, _label in STAGES:
                count = sum(rows.mapped(f"{stage}_count"))
                change[f"{stage}_text"] = n_of_m(self.env, count, total) if total else False
                if total and count == total and change.state == "approved":
                    change.stage = stage
            superseded = sum(rows.mapped("superseded_count"))
            change.superseded_text = n_of_m(self.env, superseded, total) if superseded else False
            if total and superseded == total and change.state == "approved":
                change.stage = "rolled_back" if any(rows.mapped("rolled_back")) else "superseded"

    def _search_stage(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT change_id, stage FROM (
                    SELECT change_id,
                           CASE sum(seal_count)
                                WHEN sum(superseded_count) THEN
                                     CASE WHEN bool_or(rolled_back) THEN 'rolled_back' ELSE 'superseded' END
                                WHEN sum(reconciled_count) THEN 'reconciled'
                                WHEN sum(published_count) THEN 'published'
                                WHEN sum(effective_count) THEN 'effective'
                           END AS stage
                      FROM (%s) progress GROUP BY change_id) staged
                  JOIN lockgate_price_change change ON change.id = change_id AND change.state = 'approved'
                 WHERE stage IS NOT NULL
                """,
                PROGRESS,
            )
        )
        stages = dict(self.env.cr.fetchall())
        reached = Domain("id", "in", [change_id for change_id, stage in stages.items() if stage in value])
        return reached | Domain("state", "in", list(value)) & Domain("id", "not in", list(stages))
