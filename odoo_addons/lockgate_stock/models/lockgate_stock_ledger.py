from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime

from ..exposure import Exposure
from ..policy import Policy


class StockLedger(models.Model):
    """What a channel was to show of a listing from a moment on, and why, append-only.

    One row when the number changes, or what decides it.

    The turn appends it beside the wanted value, in the same transaction; it answers "why 0 yesterday at
    14:00?". The figures are kept, not the words, so that everybody reads them in their own language.
    """

    _name = "lockgate.stock.ledger"
    _inherit = ["lockgate.rows"]
    _description = "Stock Ledger"
    _order = "at desc, id desc"
    _log_access = False
    _rec_name = "listing_id"

    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="cascade")
    listing_id = fields.Many2one("lockgate.listing", required=True, readonly=True, ondelete="cascade")
    at = fields.Datetime("From", required=True, readonly=True)
    until = fields.Datetime(compute="_compute_until", help="Empty: until now.")
    shown_at = fields.Datetime(
        "Held At",
        store=False,
        search="_search_shown_at",
        help="To look for what was wanted at a moment, and what the channel had taken.",
    )
    figures = fields.Json(required=True, readonly=True)
    ended_at = fields.Datetime(
        "Ended",
        readonly=True,
        help="Discontinued, and nothing lay there any more: shown as 0 from then on, whatever comes back.",
    )
    reason = fields.Char("After", readonly=True, help="The mark that made it be computed.")
    is_defect = fields.Boolean(
        "Found by the Sweep",
        readonly=True,
        help="No mark told of this change, the sweep or a full refresh found it: something passed the hooks, "
        "such as raw SQL.",
    )
    decided_by = fields.Char(readonly=True)
    quantity_text = fields.Char("Wanted", compute="_compute_words", compute_sudo=True)
    explanation = fields.Char("Because", compute="_compute_words", compute_sudo=True)
    channel_text = fields.Char(
        "On the Channel",
        compute="_compute_channel_text",
        compute_sudo=True,
        help="What the channel had taken meanwhile: it may be frozen, down, or refuse the number.",
    )

    _listing_index = models.Index("(listing_id, at)")
    _ended_index = models.Index("(listing_id) WHERE ended_at IS NOT NULL")
    _defect_index = models.Index("(channel_id, at) WHERE is_defect")

    @api.depends("listing_id", "at")
    def _compute_until(self):
        following = {}
        for row in self.search([("listing_id", "in", self.listing_id.ids)], order="listing_id, at, id"):
            following.setdefault(row.listing_id, []).append(row)
        for row in self:
            rows = following[row.listing_id]
            after = rows[rows.index(row) + 1 :]
            row.until = after[0].at if after else False

    @api.model
    def _search_shown_at(self, operator, value):
        """Rows that held then. Odoo asks for a moment as from its second on and before the next."""
        if operator in ("<", "<="):
            return [("at", operator, value)]
        if operator not in (">", ">="):
            return NotImplemented
        last = SQL(
            "(SELECT DISTINCT ON (listing_id) id FROM lockgate_stock_ledger WHERE at <= %s"
            " ORDER BY listing_id, at DESC, id DESC)",
            value,
        )
        return Domain("at", ">", value) | Domain("id", "in", last)

    @api.depends("figures", "listing_id")
    def _compute_words(self):
        for row in self:
            exposure = row._exposure()
            row.explanation = row.listing_id._stock_words(exposure)
            row.quantity_text = row.listing_id._quantity_words(exposure)

    @api.depends("figures", "until")
    def _compute_channel_text(self):
        for row, (taken, taken_at) in self._taken().items():
            before, wanted = row.figures["confirmed"], row._exposure().quantity
            terms = {
                "before": self.env._("nothing") if before is None else before,
                "wanted": wanted,
                "moment": format_datetime(self.env, taken_at) if taken_at else "",
            }
            if wanted in (None, before):
                row.channel_text = terms["before"]
            elif taken_at:
                row.channel_text = self.env._("%(before)s until %(moment)s, then %(wanted)s", **terms)
            elif taken == wanted:
                row.channel_text = self.env._("%(before)s, then %(wanted)s", **terms)
            else:
                row.channel_text = self.env._("%(before)s: %(wanted)s was not taken", **terms)

    def _taken(self):
        """What the channel had taken when each row's time was over, and since when if attempts tell."""
        self.env.flush_all()
        self.env.cr.execute(TAKEN, [self.ids])
        return {self.browse(row_id): found for row_id, *found in self.env.cr.fetchall()}

    @api.model
    def _ended(self, listing_ids=None):
        """{listing's id: since when} of those, or of all, that have ended: their last row says so."""
        self.flush_model()
        self.env.cr.execute(
            """
            SELECT listing_id, ended_at FROM lockgate_stock_ledger l
             WHERE ended_at IS NOT NULL AND (%(all)s OR listing_id = ANY(%(listings)s))
               AND NOT EXISTS (SELECT FROM lockgate_stock_ledger newer
                                WHERE newer.listing_id = l.listing_id AND newer.id > l.id)
            """,
            {"all": listing_ids is None, "listings": listing_ids or []},
        )
        return dict(self.env.cr.fetchall())

    def _exposure(self):
        """The Exposure as far as words need it."""
        known = {**self.figures, "policy": Policy(**self.figures["policy"])}
        return Exposure(**{**dict.fromkeys(Exposure._fields), **known})

    # Refused for everybody: nothing but the turn's own statement writes here.
    @api.autovacuum
    def _gc_ledger(self):
        """Keep rows for as many days as `lockgate.stock_ledger_days` says (365), and the newest of each."""
        days = int(self.env["ir.config_parameter"].sudo().get_param("lockgate.stock_ledger_days", 365))
        self.env.cr.execute(
            """
            DELETE FROM lockgate_stock_ledger l
                  WHERE at < now() AT TIME ZONE 'UTC' - make_interval(days => %s) AND EXISTS (
                        SELECT FROM lockgate_stock_ledger n WHERE n.listing_id = l.listing_id AND n.at > l.at)
            """,
            [days],
        )


# Attempts are kept for a shorter time than the ledger, whose next row tells the number without its moment.
TAKEN = """
    SELECT l.id, CASE WHEN n.id IS NULL THEN p.confirmed ELSE n.figures END->CASE WHEN n.id IS NULL
                 THEN 'quantity' ELSE 'confirmed' END,
           (SELECT min(a.reported_at) FROM lockgate_attempt a
             WHERE a.publication_id = p.id AND (a.outcome = 'accepted' OR a.agrees)
               AND a.leased_at >= l.at AND (n.at IS NULL OR a.leased_at < n.at))
      FROM lockgate_stock_ledger l
 LEFT JOIN lockgate_publication p ON p.listing_id = l.listing_id AND p.aspect = 'stock' AND p.scope = 0
 LEFT JOIN LATERAL (
           SELECT id, at, figures FROM lockgate_stock_ledger
            WHERE listing_id = l.listing_id AND (at, id) > (l.at, l.id) ORDER BY at, id LIMIT 1) n ON true
     WHERE l.id = ANY(%s)
"""
