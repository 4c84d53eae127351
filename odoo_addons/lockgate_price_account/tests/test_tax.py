from odoo import fields
from odoo.addons.lockgate_price.tests.common import PriceCase
from odoo.exceptions import UserError
from odoo.fields import Command


class TestTax(PriceCase):
    """The first product is sold with 25 % of tax that is not in its price, the second with 25 % that is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.outside = cls.tax("25 % outside", 25, "tax_excluded")
        cls.inside = cls.tax("25 % inside", 25, "tax_included")
        (cls.product + cls.second + cls.third).taxes_id = [Command.clear()]
        cls.product.taxes_id = cls.outside
        cls.second.taxes_id = cls.inside

    @classmethod
    def tax(cls, name, amount, include, **values):
        company = cls.env.company
        country = company.account_fiscal_country_id or company.country_id or cls.env.ref("base.be")
        company.account_fiscal_country_id = country
        group = cls.env["account.tax.group"].create({"name": name, "country_id": country.id})
        return cls.env["account.tax"].create(
            {
                "name": name,
                "amount": amount,
                "amount_type": "percent",
                "type_tax_use": "sale",
                "price_include_override": include,
                "tax_group_id": group.id,
                "country_id": country.id,
                **values,
            }
        )

    def position(self, *pairs):
        """A fiscal position that puts each second tax in the place of the first."""
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        for source, target in pairs:
            target.fiscal_position_ids = [Command.link(position.id)]
            target.original_tax_ids = [Command.link(source.id)]
        return position

    def shown(self, change):
        return {impact.product_id: impact.new_price for impact in change.impact_ids}

    def test_a_book_with_tax_adds_what_is_not_in_odoos_price(self):
        self.book.tax_included = True
        change = self.draft({self.product: 100, self.second: 100, self.third: 100})
        self.assertEqual(self.shown(change), {self.product: 125, self.second: 100, self.third: 100})

    def test_a_book_without_tax_takes_out_what_is_in_odoos_price(self):
        change = self.draft({self.product: 100, self.second: 100, self.third: 100})
        self.assertEqual(self.shown(change), {self.product: 100, self.second: 80, self.third: 100})

    def test_a_price_is_what_the_fiscal_position_makes_of_it(self):
        abroad = self.tax("10 % abroad", 10, "tax_included")
        self.book.write(
            {
                "tax_included": True,
                "fiscal_position_id": self.position((self.outside, abroad), (self.inside, abroad)),
            }
        )
        change = self.approved({self.product: 100, self.second: 100})
        self.assertEqual(self.shown(change), {self.product: 110, self.second: 88})
        self.assertEqual(sorted(change.seal_ids.mapped("amount")), [88, 110])
        odoos = self.second._get_tax_included_unit_price_from_price(
            100, self.inside, fiscal_position=self.book.fiscal_position_id
        )
        self.assertEqual(odoos, 88)  # as on an order

    def test_a_tax_of_an_amount_is_added_as_it_is(self):
        self.book.tax_included = True
        self.product.taxes_id = self.tax("Recycling", 0.5, "tax_excluded", amount_type="fixed")
        self.assertEqual(self.shown(self.draft({self.product: 100})), {self.product: 100.5})

    def test_the_baseline_and_odoos_own_price_agree_with_what_is_shown(self):
        self.book.tax_included = True
        change = self.baseline()
        self.assertEqual(self.shown(change), {self.product: 12.5, self.second: 20, self.third: 30})
        self.assertEqual(change.line_ids.mapped("price"), [10, 20, 30])
        book = self.book._clean()
        self.assertFalse([row for row in book._compare() if book._drifted(row)])

    def test_the_rules_of_an_approved_change_give_what_is_shown(self):
        self.book.tax_included = True
        self.baseline()
        change = self.draft({})
        change.write(
            {"line_ids": [Command.create({"applies_to": "book", "base": "in_force", "percent": -20})]}
        )
        change.action_request()
        change.with_user(self.approver).action_approve()
        self.assertEqual(self.shown(change), {self.product: 10, self.second: 16, self.third: 24})
        self.assertEqual(self.pricelist._get_product_price(self.product, 1), 8)
        book = self.book._clean()
        self.assertFalse([row for row in book._compare() if book._drifted(row)])
        self.assertEqual(
            {impact.product_id: impact.current_price for impact in self.draft({self.product: 1}).impact_ids},
            {self.product: 10},
        )

    def test_margins_are_of_the_price_without_tax(self):
        self.book.tax_included = True
        impact = self.draft({self.product: 8, self.second: 10}).impact_ids.sorted("product_id")
        self.assertEqual(impact.mapped("new_price"), [10, 10])
        self.assertEqual(impact.mapped("margin"), [4, 0])  # at costs of 4 and 8
        self.assertEqual(impact.mapped("margin_percent"), [0.5, 0])

    def test_a_margin_floor_is_of_the_price_without_tax_when_asked_and_when_its_time_comes(self):
        self.book.tax_included = True
        policy = self.env["lockgate.price.policy"].create(
            {"name": "Margin", "kind": "margin", "effect": "block", "percent": 0.55}
        )
        change = self.draft({self.product: 8})  # shown at 10, at a cost of 4
        with self.assertRaisesRegex(UserError, "Policy Margin blocks"), self.env.cr.savepoint():
            change.action_request()
        policy.percent = 0.3
        change.action_request()
        change.with_user(self.approver).action_approve()
        self.product.standard_price = 6
        self.env.flush_all()
        self.env["lockgate.price.check"]._check(self.channel, change.seal_ids.ids, fields.Datetime.now())
        self.assertEqual(change.held_count, 1)

    def test_a_price_from_cost_is_shown_with_its_tax(self):
        self.book.tax_included = True
        line = {"applies_to": "book", "base": "cost", "percent": 100}
        change = self.draft({}, line_ids=[Command.create(line)])
        self.assertEqual(self.shown(change), {self.product: 10, self.second: 20, self.third: 24})

    def test_a_price_from_another_book_is_shown_with_the_tax_of_this_one(self):
        self.baseline()
        other = self.book.create(
            {
                "name": "With tax",
                "channel_id": self.channel.id,
                "pricelist_id": self.pricelist.copy().id,
                "tax_included": True,
            }
        )
        line = {"applies_to": "book", "base": "book", "base_book_id": self.book.id}
        change = self.draft({}, book_ids=[Command.set(other.ids)], line_ids=[Command.create(line)])
        self.assertEqual(self.shown(change), {self.product: 12.5, self.second: 20, self.third: 30})

    def test_breaks_and_regular_prices_are_shown_with_tax_too(self):
        self.book.tax_included = True
        values = {
            "product_id": self.product.id,
            "price": 100,
            "breaks": "10: 80",
            "compare_at": "fixed",
            "compare_price": 120,
        }
        change = self.approved({}, line_ids=[Command.create(values)])
        [seal] = change.seal_ids
        self.assertEqual((seal.amount, seal.compare_at), (125, 150))
        self.assertEqual([step["amount"] for step in seal.breaks], ["100.00"])
        self.assertEqual(self.pricelist._get_product_price(self.product, 10), 80)

    def test_a_rollback_shows_again_what_was_shown(self):
        self.book.tax_included = True
        self.baseline()
        change = self.approved({self.product: 30})
        action = change.with_user(self.analyst).action_roll_back()
        rollback = change.search(action["domain"])
        self.assertEqual(rollback.line_ids.price, 10)
        self.assertEqual(self.shown(rollback), {self.product: 12.5})

    def test_what_was_edited_by_sql_is_adopted_as_odoo_has_it(self):
        self.book.tax_included = True
        self.baseline()
        self.execute(
            "UPDATE product_template SET list_price = 16 WHERE id = %s", [self.product.product_tmpl_id.id]
        )
        self.book._clean()._sweep()
        drift = self.env["lockgate.price.drift"].search([("product_id", "=", self.product.id)])
        self.assertEqual((drift.sealed, drift.live), (12.5, 20))
        action = drift.with_user(self.analyst).action_adopt()
        draft = self.env["lockgate.price.change"].search(action["domain"])
        self.assertEqual((draft.line_ids.price, self.shown(draft)), (16, {self.product: 20}))

    def test_another_tax_of_a_product_is_no_longer_what_was_asked_for(self):
        self.book.tax_included = True
        change = self.requested({self.product: 100})
        self.product.taxes_id = self.tax("10 %", 10, "tax_excluded")
        with self.assertRaisesRegex(UserError, "no longer what was asked for"):
            change.with_user(self.approver).action_approve()

    def test_taxes_of_another_company_say_nothing(self):
        self.book.tax_included = True
        other = self.env["res.company"].create(
            {"name": "Other", "country_id": self.env.company.country_id.id}
        )
        theirs = self.tax("Theirs", 50, "tax_excluded")
        self.execute("UPDATE account_tax SET company_id = %s WHERE id = %s", [other.id, theirs.id])
        self.third.sudo().taxes_id = theirs
        self.assertEqual(self.shown(self.draft({self.third: 100})), {self.third: 100})
