from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .ledger import REPLACED
from .price_change import STATES
from .price_seal import NOT_HELD

NOW = "statement_timestamp() AT TIME ZONE 'UTC'"

# Facts about channels, read from seals and publications: never stored, so they are never out of date.
# A channel that has a later price than this one has been past it: it counts as published.
PROGRESS = SQL(
    f"""
    SELECT min(seal.id) AS id, seal.change_id, seal.channel_id, seal.company_id,
           count(*) AS seal_count,
           count(*) FILTER (WHERE seal.date_from <= {NOW}
                              AND NOT policy.holds) AS effective_count,
           count(*) FILTER (WHERE policy.holds
                              AND (seal.date_to IS NULL
                                   OR seal.date_to > {NOW})
                              AND (replaced.replaced_at IS NULL
                                   OR replaced.replaced_at > {NOW}))
               AS held_count,
           max(seal.date_from) AS effective_at,
           count(*) FILTER (WHERE seal.date_from > {NOW}) AS coming_count,
           count(*) FILTER (WHERE seal.date_from > {NOW}
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
           count(*) FILTER (WHERE replaced.replaced_at <= {NOW})
               AS superseded_count,
           bool_or(replacer.rollback_of_id = seal.change_id) AS rolled_back
      FROM lockgate_price_seal seal
 LEFT JOIN lockgate_publication pub ON pub.listing_id = seal.listing_id AND pub.aspect = 'price'
                                   AND pub.scope = seal.book_id
 LEFT JOIN LATERAL ({REPLACED}) replaced ON true
 LEFT JOIN lockgate_price_change replacer ON replacer.id = replaced.change_id
CROSS JOIN LATERAL (SELECT NOT ({NOT_HELD.replace("%(moment)s", NOW)}) AS holds) policy
     WHERE seal.revokes_id IS NULL
       AND NOT EXISTS (SELECT FROM lockgate_price_seal revocation WHERE revocation.revokes_id = seal.id)
  GROUP BY seal.change_id, seal.channel_id, seal.company_id
    """
)
# How far all prices of an approved change have come; first of all, whether later changes took over for good
# or policies hold some of them.
STAGED = SQL(
    """
    SELECT progress.change_id,
           CASE WHEN sum(seal_count) = sum(superseded_count)
                THEN CASE WHEN bool_or(rolled_back) THEN 'rolled_back' ELSE 'superseded' END
                WHEN sum(held_count) > 0 THEN 'held'
                WHEN sum(seal_count) = sum(reconciled_count) THEN 'reconciled'
                WHEN sum(seal_count) = sum(published_count) THEN 'published'
                WHEN sum(seal_count) = sum(effective_count) THEN 'effective' END AS stage
      FROM (%s) progress
      JOIN lockgate_price_change change ON change.id = progress.change_id AND change.state = 'approved'
  GROUP BY progress.change_id
    """,
    PROGRESS,
)
COUNTED = ("effective", "published", "reconciled")
STAGES = [
    ("held", "Held"),
    ("effective", "Effective"),
    ("published", "Published"),
    ("reconciled", "Reconciled"),
    ("superseded", "Superseded"),
    ("rolled_back", "Rolled Back"),
]
# What channels refuse of the prices of lines.
REFUSED = """
    SELECT line_id, jsonb_agg(jsonb_build_object('channel', name, 'count', refused) ORDER BY name)
      FROM (SELECT seal.line_id, channel.name, count(*) AS refused
              FROM lockgate_price_seal seal
              JOIN lockgate_publication publication
                ON publication.listing_id = seal.listing_id AND publication.aspect = 'price'
               AND publication.scope = seal.book_id AND publication.state = 'blocked'
               AND (publication.wanted->>'seal')::int = seal.id
              JOIN lockgate_channel channel ON channel.id = seal.channel_id
             WHERE seal.line_id = ANY(%s) AND seal.revokes_id IS NULL
          GROUP BY seal.line_id, channel.id) refused
  GROUP BY line_id
"""


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
    held_count = fields.Integer("Held by Policies", readonly=True)
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
            for name in COUNTED:
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
        "Held: policies hold some of them. Superseded or rolled back: later changes have taken over for "
        "good, everywhere.",
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
            change.stage = change._stage_of(rows)
            for stage in COUNTED:
                count = sum(rows.mapped(f"{stage}_count"))
                change[f"{stage}_text"] = n_of_m(self.env, count, total) if total else False
            superseded = sum(rows.mapped("superseded_count"))
            change.superseded_text = n_of_m(self.env, superseded, total) if superseded else False

    def _stage_of(self, rows):
        """What STAGED says, of rows that are read already: those of a large change are read once."""
        counts = {
            name: sum(rows.mapped(f"{name}_count")) for name in ("seal", "superseded", "held", *COUNTED)
        }
        if self.state != "approved" or not counts["seal"]:
            return self.state
        if counts["superseded"] == counts["seal"]:
            return "rolled_back" if any(rows.mapped("rolled_back")) else "superseded"
        if counts["held"]:
            return "held"
        whole = [stage for stage in COUNTED if counts[stage] == counts["seal"]]
        return whole[-1] if whole else self.state

    def _search_stage(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.env.flush_all()
        self.env.cr.execute(SQL("SELECT change_id, stage FROM (%s) staged WHERE stage IS NOT NULL", STAGED))
        stages = dict(self.env.cr.fetchall())
        reached = Domain("id", "in", [change_id for change_id, stage in stages.items() if stage in value])
        return reached | Domain("state", "in", list(value)) & Domain("id", "not in", list(stages))

    def _field_to_sql(self, alias, field_expr, query=None):
        """Changes are grouped by their stage as by a column."""
        if field_expr != "stage" or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self.env.flush_all()
        staged = query.make_alias(alias, "staged")
        change = SQL("%s = %s", SQL.identifier(staged, "change_id"), SQL.identifier(alias, "id"))
        query.add_join("LEFT JOIN", staged, SQL("(%s)", STAGED), change)
        state = super()._field_to_sql(alias, "state", query)
        return SQL("coalesce(%s, %s)", SQL.identifier(staged, "stage"), state)


class PriceChangeLine(models.Model):  # pylint: disable=consider-merging-classes-inherited
    _inherit = "lockgate.price.change.line"

    refused_text = fields.Char(
        "Refused By", compute="_compute_refused_text", help="The channels that refuse its prices now."
    )

    def _compute_refused_text(self):
        self.env.flush_all()
        self.env.cr.execute(REFUSED, [self._origin.ids])
        refused = dict(self.env.cr.fetchall())
        for line in self:
            line.refused_text = ", ".join(
                self.env._("%(channel)s: %(count)s prices", **channel)
                for channel in refused.get(line._origin.id, ())
            )
