from datetime import timedelta

from odoo import fields
from odoo.addons.lockgate.tests.session import interactive
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from .common import PriceCase


class LineCase(PriceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.category = cls.env["product.category"].create({"name": "Boats"})
        cls.below = cls.env["product.category"].create({"name": "Canoes", "parent_id": cls.category.id})
        cls.products.categ_id = cls.category
        cls.third.categ_id = cls.below
        cls.tag = cls.env["product.tag"].create(
            {"name": "Brand", "product_template_ids": cls.product.product_tmpl_id}
        )

    def lines(self, *lines, **values):
        return self.draft({}, line_ids=[Command.create(line) for line in lines], **values)

    def line(self, **values):
        return {"applies_to": "variant", "product_id": self.product.id, "price": 12.5, **values}

    def percent(self, percent=-10, **values):
        return {"applies_to": "book", "base": "in_force", "percent": percent, **values}

    def new_prices(self, change):
        return {impact.product_id: impact.new_price for impact in change.impact_ids}

    def approve(self, change):
        change.action_request()
        change.with_user(self.approver).action_approve()
        return change


class TestTarget(LineCase):
    def test_each_target_names_its_listings(self):
        for target, products in (
            ({"applies_to": "variant", "product_id": self.product.id}, self.product),
            ({"applies_to": "product", "product_tmpl_id": self.second.product_tmpl_id.id}, self.second),
            ({"applies_to": "category", "categ_id": self.category.id}, self.products),
            ({"applies_to": "category", "categ_id": self.below.id}, self.third),
            ({"applies_to": "tag", "tag_id": self.tag.id}, self.product),
            ({"applies_to": "book"}, self.products),
        ):
            with self.subTest(target=target["applies_to"]):
                change = self.lines({**target, "price": 7})
                self.assertEqual(change.impact_ids.product_id, products)
                self.assertEqual(set(change.impact_ids.mapped("new_price")), {7})

    def test_a_tag_of_a_variant_names_that_variant_once(self):
        self.tag.product_product_ids = self.product
        change = self.lines({"applies_to": "tag", "tag_id": self.tag.id, "price": 7})
        self.assertEqual(len(change.impact_ids), 1)

    def test_the_more_specific_line_decides_and_the_impact_names_those_that_lose(self):
        change = self.lines(
            {"applies_to": "book", "price": 1},
            {"applies_to": "tag", "tag_id": self.tag.id, "price": 2},
            {"applies_to": "category", "categ_id": self.category.id, "price": 3},
            {"applies_to": "category", "categ_id": self.below.id, "price": 4},
            {"applies_to": "product", "product_tmpl_id": self.second.product_tmpl_id.id, "price": 5},
            self.line(price=6),
        )
        self.assertEqual(self.new_prices(change), {self.product: 6, self.second: 5, self.third: 4})
        impact = change.impact_ids.filtered(lambda row: row.product_id == self.product)
        self.assertEqual(impact.line_id.applies_to, "variant")
        self.assertEqual(impact.shadowed_text, "Boats, Brand, Whole price book")

    def test_taking_the_more_specific_line_away_lets_the_other_decide(self):
        change = self.lines({"applies_to": "book", "price": 1}, self.line(price=6))
        change.line_ids[1].unlink()
        self.assertEqual(set(change.impact_ids.mapped("new_price")), {1})

    def test_a_line_that_others_shadow_whole_is_named(self):
        change = self.lines({"applies_to": "tag", "tag_id": self.tag.id, "price": 2}, self.line(price=6))
        self.assertIn("decide no price: Brand", change.problems)

    def test_a_line_on_nothing_is_refused(self):
        for line in (
            {"price": 1},
            {"applies_to": "category", "price": 1},
            {"applies_to": "tag", "tag_id": False, "price": 1},
            {"applies_to": "product", "product_id": self.product.id, "price": 1},
        ):
            with self.subTest(line=line), self.assertRaises(ValidationError):
                self.lines(line)
        empty = self.env["product.category"].create({"name": "Empty"})
        change = self.lines({"applies_to": "category", "categ_id": empty.id, "price": 1})
        with self.assertRaisesRegex(UserError, "decide no price: Empty"):
            change.action_request()

    def test_a_line_names_one_target(self):
        with self.assertRaisesRegex(ValidationError, "more than one target"):
            self.lines(self.line(categ_id=self.category.id))

    def test_two_lines_on_the_same_target_are_refused_and_the_target_and_both_are_named(self):
        for line, target in (
            (self.line(), r"Boat 1"),
            ({"applies_to": "category", "categ_id": self.category.id, "price": 1}, "Boats"),
            ({"applies_to": "book", "price": 1}, "The whole price book"),
        ):
            both = f"Line 3: .*{target}: two lines name it, line 1 and line 3"
            with self.subTest(line=line), self.assertRaisesRegex(ValidationError, both):
                self.lines(line, self.line(product_id=self.third.id), line)

    def test_a_second_line_on_what_one_names_already_is_refused_and_that_one_is_named(self):
        change = self.lines(self.line(product_id=self.second.id), self.line())
        other = self.lines(self.line(product_id=self.third.id))
        both = "Boat 1: two lines name it, line 2, which is there already, and this one"
        with self.assertRaisesRegex(ValidationError, both):
            change.line_ids = [Command.create(self.line())]
        with self.assertRaisesRegex(ValidationError, both):
            change.line_ids[0].product_id = self.product
        change.line_ids[1].write({"product_id": self.product.id, "price": 13})
        other.line_ids.product_id = self.product
        self.assertEqual(len(change.line_ids), 2)

    def test_a_line_on_what_another_named_that_goes_at_the_same_time_is_taken(self):
        change = self.lines(self.line())
        change.line_ids = [Command.delete(change.line_ids.id), Command.create(self.line(price=13))]
        self.assertEqual(change.line_ids.price, 13)

    def test_another_target_takes_the_place_of_the_first(self):
        change = self.lines(self.line())
        change.line_ids.write({"applies_to": "category", "categ_id": self.category.id})
        self.assertFalse(change.line_ids.product_id)
        self.assertEqual(change.impact_ids.product_id, self.products)


class TestComputed(LineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with interactive(cls.approver):
            cls.baseline(cls)

    def test_a_percentage_and_an_amount_are_of_the_price_in_force(self):
        self.products[0].list_price = 99
        self.assertEqual(
            self.new_prices(self.lines(self.percent())),
            {self.product: 9, self.second: 18, self.third: 27},
        )
        change = self.lines(self.percent(0, surcharge=-1.5))
        self.assertEqual(self.new_prices(change)[self.product], 8.5)

    def test_prices_are_rounded_to_99(self):
        change = self.lines(self.percent(-15, rounding=1, surcharge=-0.01))
        self.assertEqual(self.new_prices(change), {self.product: 8.99, self.second: 16.99, self.third: 25.99})

    def test_a_formula_on_cost_takes_the_cost_of_the_company_and_the_unit(self):
        self.listing.uom_id = self.env.ref("uom.product_uom_dozen")
        change = self.lines(self.line(base="cost", price=0, percent=50))
        self.assertEqual(self.new_prices(change), {self.product: 72})
        self.product.with_company(self.env["res.company"].create({"name": "Other"})).standard_price = 99
        change.action_compute_impact()
        self.assertEqual(self.new_prices(change), {self.product: 72})

    def test_a_formula_on_another_book_takes_its_sealed_price_in_the_changes_currency(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        yen.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {"currency_id": yen.id, "rate": 150, "name": "2020-01-01", "company_id": self.env.company.id}
        )
        pricelist = self.env["product.pricelist"].create({"name": "Yen", "currency_id": yen.id})
        shop = self.channel.copy({"code": "yen_shop"})
        self.env["lockgate.listing"].create({"channel_id": shop.id, "product_id": self.second.id})
        book = self.book.create({"name": "Yen", "channel_id": shop.id, "pricelist_id": pricelist.id})
        change = self.lines(
            {"applies_to": "book", "base": "book", "base_book_id": self.book.id, "percent": 10},
            book_ids=[Command.set(book.ids)],
        )
        self.assertEqual(self.new_prices(change), {self.second: 3300})
        self.approve(change)
        self.assertEqual(change.seal_ids.amount, 3300)

    def test_the_price_in_force_is_that_of_the_moment_when_the_change_begins(self):
        start = fields.Datetime.now() + timedelta(days=1)
        self.approved({self.product: 20}, effective_from=start)
        now = self.lines(self.percent(overrides=True))
        later = self.lines(self.percent(overrides=True), effective_from=start)
        self.assertEqual(self.new_prices(now)[self.product], 9)
        self.assertEqual(self.new_prices(later)[self.product], 18)

    def test_what_has_no_price_in_force_is_left_out_and_named(self):
        fourth = self.env["product.product"].create(
            {"name": "Boat 4", "default_code": "B4", "list_price": 40}
        )
        self.env["lockgate.listing"].create({"channel_id": self.channel.id, "product_id": fourth.id})
        change = self.lines(self.percent())
        self.assertNotIn(fourth, change.impact_ids.product_id)
        self.assertEqual(change.left_out_count, 1)
        left_out = self.env["lockgate.price.left.out"].search([("change_id", "=", change.id)])
        self.assertEqual((left_out.listing_id.product_id, left_out.why), (fourth, "nothing"))
        self.approve(change)
        only = self.lines(self.percent(applies_to="variant", product_id=fourth.id))
        with self.assertRaisesRegex(UserError, "nothing to compute these prices from.*Boat 4"):
            only.action_request()

    def test_what_was_asked_for_is_sealed_though_cost_and_price_move_before_approval(self):
        mover = self.draft({self.second: 99})
        change = self.lines(
            self.percent(), self.line(base="cost", price=0, percent=100), above_ids=[Command.set(mover.ids)]
        )
        change.action_request()
        self.product.standard_price = 50
        self.approve(mover)
        change.with_user(self.approver).action_approve()
        self.assertEqual(
            {seal.product_id: seal.amount for seal in change.seal_ids},
            {self.product: 8, self.second: 18, self.third: 27},
        )

    def test_what_it_was_computed_from_cannot_be_changed_in_sql_unseen(self):
        change = self.lines(self.percent())
        change.action_request()
        for query in (
            "UPDATE lockgate_price_impact SET base_amount = 1 WHERE change_id = %s",
            "UPDATE lockgate_price_change_line SET percent = -50 WHERE change_id = %s",
            "DELETE FROM lockgate_price_impact WHERE change_id = %s",
        ):
            with self.subTest(query=query), self.env.cr.savepoint() as savepoint:
                self.execute(query, [change.id])
                with self.assertRaisesRegex(UserError, "no longer what was asked|decide no price"):
                    change.with_user(self.approver).action_approve()
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_price_that_moved_since_it_was_drafted_is_told(self):
        change = self.lines(self.percent(overrides=True))
        self.assertFalse(change.moved_text)
        mover = self.approved({self.product: 20})
        change.invalidate_recordset()
        self.assertIn(f"1 listings, by {mover.name}", change.moved_text)
        change.action_compute_impact()
        self.assertFalse(change.moved_text)
        self.assertEqual(self.new_prices(change)[self.product], 18)

    def test_a_regular_price_is_shown_where_it_is_higher(self):
        change = self.lines(
            self.percent(compare_at="in_force"),
            self.line(price=11, product_id=self.second.id, compare_at="fixed", compare_price=30),
            self.line(price=40, product_id=self.third.id, compare_at="in_force"),
        )
        self.approve(change)
        self.assertEqual(
            {seal.product_id: seal.compare_at for seal in change.seal_ids},
            {self.product: 10, self.second: 30, self.third: 0},
        )
        with self.assertRaisesRegex(ValidationError, "regular price has to be above"):
            self.lines(self.line(compare_at="fixed", compare_price=12.5))


class TestBreaks(LineCase):
    def test_breaks_are_sealed_in_whole_units_of_the_listing(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self.env["lockgate.listing"].create(
            {"channel_id": self.channel.id, "product_id": self.product.id, "sku": "D", "uom_id": dozen.id}
        )
        change = self.approve(self.lines(self.line(price=10, breaks="100: -25%; 10: 9; 30: 8,50")))
        seals = {seal.uom_id: seal for seal in change.seal_ids}
        own = seals[self.product.uom_id]
        self.assertEqual(own.amount, 10)
        self.assertEqual(
            own.breaks,
            [
                {"minimum": "10", "amount": "9.00"},
                {"minimum": "30", "amount": "8.50"},
                {"minimum": "100", "amount": "7.50"},
            ],
        )
        # Twelve at once is past the first break, three dozen past the second, nine past the third.
        self.assertEqual(seals[dozen].amount, 108)
        self.assertEqual(
            seals[dozen].breaks, [{"minimum": "3", "amount": "102.00"}, {"minimum": "9", "amount": "90.00"}]
        )
        prices = [self.pricelist._get_product_price(self.product, quantity) for quantity in (1, 10, 30, 100)]
        self.assertEqual(prices, [10, 9, 8.5, 7.5])

    def test_a_change_without_breaks_ends_those_of_an_earlier_one_in_odoo_too(self):
        self.approve(self.lines(self.line(price=10, breaks="10: 9")))
        self.approve(self.lines(self.line(price=11)))
        prices = [self.pricelist._get_product_price(self.product, quantity) for quantity in (1, 10)]
        self.assertEqual(prices, [11, 11])

    def test_breaks_that_cannot_be_read_are_refused(self):
        for breaks in (
            "10",
            "x: 9",
            "10: 9; 10: 8",
            "0: 9",
            "10: 0",
            "10: -100%",
            "-1: 5",
            "10: nan",
            "10: 1e9",
        ):
            with self.subTest(breaks=breaks), self.assertRaisesRegex(ValidationError, "no quantity break"):
                self.lines(self.line(breaks=breaks))

    def test_edited_breaks_take_the_place_of_the_others(self):
        change = self.lines(self.line(price=10, breaks="10: 9"))
        change.line_ids.breaks = "20: 8"
        self.assertEqual(change.impact_ids.breaks_text, "20: 8.00")
        change.line_ids.breaks = False
        self.assertFalse(change.impact_ids.breaks)


class TestRules(LineCase):
    def rule(self, **values):
        return self.env["product.pricelist.item"].create(
            {"pricelist_id": self.pricelist.id, "compute_price": "fixed", **values}
        )

    def left_out(self, change):
        return self.env["lockgate.price.left.out"].search([("change_id", "=", change.id)])

    def test_a_line_that_loses_to_a_variants_own_rule_says_so(self):
        rule = self.rule(product_id=self.product.id, fixed_price=5)
        change = self.lines({"applies_to": "category", "categ_id": self.category.id, "price": 7})
        self.assertEqual(change.impact_ids.product_id, self.second + self.third)
        self.assertEqual(self.left_out(change).rule_id, rule)
        self.assertEqual(self.left_out(change).why, "rule")
        self.assertIn("Leaves out 1", change.line_ids.warning)
        self.approve(change)
        self.assertEqual(self.pricelist._get_product_price(self.product, 1.0), 5)
        self.assertEqual(self.pricelist._get_product_price(self.second, 1.0), 7)

    def test_a_line_that_overrides_says_which_rule_and_reprices_it(self):
        rule = self.rule(product_id=self.product.id, fixed_price=5)
        change = self.lines(
            {"applies_to": "category", "categ_id": self.category.id, "price": 7, "overrides": True}
        )
        row = change.impact_ids.filtered("overrides_rule")
        self.assertEqual((row.product_id, row.rule_id, row.current_price), (self.product, rule, 5))
        self.approve(change)
        self.assertEqual(self.pricelist._get_product_price(self.product, 1.0), 7)
        self.assertEqual(len(change.seal_ids), 3)

    def test_a_line_all_of_which_loses_is_refused(self):
        self.rule(product_id=self.third.id, fixed_price=5)
        change = self.lines({"applies_to": "category", "categ_id": self.below.id, "price": 7})
        with self.assertRaisesRegex(UserError, "More specific rules.*Canoes"):
            change.action_request()

    def test_an_earlier_category_change_is_not_more_specific_than_a_new_one(self):
        line = {"applies_to": "category", "categ_id": self.category.id}
        self.approve(self.lines({**line, "price": 7}))
        self.approve(self.lines(self.line(price=6)))
        change = self.lines({**line, "price": 8})
        self.assertEqual(self.left_out(change).listing_id, self.listing)
        self.assertEqual(change.impact_ids.product_id, self.second + self.third)

    def test_a_rule_that_no_longer_holds_keeps_nothing(self):
        self.rule(product_id=self.product.id, fixed_price=5, date_end="2020-01-01 00:00:00")
        self.rule(product_id=self.product.id, fixed_price=5, min_quantity=10)
        change = self.lines({"applies_to": "category", "categ_id": self.category.id, "price": 7})
        self.assertFalse(self.left_out(change))

    def test_odoos_price_stands_beside_whatever_rule_decides_it(self):
        other = self.env["product.pricelist"].create({"name": "Other"})
        self.rule(pricelist_id=other.id, fixed_price=6)
        rules = (
            self.rule(product_id=self.product.id, fixed_price=5),
            self.rule(categ_id=self.below.id, compute_price="percentage", percent_price=10),
            self.rule(
                compute_price="formula", base="pricelist", base_pricelist_id=other.id, price_surcharge=1
            ),
        )
        change = self.lines({"applies_to": "book", "price": 50, "overrides": True})
        self.assertEqual(
            {row.product_id: (row.rule_id, row.current_price) for row in change.impact_ids},
            {self.product: (rules[0], 5), self.second: (rules[2], 7), self.third: (rules[1], 27)},
        )
        for row in change.impact_ids:
            self.assertEqual(row.current_price, self.pricelist._get_product_price(row.product_id, 1.0))


class TestBadNumbers(LineCase):
    def test_a_percentage_of_minus_a_hundred_or_below_is_refused(self):
        for percent in (-100, -100.5, -1000):
            with self.subTest(percent=percent), self.assertRaisesRegex(ValidationError, "leaves no price"):
                self.lines(self.percent(percent))

    def test_numbers_that_are_none_are_refused_when_made_and_when_written(self):
        change = self.lines(self.percent())
        for name in ("percent", "rounding", "surcharge"):
            for number in (float("nan"), float("inf"), 1e308, "12"):
                with self.subTest(name=name, number=number), self.assertRaises(ValidationError):
                    self.lines(self.percent(**{name: number}) if name != "percent" else self.percent(number))
                with self.subTest(name=name, number=number), self.assertRaises(ValidationError):
                    change.line_ids.write({name: number})
        with self.assertRaises(ValidationError):
            self.lines(self.percent(rounding=-1))

    def test_a_fixed_price_takes_no_formula(self):
        with self.assertRaisesRegex(ValidationError, "takes no percentage"):
            self.lines(self.line(percent=-10))

    def test_every_bad_line_is_named_by_its_number(self):
        with self.assertRaises(ValidationError) as caught:
            self.env["lockgate.price.change.line"].with_user(self.analyst).create(
                [
                    {"change_id": self.lines().id, **line}
                    for line in (self.line(), self.line(price=0), {"price": 1})
                ]
            )
        self.assertIn("Line 2: ", str(caught.exception))
        self.assertIn("Line 3: It stands on nothing", str(caught.exception))

    def test_a_currency_without_a_rate_is_named(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        yen.rate_ids.unlink()
        pricelist = self.env["product.pricelist"].create({"name": "Yen", "currency_id": yen.id})
        book = self.book.create({"name": "Yen", "channel_id": self.channel.id, "pricelist_id": pricelist.id})
        change = self.draft({self.product: 1500}, book_ids=[Command.set(book.ids)])
        with self.assertRaisesRegex(UserError, "JPY has no exchange rate"):
            change.action_request()

    def test_a_book_computed_from_itself_is_refused(self):
        self.baseline()
        change = self.lines(
            {"applies_to": "book", "base": "book", "base_book_id": self.book.id, "percent": 5}
        )
        with self.assertRaisesRegex(UserError, "computed from itself"):
            change.action_request()

    def test_books_that_stand_on_each_other_are_refused(self):
        self.baseline()
        book = self.book.create(
            {"name": "B2B", "channel_id": self.channel.id, "pricelist_id": self.pricelist.copy().id}
        )
        self.approved(book_ids=[Command.set(book.ids)])
        formula = {"applies_to": "book", "base": "book", "percent": 5}
        first = self.lines({**formula, "base_book_id": self.book.id}, book_ids=[Command.set(book.ids)])
        first.action_request()
        second = self.lines({**formula, "base_book_id": book.id})
        words = f"stand on each other.*Default ← B2B ← Default.*{first.name}"
        with self.assertRaisesRegex(UserError, words), self.env.cr.savepoint():
            second.action_request()
        self.env.invalidate_all()
        first.action_cancel()
        second.action_request()
        self.assertEqual(second.state, "to_approve")
