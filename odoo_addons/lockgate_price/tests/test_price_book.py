from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import mute_logger

from .common import PriceCase


class TestPriceBook(PriceCase):
    def draft_baseline(self, **context):
        book = self.book.with_user(self.analyst).with_context(**context)
        action = book.action_draft_baseline()
        return self.env["lockgate.price.change"].search(action["domain"])

    def test_a_channel_has_one_book_of_a_pricelist(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.book.copy()

    def test_a_baseline_has_a_line_for_every_listed_product_at_the_pricelists_price(self):
        self.env["product.pricelist.item"].create(
            {"pricelist_id": self.pricelist.id, "compute_price": "percentage", "percent_price": 10}
        )
        change = self.draft_baseline()
        self.assertEqual(change.kind, "baseline")
        self.assertEqual(change.state, "draft")
        self.assertEqual({line.product_id: line.price for line in change.line_ids}, {
            self.product: 9.0, self.second: 18.0, self.third: 27.0,
        })  # fmt: skip

    def test_a_baseline_leaves_out_and_names_what_has_no_price(self):
        self.second.list_price = 0
        self.third.list_price = -1
        change = self.draft_baseline()
        self.assertEqual(change.line_ids.product_id, self.product)
        note = change.message_ids.filtered(lambda message: "Left out" in message.body).body
        self.assertIn(self.second.display_name, note)
        self.assertIn(self.third.display_name, note)

    def test_a_baseline_of_nothing_is_refused_and_names_the_book(self):
        self.listings.active = False
        with self.assertRaisesRegex(UserError, "Default.*Shop test"):
            self.draft_baseline()

    def test_the_callers_context_never_reaches_a_price(self):
        context = {"no_variant_attributes_price_extra": [-7], "uom": self.env.ref("uom.product_uom_dozen").id}
        change = self.draft_baseline(**context, current_attributes_price_extra=[-5.0])
        self.assertEqual(change.line_ids.mapped("price"), [10.0, 20.0, 30.0])

    def test_a_baseline_writes_no_pricelist_rule(self):
        self.baseline()
        self.assertFalse(self.pricelist.item_ids)

    def test_only_an_analyst_drafts_a_baseline(self):
        with self.assertRaises(AccessError):
            self.book.with_user(self.approver).action_draft_baseline()

    def test_a_book_with_seals_stays_with_its_pricelist(self):
        self.baseline()
        other = self.pricelist.copy()
        with self.assertRaisesRegex(ValidationError, "sealed prices"):
            self.book.pricelist_id = other

    def test_a_book_without_seals_can_be_moved(self):
        other = self.pricelist.copy()
        self.book.pricelist_id = other
        self.assertEqual(self.book.pricelist_id, other)

    def test_a_new_reference_marks_what_is_sealed_in_the_book(self):
        self.baseline()
        self.marks()
        self.book.reference = "WHOLESALE"
        self.assertEqual(self.marks(), {(listing.id, "book changed") for listing in self.listings})

    def test_a_pricelist_of_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        pricelist = self.env["product.pricelist"].create({"name": "Theirs", "company_id": other.id})
        with self.assertRaises(UserError):
            self.book.pricelist_id = pricelist


class TestTerms(PriceCase):
    """What a book's prices are under: rounding and taxes, which every seal records."""

    def priced(self, price, **terms):
        self.book.write(terms)
        return self.approved({self.product: price}).seal_ids

    def test_a_price_is_rounded_as_its_book_says_and_the_seal_records_it(self):
        for price, rounding, method, shown in (
            (9.99, 0, "nearest", 9.99),
            (9.97, 0.05, "nearest", 9.95),
            (9.975, 0.05, "nearest", 10.0),
            (9.91, 0.1, "up", 10.0),
            (9.9, 0.1, "up", 9.9),
            (9.99, 0.1, "down", 9.9),
            (9.3, 5, "nearest", 10),
        ):
            with self.subTest(price=price, rounding=rounding, method=method):
                seal = self.priced(price, rounding=rounding, rounding_method=method)
                self.assertAlmostEqual(seal.amount, shown)
                self.assertAlmostEqual(seal.rounding, rounding or self.currency.rounding)
                self.assertEqual(seal.rounding_method, method)

    def test_breaks_and_regular_prices_are_rounded_too(self):
        self.book.write({"rounding": 0.1, "rounding_method": "down"})
        line = {"product_id": self.product.id, "price": 8, "breaks": "10: 7.55"}
        line |= {"compare_at": "fixed", "compare_price": 9.99}
        change = self.draft({}, line_ids=[Command.create(line)])
        change.action_request()
        change.with_user(self.approver).action_approve()
        seal = change.seal_ids
        self.assertEqual(seal.breaks, [{"minimum": "10", "amount": "7.50"}])
        self.assertAlmostEqual(seal.compare_at, 9.9)

    def test_rounding_leaves_cost_and_margin_as_they_are(self):
        self.book.rounding = 5
        change = self.draft({self.product: 9.3})
        self.assertEqual((change.impact_ids.new_price, change.impact_ids.cost), (10, 4))
        self.assertEqual(change.impact_ids.margin, 6)

    def test_another_rounding_is_no_longer_what_was_asked_for(self):
        change = self.requested({self.product: 10})
        self.book.rounding = 0.05
        with self.assertRaisesRegex(UserError, "no longer what was asked for"):
            change.with_user(self.approver).action_approve()

    def test_what_odoo_gives_is_compared_as_the_book_rounds_it(self):
        self.book.write({"rounding": 0.5, "rounding_method": "up"})
        self.product.list_price = 9.7
        self.baseline()
        while self.book._sweep():
            pass
        self.assertFalse(self.env["lockgate.price.drift"].search([("book_id", "=", self.book.id)]))

    def test_a_rounding_that_the_currency_cannot_show_is_refused(self):
        for rounding in (0.003, -1, float("nan"), float("inf"), 1e308):
            with (
                self.subTest(rounding=rounding),
                self.assertRaisesRegex(ValidationError, "give a rounding"),
                self.env.cr.savepoint(),
            ):
                self.book.rounding = rounding

    def test_a_price_that_rounds_down_to_nothing_is_refused(self):
        self.book.write({"rounding": 5, "rounding_method": "down"})
        with self.assertRaisesRegex(UserError, "nothing once it is rounded"):
            self.requested({self.product: 4})

    def test_taxes_of_a_book_with_seals_stay(self):
        self.baseline()
        with self.assertRaisesRegex(ValidationError, "taxes stay"):
            self.book.tax_included = True
        self.book.tax_included = False

    def test_only_lockgates_administrators_write_terms(self):
        for user in (self.analyst, self.approver):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.book.with_user(user).rounding = 1
