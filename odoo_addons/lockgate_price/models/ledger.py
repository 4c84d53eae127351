from odoo import api, fields, models
from odoo.tools import SQL

from .price_seal import NOT_HELD, NOT_REVOKED

# The seal that replaces another for good: a later one that covers the rest of its period.
REPLACED = """
    SELECT later.id, later.change_id, greatest(later.date_from, seal.date_from) AS replaced_at
      FROM lockgate_price_seal later
     WHERE later.listing_id = seal.listing_id AND later.book_id = seal.book_id
       AND later.product_id = seal.product_id AND later.uom_id = seal.uom_id
       AND later.id > seal.id AND later.revokes_id IS NULL
       AND (seal.date_to IS NULL OR later.date_from < seal.date_to)
       AND (later.date_to IS NULL OR later.date_to >= seal.date_to)
       AND NOT EXISTS (SELECT FROM lockgate_price_seal revocation WHERE revocation.revokes_id = later.id)
  ORDER BY greatest(later.date_from, seal.date_from), later.id LIMIT 1
"""
# What attempts tell of one seal; a read-back that shows its price proves that the channel took it.
TOLD = """
    SELECT min(attempt.reported_at) AS taken_at,
           min(attempt.reported_at) FILTER (WHERE attempt.outcome = 'read') AS verified_at
      FROM lockgate_publication publication
      JOIN lockgate_attempt attempt ON attempt.publication_id = publication.id
     WHERE publication.listing_id = seal.listing_id AND publication.aspect = 'price'
       AND publication.scope = seal.book_id AND (attempt.value->>'seal')::int = seal.id
       AND (attempt.outcome = 'accepted' OR attempt.outcome = 'read'
            AND (attempt.reading->>'amount')::numeric = (attempt.value->>'amount')::numeric
            AND attempt.reading->>'currency' = attempt.value->>'currency')
"""
LEDGER = SQL(
    f"""
    SELECT seal.id, seal.id AS seal_id, seal.listing_id, seal.channel_id, seal.product_id, seal.book_id,
           seal.company_id, seal.amount, seal.currency_id, seal.tax_included, seal.uom_id,
           seal.date_from, seal.date_to, seal.change_id, seal.line_id,
           approval.requester_id, approval.user_id AS approver_id, approval.date AS approved_at,
           revocation.date_from AS revoked_at, revoker.user_id AS revoked_by_id,
           replaced.id AS replaced_by_id, replaced.change_id AS replaced_by_change_id, replaced.replaced_at,
           least(told.taken_at, kept.taken_at) AS taken_at,
           least(told.verified_at, kept.verified_at) AS verified_at
      FROM lockgate_price_seal seal
      JOIN lockgate_price_approval approval ON approval.id = seal.approval_id
 LEFT JOIN lockgate_price_seal revocation ON revocation.revokes_id = seal.id
 LEFT JOIN lockgate_price_approval revoker ON revoker.id = revocation.approval_id
 LEFT JOIN LATERAL (
           SELECT min(taken.taken_at) AS taken_at, min(taken.verified_at) AS verified_at
             FROM lockgate_price_taken taken WHERE taken.seal_id = seal.id) kept ON true
 LEFT JOIN LATERAL ({REPLACED}) replaced ON true
 LEFT JOIN LATERAL ({TOLD}) told ON true
     WHERE seal.revokes_id IS NULL
    """
)
# In force at a moment, whatever the listing stands for today: history is of what was sealed.
AT = f"""
    SELECT DISTINCT ON (seal.listing_id, seal.book_id, seal.product_id, seal.uom_id) seal.id
      FROM lockgate_price_seal seal
     WHERE seal.revokes_id IS NULL
       AND (%(listings)s::int[] IS NULL OR seal.listing_id = ANY(%(listings)s))
       AND (%(products)s::int[] IS NULL OR seal.product_id = ANY(%(products)s))
       AND seal.date_from <= %(moment)s AND (seal.date_to IS NULL OR seal.date_to > %(moment)s)
       AND {NOT_REVOKED} AND {NOT_HELD}
  ORDER BY seal.listing_id, seal.book_id, seal.product_id, seal.uom_id, seal.id DESC
"""


