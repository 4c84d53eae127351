"""Which policies each price is outside of: found in sets, for proposals and for seals alike."""

import json

from odoo import api, fields, models
from odoo.exceptions import AccessError

from .begins import begins, release_on
from .price_seal import IN_FORCE, NOT_HELD, NOT_REVOKED

# Every policy beside each of the `numbers` it is for.
MATCH = """
      JOIN product_product product ON product.id = numbers.product_id
      JOIN product_template template ON template.id = product.product_tmpl_id
 LEFT JOIN product_category category ON category.id = template.categ_id
      JOIN lockgate_price_policy policy
        ON policy.active AND policy.company_id = numbers.company_id
       AND coalesce(policy.channel_id, numbers.channel_id) = numbers.channel_id
       AND coalesce(policy.book_id, numbers.book_id) = numbers.book_id
       AND (policy.category_id IS NULL OR EXISTS (
              SELECT FROM product_category above
               WHERE above.id = policy.category_id AND category.parent_path LIKE above.parent_path || '%%'))
      JOIN res_currency currency ON currency.id = numbers.currency_id
"""
# The last price that a person approved, and that still holds: what a band for drift is around. What policies
# let through never moves it.
APPROVED_BY_A_PERSON = f"""
    SELECT seal.amount::float8
      FROM lockgate_price_seal seal
      JOIN lockgate_price_approval approval ON approval.id = seal.approval_id
     WHERE seal.listing_id = numbers.listing_id AND seal.book_id = numbers.book_id
       AND seal.product_id = numbers.product_id AND seal.currency_id = numbers.currency_id
       AND approval.basis IN ('tier', 'emergency') AND seal.revokes_id IS NULL
       AND seal.date_from <= %(now)s AND seal.date_to IS NULL
       AND {NOT_REVOKED.replace("%(moment)s", "%(now)s")} AND {NOT_HELD.replace("%(moment)s", "%(now)s")}
  ORDER BY seal.id DESC LIMIT 1
"""
# The number of the first seal of a listing in a book, of these rows.
FIRST = """(SELECT min(first.id) FROM lockgate_price_seal first
                              WHERE first.listing_id = {0}.listing_id AND first.book_id = {0}.book_id)"""
