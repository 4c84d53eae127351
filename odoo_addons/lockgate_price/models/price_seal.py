from odoo import api, fields, models
from odoo.exceptions import AccessError

from .price_book import ROUNDING_METHODS

# OFFSET 0 keeps these questions about one seal: as joins they are asked for all that a listing ever had.
NOT_REVOKED = """
           NOT EXISTS (SELECT FROM lockgate_price_seal revocation
                        WHERE revocation.revokes_id = seal.id AND revocation.date_from <= %(moment)s OFFSET 0)
"""
NOT_HELD = """
           NOT EXISTS (SELECT FROM lockgate_price_check held
                        WHERE held.seal_id = seal.id AND held.answer = 'held'
                          AND NOT EXISTS (SELECT FROM lockgate_price_check released
                                           WHERE released.seal_id = seal.id AND released.answer = 'released'
                                             AND released.date <= %(moment)s) OFFSET 0)
"""
# The seal in force at a moment: the highest number that covers it and is neither revoked by then nor held
# by a policy (until an approver releases it). It stands for the product and unit it was approved for, so a
# listing that is mapped anew has no price until one is sealed. Use it in LATERAL, beside `listing`, `book`.
# Product and unit are compared as no index can: by that of the product, all of its seals are read and sorted.
IN_FORCE = f"""
    SELECT seal.*
      FROM lockgate_price_seal seal
     WHERE seal.listing_id = listing.id AND seal.book_id = book.id
       AND seal.product_id IS NOT DISTINCT FROM listing.product_id
       AND seal.uom_id IS NOT DISTINCT FROM listing.uom_id
       AND seal.revokes_id IS NULL
       AND seal.date_from <= %(moment)s AND (seal.date_to IS NULL OR seal.date_to > %(moment)s)
       AND {NOT_REVOKED} AND {NOT_HELD}
  ORDER BY seal.id DESC LIMIT 1
"""


