from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form
from odoo.tools import mute_logger

from .common import PriceCase


class TestPriceChange(PriceCase):
    def test_a_draft_has_a_number_its_requester_and_the_currency_of_its_books(self):
        change = self.draft()
        self.assertRegex(change.name, r"^PC/\d{4}/\d{4}$")
        self.assertEqual(change.requester_id, self.analyst)
        self.assertEqual(change.currency_id, self.currency)
        self.assertEqual(change.state, "draft")

    def test_a_change_is_drafted_in_its_form(self):
        with Form(self.env["lockgate.price.change"].with_user(self.analyst)) as form:
            form.book_ids.add(self.book)
            form.reason = "Season"
            with form.line_ids.new() as line:
                line.product_id = self.product
                line.price = 12.5
        change = form.record
        self.assertEqual(change.impact_ids.new_price, 12.5)
        with Form(change) as form, form.line_ids.edit(0) as line:
            line.price = 13
        self.assertEqual(change.impact_ids.new_price, 13)
        change.action_request()
        self.assertEqual(change.state, "to_approve")

    def test_every_edit_raises_the_revision(self):
        change = self.draft()
        before = change.revision
        change.reason = "Season"
        after_write = change.revision
        change.line_ids.price = 13
        self.assertLess(before, after_write)
        self.assertLess(after_write, change.revision)

    def test_a_change_under_approval_cannot_be_edited(self):
        change = self.requested()
        with self.assertRaisesRegex(UserError, "To Approve"):
            change.reason = "Other"
        with self.assertRaisesRegex(UserError, "To Approve"):
            change.line_ids.price = 1
        with self.assertRaisesRegex(UserError, "To Approve"):
            change.line_ids.unlink()
        with self.assertRaisesRegex(UserError, "To Approve"):
            change.line_ids.create({"change_id": change.id, "product_id": self.second.id, "price": 1})
        with self.assertRaisesRegex(UserError, "To Approve"):
            change.book_ids = [Command.clear()]

    def test_an_analyst_takes_a_change_back_reworks_it_and_asks_again(self):
        change = self.requested()
        change.action_back_to_draft()
        change.line_ids.price = 14
        change.action_request()
        self.assertEqual(change.state, "to_approve")

    def test_a_cancelled_change_can_be_reworked_or_deleted(self):
        change = self.draft()
        change.action_cancel()
        self.assertEqual(change.state, "cancelled")
        change.action_back_to_draft()
        change.action_cancel()
        change.unlink()
        self.assertFalse(change.exists())

    def test_a_change_that_was_decided_on_cannot_be_deleted(self):
        change = self.approved()
        with self.assertRaisesRegex(UserError, "history is kept"):
            change.unlink()

    def test_a_copy_of_an_approved_change_is_a_draft_with_its_lines(self):
        change = self.approved()
        copy = change.copy()
        self.assertEqual(copy.state, "draft")
        self.assertFalse(copy.approval_ids)
        self.assertFalse(copy.line_ids.rule_ids)
        self.assertEqual(copy.line_ids.price, 12.5)
        self.assertNotEqual(copy.name, change.name)

    def test_a_product_stands_once_in_a_change(self):
        change = self.draft()
        with self.assertRaises(ValidationError):
            change.line_ids.create({"change_id": change.id, "product_id": self.product.id, "price": 1})
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):  # as by two people at once
            self.execute(
                "INSERT INTO lockgate_price_change_line (change_id, applies_to, base, product_id)"
                " SELECT change_id, applies_to, base, product_id FROM lockgate_price_change_line"
                " WHERE id = %s",
                [change.line_ids.id],
            )

    def test_a_price_that_is_none_names_its_product(self):
        for price in (0, -1, 0.001, float("nan"), float("inf"), 1e308, "12", None):
            with self.subTest(price=price), self.assertRaisesRegex(ValidationError, "Boat 1"):
                self.draft({self.product: price})

    def test_a_price_that_is_none_cannot_be_written_either(self):
        change = self.draft()
        for price in (0, -1, float("nan"), float("inf"), 1e308, False):
            with self.subTest(price=price), self.assertRaisesRegex(ValidationError, "Boat 1"):
                change.line_ids.price = price

    def test_an_end_before_the_start_is_refused(self):
        now = fields.Datetime.now()
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.draft(effective_from=now, effective_to=now - timedelta(days=1))

    def test_a_currency_that_the_channel_does_not_sell_in_is_refused(self):
        other = self.env.ref("base.JPY" if self.currency.name != "JPY" else "base.EUR")
        other.active = True
        with self.assertRaisesRegex(
            ValidationError, rf"{other.name}.*Default.*Shop test.*{self.currency.name}"
        ):
            self.draft(currency_id=other.id)

    def test_books_of_two_currencies_are_refused(self):
        other = self.env.ref("base.JPY")
        other.active = True
        pricelist = self.env["product.pricelist"].create({"name": "Yen", "currency_id": other.id})
        book = self.book.create({"name": "Yen", "channel_id": self.channel.id, "pricelist_id": pricelist.id})
        with self.assertRaisesRegex(ValidationError, "choose books of one currency"):
            self.draft(book_ids=[Command.set((self.book + book).ids)])

    def assert_refused(self, change, words):
        with self.assertRaisesRegex(UserError, words):
            change.action_request()

    def test_a_change_without_lines_or_books_cannot_be_asked_for(self):
        self.assert_refused(self.draft({}), "at least one line")
        self.assert_refused(self.draft(book_ids=[]), "at least one price book")

    def test_a_product_that_is_not_listed_is_named(self):
        self.listing.active = False
        change = self.draft()
        self.assertIn("Not listed", change.line_ids.warning)
        self.assertIn("Boat 1", change.problems)
        self.assert_refused(change, "Not listed on any channel.*Boat 1")

    def test_an_archived_product_is_named(self):
        change = self.draft()
        self.product.active = False
        self.assert_refused(change, "Archived products.*Boat 1")

    def test_an_archived_book_is_named(self):
        change = self.draft()
        self.book.active = False
        self.assert_refused(change, "Archived price books.*Default")

    def test_an_end_that_has_passed_is_refused(self):
        now = fields.Datetime.now()
        change = self.draft(effective_from=now - timedelta(days=2), effective_to=now - timedelta(days=1))
        self.assert_refused(change, "has passed")

    def test_a_price_that_rounds_to_nothing_in_the_listings_unit_is_refused(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        product = self.env["product.product"].create(
            {"name": "Nails", "default_code": "N", "uom_id": dozen.id}
        )
        self.env["lockgate.listing"].create(
            {
                "channel_id": self.channel.id,
                "product_id": product.id,
                "uom_id": self.env.ref("uom.product_uom_unit").id,
            }
        )
        self.assert_refused(self.draft({product: 0.01}), "rounded for one")

    def test_a_draft_that_is_fine_shows_no_problems(self):
        self.assertFalse(self.draft().problems)