# How often the product's price changes in a week with this one in it, the fullest: wherever the policy holds,
# what is approved to come included. A first price changes none, and a change is one on however many channels.
CHANGES_A_WEEK = f"""
    SELECT max(week.changes)
      FROM (SELECT begun.moment, count(*) OVER (ORDER BY begun.moment RANGE BETWEEN CURRENT ROW
                   AND interval '6 days 23:59:59.999999' FOLLOWING) AS changes
              FROM (SELECT min(seal.date_from) AS moment
                      FROM lockgate_price_seal seal
                     WHERE seal.product_id = numbers.product_id AND seal.company_id = numbers.company_id
                       AND coalesce(policy.channel_id, seal.channel_id) = seal.channel_id
                       AND coalesce(policy.book_id, seal.book_id) = seal.book_id
                       AND seal.change_id <> numbers.change_id AND seal.revokes_id IS NULL
                       AND seal.date_from > numbers.begins - interval '7 days'
                       AND seal.date_from < numbers.begins + interval '7 days'
                       AND NOT EXISTS (SELECT FROM lockgate_price_seal revocation
                                        WHERE revocation.revokes_id = seal.id)
                       AND seal.id > {FIRST.format("seal")}
                  GROUP BY seal.change_id
                 UNION ALL
                    SELECT numbers.begins) begun) week
     WHERE week.moment <= numbers.begins
"""
# Percentages are parts of one, computed in floats: what is at the limit is inside. A price with quantity
# breaks is as good as the worst of them.
OUTSIDE = f"""
    CASE policy.kind
    WHEN 'drift' THEN numbers.automatic AND coalesce(
         abs(numbers.new_price::float8 / ({APPROVED_BY_A_PERSON}) - 1) > policy.percent + 1e-9, true)
    WHEN 'margin' THEN numbers.margin_percent < policy.percent - 1e-9
    WHEN 'rise' THEN numbers.rise_percent > policy.percent + 1e-9
    WHEN 'fall' THEN numbers.fall_percent < -policy.percent - 1e-9
    WHEN 'minimum' THEN numbers.lowest_price < round(
         policy.amount * numbers.ratio * (%(rates)s::jsonb -> currency.id::text ->> 'rate')::numeric,
         currency.decimal_places)
    WHEN 'ending' THEN EXISTS (
         SELECT FROM (SELECT numbers.new_price AS amount
                   UNION ALL
                      SELECT (step->>'amount')::numeric
                        FROM jsonb_array_elements(coalesce(numbers.breaks, '[]')) step) price
          WHERE NOT round(price.amount, currency.decimal_places)::text
           LIKE ANY (SELECT '%%' || ending FROM regexp_split_to_table(btrim(policy.endings), '\\s+') ending))
    WHEN 'freeze' THEN numbers.begins >= policy.freeze_from AND numbers.begins < policy.freeze_to
         OR numbers.ends >= policy.freeze_from AND numbers.ends < policy.freeze_to
    WHEN 'lead_time' THEN numbers.begins < %(now)s + policy.days * interval '1 day'
    WHEN 'frequency' THEN {FIRST.format("numbers")} IS NOT NULL AND policy.times < ({CHANGES_A_WEEK})
    WHEN 'currency' THEN coalesce(
         (%(rates)s::jsonb -> currency.id::text ->> 'age')::int > policy.days, true)
         OR policy.percent > 0
            AND (%(rates)s::jsonb -> currency.id::text ->> 'step')::float8 > policy.percent + 1e-9
    WHEN 'rollback' THEN policy.effect <> 'pass' AND EXISTS (SELECT FROM lockgate_price_change own
                                  WHERE own.id = numbers.change_id AND own.kind = 'rollback')
    END
"""
PROPOSED = f"""
    SELECT impact.id AS key, impact.change_id, impact.company_id, impact.channel_id, impact.book_id,
           impact.product_id, impact.listing_id, impact.currency_id, impact.new_price, impact.breaks,
           impact.lowest_price, impact.fall_percent, impact.rise_percent, impact.margin_percent,
           impact.compare_at, impact.old_seal_id, change.kind = 'drift' AS automatic,
           unit.factor / own_unit.factor AS ratio,
           {begins()} AS begins, change.effective_to AS ends
      FROM lockgate_price_impact impact
      JOIN lockgate_price_change change ON change.id = impact.change_id
{release_on("impact.channel_id", "change")}
      JOIN product_product product ON product.id = impact.product_id
      JOIN product_template template ON template.id = product.product_tmpl_id
      JOIN uom_uom unit ON unit.id = impact.uom_id
      JOIN uom_uom own_unit ON own_unit.id = template.uom_id
     WHERE impact.change_id = %(change)s
"""

# A rollback gives the price underneath the change that it rolls back, which is in force still: whatever was
# made of the draft since, it was sealed like this before, and holds no longer than it would have.
UNDERNEATH = f"""
    SELECT FROM lockgate_price_change change
      JOIN lockgate_price_seal own ON own.change_id = change.rollback_of_id
           AND own.listing_id = numbers.listing_id AND own.book_id = numbers.book_id
      JOIN lockgate_listing listing ON listing.id = own.listing_id
      JOIN lockgate_price_book book ON book.id = own.book_id
CROSS JOIN LATERAL ({IN_FORCE}) in_force
CROSS JOIN LATERAL ({IN_FORCE.replace("WHERE", "WHERE seal.id < own.id AND", 1)}) underneath
     WHERE change.id = numbers.change_id AND change.kind = 'rollback' AND in_force.id = own.id
       AND (numbers.new_price, coalesce(numbers.breaks, '[]'), numbers.compare_at) IS NOT DISTINCT FROM
           (underneath.amount, coalesce(underneath.breaks, '[]'), underneath.compare_at)
       AND numbers.currency_id = underneath.currency_id
       AND coalesce(numbers.ends, 'infinity') <= coalesce(least(own.date_to, underneath.date_to), 'infinity')
""".replace("%(moment)s", "numbers.begins")
# What lets a price through has to tell something of it. A first price neither rises nor falls, whatever it
# is, so only a floor under it does; and there is no margin over a cost that is not known.
LETS_THROUGH = f"""
    policy.effect = 'pass' AND (policy.kind = 'drift') = numbers.automatic
    AND CASE policy.kind WHEN 'minimum' THEN true
                         WHEN 'margin' THEN numbers.margin_percent < 1
                         WHEN 'rollback' THEN EXISTS ({UNDERNEATH})
                         ELSE numbers.fall_percent IS NOT NULL END
"""
# A regular price that was neither asked nor shown before says that the new one is cheap: no policy knows.
UNSEEN_REGULAR_PRICE = """
    proposed.compare_at > coalesce((SELECT greatest(old.amount, old.compare_at)
                                      FROM lockgate_price_seal old WHERE old.id = proposed.old_seal_id), 0)
"""