class PriceSeal(models.Model):
    """An approved price of a listing in a book, as numbers, for [from, to). Its id is its number.

    Never updated: a revocation is a row of its own, which says from when on the seal no longer holds.
    """

    _name = "lockgate.price.seal"
    _description = "Price Seal"
    _inherit = ["lockgate.price.evidence"]
    _log_access = False
    _order = "id desc"

    listing_id = fields.Many2one("lockgate.listing", required=True, readonly=True, ondelete="restrict")
    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="restrict")
    product_id = fields.Many2one("product.product", required=True, readonly=True, ondelete="restrict")
    book_id = fields.Many2one("lockgate.price.book", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict")
    amount = fields.Monetary(required=True, readonly=True, aggregator=None)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True, ondelete="restrict")
    tax_included = fields.Boolean(readonly=True)
    rounding = fields.Float(
        "Rounded To",
        readonly=True,
        digits=0,
        aggregator=None,
        help="What the price was rounded to a multiple of.",
    )
    rounding_method = fields.Selection(ROUNDING_METHODS, "Rounded", readonly=True)
    uom_id = fields.Many2one("uom.uom", "Unit", required=True, readonly=True, ondelete="restrict")
    breaks = fields.Json(
        "Quantity Breaks", readonly=True, help="From so many whole units of the listing on, the price of one."
    )
    compare_at = fields.Monetary(
        "Regular Price", readonly=True, aggregator=None, help="The price it is compared with on the channel."
    )
    date_from = fields.Datetime("From", required=True, readonly=True)
    date_to = fields.Datetime("To", readonly=True, help="The first moment at which it no longer holds.")
    line_id = fields.Many2one(
        "lockgate.price.change.line", required=True, readonly=True, ondelete="restrict", index=True
    )
    change_id = fields.Many2one(
        "lockgate.price.change", required=True, readonly=True, ondelete="restrict", index=True
    )
    approval_id = fields.Many2one(
        "lockgate.price.approval", required=True, readonly=True, ondelete="restrict", index=True
    )
    revokes_id = fields.Many2one("lockgate.price.seal", readonly=True, ondelete="restrict")
    in_force = fields.Boolean(compute="_compute_in_force", search="_search_in_force")

    _product_index = models.Index("(product_id, date_from)")
    _key_index = models.Index("(listing_id, book_id, id DESC)")
    _revokes_unique = models.UniqueIndex("(revokes_id) WHERE revokes_id IS NOT NULL")

    @api.depends("listing_id")
    def _compute_display_name(self):
        for seal in self:
            seal.display_name = f"#{seal.id} {seal.listing_id.display_name}"

    def _compute_in_force(self):
        in_force = self._in_force_ids()
        for seal in self:
            seal.in_force = seal.id in in_force

    def _search_in_force(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("id", "in" if True in value else "not in", list(self.browse()._in_force_ids()))]

    def _in_force_ids(self):
        """Numbers of the seals in force now, for the listings of these seals; for all when empty."""
        self.env.flush_all()
        self.env.cr.execute(
            f"""
            SELECT in_force.id
              FROM (SELECT DISTINCT listing_id, book_id FROM lockgate_price_seal
                     WHERE %(all)s OR id = ANY(%(ids)s)) sealed
              JOIN lockgate_listing listing ON listing.id = sealed.listing_id
              JOIN lockgate_price_book book ON book.id = sealed.book_id
              JOIN LATERAL ({IN_FORCE}) in_force ON true
            """,
            {"moment": fields.Datetime.now(), "all": not self, "ids": self.ids},
        )
        return {number for (number,) in self.env.cr.fetchall()}

    def _seal(self, approval):
        """Seal what `approval` approved; returns the seals.

        The prices and the hash are computed again: whatever differs from what was approved is refused,
        whoever calls.
        """
        change = approval.change_id
        proposals = change._proposals()
        if (
            approval.decision != "approved"
            or change.state != "approved"
            or approval not in change._given()
            or change.effective_from != max(change.requested_from or change.approved_at, change.approved_at)
            or approval.hash != change._digest(proposals)
            or self.search([("approval_id", "=", approval.id)], limit=1)
        ):
            raise AccessError(
                self.env._("Price change %s: only what was approved, as approved, is sealed.", change.name)
            )
        answers = self._policy_answers(change)
        starts = {channel_id: change._starts(channel_id) for channel_id in {p.channel_id for p in proposals}}
        return self._append(
            [
                {
                    "listing_id": proposal.listing_id,
                    "channel_id": proposal.channel_id,
                    "product_id": proposal.product_id,
                    "book_id": proposal.book_id,
                    "company_id": change.company_id.id,
                    "amount": str(proposal.amount),
                    "currency_id": proposal.currency_id,
                    "tax_included": proposal.tax_included,
                    "rounding": proposal.rounding,
                    "rounding_method": proposal.rounding_method,
                    "uom_id": proposal.uom_id,
                    "date_from": starts[proposal.channel_id].isoformat(),
                    "breaks": proposal.breaks,
                    "compare_at": None if proposal.compare_at is None else str(proposal.compare_at),
                    "date_to": change.effective_to.isoformat() if change.effective_to else None,
                    "line_id": proposal.line_id,
                    "change_id": change.id,
                    "approval_id": approval.id,
                    "policies": answers.get((proposal.listing_id, proposal.book_id)),
                    "revokes_id": None,
                }
                for proposal in proposals
            ]
        )

    def _revoke(self, seals, approval):
        """Append a revocation of each seal, from now on; returns the revocations."""
        if approval.decision != "revoked" or seals.change_id != approval.change_id:
            raise AccessError(self.env._("Seals are revoked by a decision on their own price change alone."))
        self.env.cr.execute(
            """
            SELECT to_jsonb(seal) - 'id' - 'previous_hash' - 'chain_hash' || jsonb_build_object(
                       'amount', amount::text, 'compare_at', compare_at::text,
                       'revokes_id', id, 'approval_id', %s,
                       'date_from', %s::text, 'date_to', NULL)
              FROM lockgate_price_seal seal WHERE id = ANY(%s) ORDER BY id
            """,
            [approval.id, fields.Datetime.now().isoformat(), seals.ids],
        )
        return self._append([row for (row,) in self.env.cr.fetchall()])