class PriceLedger(models.Model):
    """Every approved price there ever was: for whom, by whom, from when to when, and when it was shown.

    Read from seals, approvals and attempts, so there is nothing here that could be written.
    """

    _name = "lockgate.price.ledger"
    _description = "Price Ledger"
    _auto = False
    _order = "id desc"
    _rec_name = "seal_id"

    seal_id = fields.Many2one("lockgate.price.seal", "Seal", readonly=True)
    listing_id = fields.Many2one("lockgate.listing", readonly=True)
    channel_id = fields.Many2one("lockgate.channel", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    book_id = fields.Many2one("lockgate.price.book", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    amount = fields.Monetary("Price", readonly=True, aggregator=None)
    currency_id = fields.Many2one("res.currency", readonly=True)
    tax_included = fields.Boolean(readonly=True)
    uom_id = fields.Many2one("uom.uom", "Unit", readonly=True)
    date_from = fields.Datetime("From", readonly=True)
    date_to = fields.Datetime("To", readonly=True)
    change_id = fields.Many2one("lockgate.price.change", readonly=True)
    line_id = fields.Many2one("lockgate.price.change.line", readonly=True)
    requester_id = fields.Many2one("res.users", "Asked By", readonly=True)
    approver_id = fields.Many2one("res.users", "Approved By", readonly=True)
    approved_at = fields.Datetime("Approved", readonly=True)
    decisions = fields.Text(
        compute="_compute_decisions", help="Every decision on the price change: when, who, what, and why."
    )
    revoked_at = fields.Datetime("Revoked", readonly=True)
    revoked_by_id = fields.Many2one("res.users", readonly=True)
    replaced_by_id = fields.Many2one("lockgate.price.seal", readonly=True)
    replaced_by_change_id = fields.Many2one("lockgate.price.change", readonly=True)
    replaced_at = fields.Datetime("Replaced", readonly=True, help="When a later approved price took over.")
    taken_at = fields.Datetime("On the Channel", readonly=True, help="When the channel first took it.")
    verified_at = fields.Datetime(
        "Verified", readonly=True, help="When the channel, read back, first showed it."
    )
    in_force = fields.Boolean(related="seal_id.in_force")

    @property
    def _table_query(self):
        return LEDGER

    def _compute_decisions(self):
        approvals = self.env["lockgate.price.approval"]
        labels = dict(approvals._fields["decision"]._description_selection(self.env))
        for change, rows in self.grouped("change_id").items():
            rows.decisions = "\n".join(
                " · ".join(
                    filter(
                        None,
                        [
                            fields.Datetime.to_string(approval.date),
                            approval.user_id.name,
                            labels[approval.decision],
                            approval.tier,
                            approval.note,
                        ],
                    )
                )
                for approval in change.approval_ids.sorted("id")
            )

    @api.model
    def _at(self, moment, listings=None, products=None):
        """The rows in force at `moment` (naive UTC) of these listings or products; None for all."""
        self.env.flush_all()
        self.env.cr.execute(
            AT,
            {
                "moment": moment,
                "listings": None if listings is None else listings.ids,
                "products": None if products is None else products.ids,
            },
        )
        return self.search([("id", "in", [number for (number,) in self.env.cr.fetchall()])])

    @api.model
    def _action(self, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_price.lockgate_price_ledger_action")
        return action | {"domain": domain, "context": {}}


class PriceTaken(models.Model):
    """When a channel took a price and showed it, of attempts that are no longer kept.

    Several rows may tell of one seal; what came first counts.
    """

    _name = "lockgate.price.taken"
    _description = "Price Taken by a Channel"
    _inherit = ["lockgate.price.evidence"]
    _log_access = False

    seal_id = fields.Many2one("lockgate.price.seal", required=True, readonly=True, ondelete="restrict")
    taken_at = fields.Datetime(readonly=True)
    verified_at = fields.Datetime(readonly=True)

    _seal_index = models.Index("(seal_id)")


class Attempt(models.Model):
    _inherit = "lockgate.attempt"

    @api.autovacuum
    def _gc_attempts(self):
        """What the ledger tells stands on attempts: before they go, the ledger keeps its part of them."""
        self.env.cr.execute(
            f"""
            SELECT seal.id, told.taken_at, told.verified_at
              FROM lockgate_price_seal seal
             CROSS JOIN LATERAL ({TOLD}) told
             WHERE told.taken_at IS NOT NULL
               AND seal.id IN (SELECT (value->>'seal')::int FROM lockgate_attempt
                                WHERE outcome IS NOT NULL AND leased_at < %s)
               AND NOT EXISTS (SELECT FROM lockgate_price_taken taken
                                WHERE taken.seal_id = seal.id AND taken.taken_at <= told.taken_at
                                  AND (told.verified_at IS NULL OR taken.verified_at <= told.verified_at))
            """,
            [self._kept_from()],
        )
        rows = [
            {"seal_id": seal, "taken_at": taken.isoformat(), "verified_at": shown and shown.isoformat()}
            for seal, taken, shown in self.env.cr.fetchall()
        ]
        if rows:
            self.env["lockgate.price.taken"]._append(rows)
        return super()._gc_attempts()


class PriceChange(models.Model):
    _inherit = "lockgate.price.change"

    def action_open_ledger(self):
        self.check_access("read")
        return self.env["lockgate.price.ledger"]._action([("change_id", "in", self.ids)])


class Listing(models.Model):
    _inherit = "lockgate.listing"

    def action_open_price_ledger(self):
        self.check_access("read")
        return self.env["lockgate.price.ledger"]._action([("listing_id", "in", self.ids)])


class ProductProduct(models.Model):
    _inherit = "product.product"

    def action_open_lockgate_price_ledger(self):
        return self.env["lockgate.price.ledger"]._action([("product_id", "in", self.ids)])


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def action_open_lockgate_price_ledger(self):
        return self.with_context(active_test=False).product_variant_ids.action_open_lockgate_price_ledger()