def margin_of(net, row, ratio="1.0"):
    """SQL of the margin at today's cost, as a part of `net`: the price, without tax, of one unit.

    `row` names the product and the currency, `ratio` says how many of the product's own unit the unit is.
    Takes the parameters of `_today`.
    """
    return f"""
           1 - (%(costs)s::jsonb ->> {row}.product_id::text)::float8
               * (%(rates)s::jsonb -> {row}.currency_id::text ->> 'rate')::float8
               * ({ratio})::float8 / ({net})::float8"""


class PricePolicy(models.Model):
    _inherit = "lockgate.price.policy"

    @api.model
    def _today(self, company, books, products, currencies):
        """What `margin_of` and the policies look at: today's costs, taxes and rates, as parameters."""
        return {
            "costs": json.dumps({product.id: product.standard_price for product in products}),
            "taxes": books._taxes(products.product_tmpl_id.ids),
            "rates": json.dumps(self._rates(company, currencies)),
        }

    @api.model
    def _rates(self, company, currencies):
        """{currency id: {"rate": from the company's currency to it, "age": days since it was set, "step": by
        which part of one it differs from the one before}}.

        `age` is None for a currency that has no rate at all, `step` for one that has had one at most. Of
        the company's rates and today.
        """
        today = fields.Date.context_today(self)
        rates = self.env["res.currency.rate"].sudo()
        found = {}
        for currency in currencies:
            known = rates.search(
                [
                    ("currency_id", "=", currency.id),
                    ("company_id", "in", [False, company.root_id.id]),
                    ("name", "<=", today),
                ],
                order="name desc",
                limit=2,
            )
            latest, before = known[:1], known[1:]
            own = currency == company.currency_id
            found[currency.id] = {
                "rate": currency._get_conversion_rate(company.currency_id, currency, company, today),
                "age": 0 if own else (today - latest.name).days if latest else None,
                "step": abs(latest.rate / before.rate - 1) if before.rate and not own else None,
            }
        return found

    @api.model
    def _find_breaches(self, change):
        """Hold on each row of the impact of a clean `change` which policies its price is outside of."""
        cr = self.env.cr
        parameters = {
            "change": change.id,
            "now": fields.Datetime.now(),
            "rates": json.dumps(self._rates(change.company_id, change.currency_id)),
        }
        cr.execute(
            f"""
            DELETE FROM lockgate_price_impact_breach_rel breach USING lockgate_price_impact impact
             WHERE impact.id = breach.impact_id AND impact.change_id = %(change)s;
            INSERT INTO lockgate_price_impact_breach_rel (impact_id, policy_id)
            SELECT numbers.key, policy.id FROM ({PROPOSED}) numbers {MATCH} WHERE {OUTSIDE}
            """,
            parameters,
        )

    @api.model
    def _all_let_through(self, change):
        """Whether nobody has to approve: every price under a policy that lets through, none outside any.

        A band for drift lets through what the sweep found, and nothing that anybody drafted. A price that
        replaces none is let through by a floor alone, see LETS_THROUGH.
        """
        # Asked whenever somebody decides: where no policy lets anything through it costs nothing, and else
        # it ends at the first price that somebody has to approve.
        letting = [("effect", "=", "pass"), ("company_id", "=", change.company_id.id)]
        if not self.search_count(letting, limit=1):
            return False
        self.env.cr.execute(
            f"""
            SELECT EXISTS (SELECT FROM lockgate_price_impact WHERE change_id = %(change)s)
                   AND NOT EXISTS (
                       SELECT FROM ({PROPOSED}) proposed
                        WHERE EXISTS (SELECT FROM lockgate_price_impact_breach_rel breach
                                       WHERE breach.impact_id = proposed.key)
                           OR {UNSEEN_REGULAR_PRICE}
                           OR NOT EXISTS (SELECT FROM (SELECT proposed.*) numbers {MATCH}
                                           WHERE {LETS_THROUGH}))
            """,
            {"change": change.id, "now": fields.Datetime.now()},
        )
        return self.env.cr.fetchone()[0]


