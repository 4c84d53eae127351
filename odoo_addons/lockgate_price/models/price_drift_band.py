"""Drift inside a band is sealed by an automatic change, with the policy that allows it as its approver."""

import json

from odoo import SUPERUSER_ID, api, fields, models

from .price_breach import MATCH, OUTSIDE, margin_of
from .price_tax import tax_of

# Drift that a change of one price for each product stands for in full: of an open-ended seal of the product's
# own unit, without breaks or a regular price, on which no other change is approved to come and of whose
# product nobody's own edit waits for approval, or was turned down and no person has approved a price since;
# all listings of the product together or none.
CANDIDATES = f"""
    SELECT row.listing_id AS key, 0 AS change_id, seal.company_id, seal.channel_id, seal.book_id,
           seal.product_id, seal.listing_id, seal.currency_id, row.live AS new_price,
           NULL::jsonb AS breaks, row.live AS lowest_price, true AS automatic,
           (row.live - seal.amount) / seal.amount AS fall_percent,
           (row.live - seal.amount) / seal.amount AS rise_percent,
           {margin_of("(row.live - tax.on_net) / tax.per_net", "seal")} AS margin_percent,
           1.0 AS ratio, %(now)s::timestamp AS begins, NULL::timestamp AS ends,
           count(*) OVER (PARTITION BY seal.product_id) = (
               SELECT count(*) FROM lockgate_listing other
                WHERE other.channel_id = seal.channel_id AND other.product_id = seal.product_id
                  AND other.active) AS whole
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS row(listing_id int, seal_id int, live numeric)
      JOIN lockgate_price_seal seal ON seal.id = row.seal_id
      JOIN product_product own ON own.id = seal.product_id
      JOIN product_template own_template ON own_template.id = own.product_tmpl_id
CROSS JOIN LATERAL {tax_of("seal.book_id", "own.product_tmpl_id")} tax
     WHERE row.live > 0 AND seal.date_to IS NULL AND seal.uom_id = own_template.uom_id
       AND coalesce(seal.breaks, '[]') = '[]' AND seal.compare_at IS NULL
       AND NOT EXISTS (
           SELECT FROM lockgate_price_seal later
            WHERE later.listing_id = seal.listing_id AND later.book_id = seal.book_id AND later.id <> seal.id
              AND later.revokes_id IS NULL AND later.date_from > %(now)s)
       AND NOT EXISTS (
           SELECT FROM lockgate_price_change_line edited
             JOIN lockgate_price_change change ON change.id = edited.change_id
              AND change.kind = 'captured' AND change.state <> 'approved'
             JOIN lockgate_price_change_book_rel chosen ON chosen.change_id = change.id
            WHERE edited.product_id = seal.product_id AND chosen.book_id = seal.book_id
              AND NOT (change.state IN ('rejected', 'cancelled') AND EXISTS (
                  SELECT FROM lockgate_price_seal later
                    JOIN lockgate_price_approval approval ON approval.id = later.approval_id
                   WHERE later.listing_id = seal.listing_id AND later.book_id = seal.book_id
                     AND later.revokes_id IS NULL AND approval.basis IN ('tier', 'emergency')
                     AND approval.date > change.state_since)))
"""
# Inside every policy, and under at least one that lets drift through.
LET_THROUGH = f"""
    SELECT numbers.product_id, array_agg(DISTINCT policy.name) FILTER (WHERE policy.kind = 'drift')
      FROM ({CANDIDATES}) numbers {MATCH}
     WHERE numbers.whole
  GROUP BY numbers.product_id
    HAVING bool_or(policy.kind = 'drift') AND NOT bool_or(coalesce({OUTSIDE}, false))
       AND count(DISTINCT numbers.listing_id) =
           count(DISTINCT numbers.listing_id) FILTER (WHERE policy.kind = 'drift')
  ORDER BY numbers.product_id
"""


class PriceBook(models.Model):
    _inherit = "lockgate.price.book"

    def _sweep_slice(self, rows):
        compared = super()._sweep_slice(rows)
        # A quantity break that differs is no drift of one price: a person decides.
        drifted = [row for row in compared if row["seal_id"] and self._drifted(row) and row["quantity"] == 1]
        if drifted and self.env["lockgate.price.change"]._seal_drift(self, drifted):
            return super()._sweep_slice(rows)
        return compared

    def _drift_let_through(self, rows):
        """[(product id, [names of the policies])] of these rows of `_compare`, of one clean book."""
        self.env.flush_all()
        products = self.env["product.product"].browse({row["product_id"] for row in rows})
        policies = self.env["lockgate.price.policy"]
        self.env.cr.execute(
            LET_THROUGH,
            {
                "rows": json.dumps(rows),
                "now": fields.Datetime.now(),
                **policies._today(self.company_id, self, products, self.currency_id),
            },
        )
        return self.env.cr.fetchall()


class PriceChange(models.Model):
    _inherit = "lockgate.price.change"

    kind = fields.Selection(selection_add=[("drift", "Drift in a Band")], ondelete={"drift": "set regular"})

    def _writes_rules(self):
        """What drifted stands in Odoo already."""
        return super()._writes_rules() and self.kind != "drift"

    @api.model
    def _seal_drift(self, book, rows):
        """Seal what drifted inside the bands of this clean book's policies; the change, if there is any.

        `rows` are those of `_compare`. Called by the sweep alone. The band is around the last price that a
        person approved, so that small steps never add up. Whatever would need anybody is left as drift.
        """
        book = book.with_user(SUPERUSER_ID)
        found = book._drift_let_through(rows)
        if not found:
            return self.browse()
        prices = book._given({row["product_id"]: row["live"] for row in rows})
        changes = book.env["lockgate.price.change"]
        reason = book.env._("Odoo's prices moved inside of the band that policies allow.")
        change = changes._create_draft([changes._prepare_draft(book, reason)], "drift")
        change.env["lockgate.price.change.line"].create(
            [
                {"change_id": change.id, "product_id": product_id, "price": prices[product_id]}
                for product_id, _policies in found
            ]
        )
        names = sorted({name for _product, names in found for name in names})
        if change._clean()._approve_drift(", ".join(names)):
            return change
        change.unlink()
        return self.browse()

    def _approve_drift(self, policies):
        """Approve this draft by the policies of these names; whether they let all of it through."""
        self.env["lockgate.price.impact"]._refresh(self)
        if self._problems() or self._plan() or self._blocked():
            return False
        self._transition({"draft"}, "to_approve")
        self.env["lockgate.price.impact"]._refresh(self)
        proposals = self._checked_proposals()
        self._put(request_hash=self._digest(proposals), request_revision=self.revision)
        self._approve("policy", policies)
        return True
