"""What each policy said of each price: kept with its seal when it is approved, and told by the ledger."""

from odoo import api, fields, models
from odoo.fields import Domain

from .price_breach import MATCH, PROPOSED

# A band for drift says nothing of what people draft.
ANSWERS = f"""
    SELECT numbers.listing_id, numbers.book_id,
           jsonb_agg(jsonb_build_object('policy', policy.id, 'name', policy.name, 'effect', policy.effect,
                                        'outside', breach.policy_id IS NOT NULL)
                     ORDER BY policy.sequence, policy.id)
      FROM ({PROPOSED}) numbers {MATCH}
 LEFT JOIN lockgate_price_impact_breach_rel breach
        ON breach.impact_id = numbers.key AND breach.policy_id = policy.id
     WHERE numbers.automatic OR policy.kind <> 'drift'
  GROUP BY numbers.listing_id, numbers.book_id
"""


class PriceSeal(models.Model):
    _inherit = "lockgate.price.seal"

    policies = fields.Json(
        readonly=True, help="Every policy that held for this price when it was approved, and what it said."
    )

    @api.model
    def _policy_answers(self, change):
        """{(listing id, book id): [{"policy", "name", "effect", "outside"}]} of a change's impact."""
        self.env.flush_all()
        self.env.cr.execute(ANSWERS, {"change": change.id, "now": fields.Datetime.now()})
        return {(listing, book): answers for listing, book, answers in self.env.cr.fetchall()}


class PriceLedger(models.Model):
    _inherit = "lockgate.price.ledger"

    policy_answers = fields.Text(
        "What Policies Said",
        compute="_compute_policy_answers",
        help="When it was approved, and again when its time came: each policy and its answer.",
    )

    @api.depends("seal_id")
    def _compute_policy_answers(self):
        checks = self.env["lockgate.price.check"].search(
            Domain("seal_id", "in", self.seal_id.ids), order="id"
        )
        by_seal = checks.grouped("seal_id")
        effects = dict(self.env["lockgate.price.policy"]._fields["effect"]._description_selection(self.env))
        for row in self:
            approved = [
                self._line(row.approved_at, answer["name"], self._answer(answer, effects))
                for answer in row.seal_id.policies or ()
            ]
            later = [check._answer_text() for check in by_seal.get(row.seal_id, ())]
            row.policy_answers = "\n".join(approved + later) or False

    def _answer(self, answer, effects):
        if not answer["outside"]:
            return self.env._("inside")
        return self.env._("outside: %s", effects[answer["effect"]])

    @api.model
    def _line(self, moment, *words):
        return " · ".join([fields.Datetime.to_string(moment), *filter(None, words)])


class PriceCheck(models.Model):
    _inherit = "lockgate.price.check"

    def _answer_text(self):
        """When the price's time came: what was said of it then, and who let it through after all."""
        answers = dict(self._fields["answer"]._description_selection(self.env))
        said = [answers[self.answer], self.policy_names]
        if self.approval_id:
            said += [self.approval_id.user_id.name, self.approval_id.note]
        return self.env["lockgate.price.ledger"]._line(self.date, *said)