class PriceImpact(models.Model):  # pylint: disable=consider-merging-classes-inherited
    _inherit = "lockgate.price.impact"

    breach_ids = fields.Many2many(
        "lockgate.price.policy",
        "lockgate_price_impact_breach_rel",
        "impact_id",
        "policy_id",
        string="Outside of Policies",
        readonly=True,
        context={"active_test": False},
    )

    def unlink(self):
        if not self.env.su:
            raise AccessError(self.env._("The impact of a price change is computed, never deleted."))
        return super().unlink()

    @api.model
    def _refresh(self, changes):
        result = super()._refresh(changes)
        for change in changes:
            clean = change._clean()
            clean.env["lockgate.price.policy"]._find_breaches(clean)
        self.env.invalidate_all()
        return result


class PriceChange(models.Model):  # pylint: disable=consider-merging-classes-inherited
    _inherit = "lockgate.price.change"

    breach_count = fields.Integer("Outside of Policies", compute="_compute_breaches")
    breach_text = fields.Text("What Policies Say", compute="_compute_breaches")

    @api.depends("impact_ids")
    def _compute_breaches(self):
        effects = dict(self.env["lockgate.price.policy"]._fields["effect"]._description_selection(self.env))
        for change in self:
            counts = change._origin._breaches()
            change.breach_count = self.env["lockgate.price.impact"].search_count(
                [("change_id", "=", change._origin.id), ("breach_ids", "!=", False)]
            )
            change.breach_text = "\n".join(
                self.env._(
                    "%(policy)s: %(count)s prices (%(effect)s)",
                    policy=policy.name,
                    count=count,
                    effect=effects[policy.effect],
                )
                for policy, count in counts.items()
            )

    def _breaches(self):
        """{policy: number of prices outside of it}, in the policies' order."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT breach.policy_id, count(*) FROM lockgate_price_impact impact
              JOIN lockgate_price_impact_breach_rel breach ON breach.impact_id = impact.id
             WHERE impact.change_id = ANY(%s) GROUP BY breach.policy_id
            """,
            [self.ids],
        )
        counts = dict(self.env.cr.fetchall())
        policies = self.env["lockgate.price.policy"].with_context(active_test=False).browse(counts)
        return {policy: counts[policy.id] for policy in policies.sorted()}

    def _blocked(self):
        """A sentence for each blocking policy that the change breaks."""
        return [
            self.env._(
                "Policy %(policy)s blocks %(count)s of its prices, that of %(listing)s for one.",
                policy=policy.name,
                count=count,
                listing=self.env["lockgate.price.impact"]
                .search([("change_id", "=", self.id), ("breach_ids", "=", policy.id)], limit=1)
                .listing_id.display_name,
            )
            for policy, count in self._breaches().items()
            if policy.effect == "block" and self._binds(policy)
        ]

    def _binds(self, _policy):
        """Whether a policy that blocks holds for this kind of change."""
        return True

    def action_open_breaches(self):
        return self._open("lockgate_price.lockgate_price_impact_action") | {
            "context": {"search_default_breaches": 1}
        }
