from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command

from .common import PriceCase


class TestMeeting(PriceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start = fields.Datetime.now() + timedelta(days=1)

    def approve(self, change):
        change.with_user(self.approver).action_approve()

    def assert_refused(self, words, attempt):
        with self.assertRaisesRegex(UserError, words), self.env.cr.savepoint():
            attempt()
        self.env.invalidate_all()

    def above(self, other, **values):
        return self.draft(above_ids=[Command.set(other.ids)], **values)

    def test_two_open_changes_that_meet_are_told_and_one_is_set_above(self):
        first = self.requested()
        second = self.draft({self.product: 13, self.second: 5})
        self.assertEqual(second.meeting_ids, first)
        self.assertIn(f"{first.name} (To Approve) prices 1 of these listings", second.meeting_text)
        self.assertIn(f"It meets {first.name}", second.problems)
        self.assert_refused(f"It meets {first.name}", second.action_request)
        second.above_ids = first
        second.action_request()
        self.assert_refused(f"decide on {first.name} first", lambda: self.approve(second))
        self.approve(first)
        self.approve(second)
        self.assertEqual(second.seal_ids.filtered(lambda seal: seal.product_id == self.product).amount, 13)

    def test_an_approved_change_that_has_not_begun_is_met_too(self):
        future = self.approved(effective_from=self.start)
        change = self.draft({self.product: 9})
        self.assertEqual(change.meeting_ids, future)
        self.assert_refused("set one of them above", change.action_request)
        change.above_ids = future
        change.action_request()
        self.approve(change)

    def test_a_change_that_begins_after_an_approved_one_follows_it_unasked(self):
        self.approved(effective_from=self.start)
        change = self.draft({self.product: 9}, effective_from=self.start + timedelta(hours=1))
        self.assertFalse(change.meeting_ids)
        change.action_request()
        self.approve(change)

    def test_what_is_sealed_already_cannot_be_above_what_is_sealed_later(self):
        first = self.draft({self.product: 9})
        future = self.above(first, effective_from=self.start)
        future.action_request()
        self.approve(future)
        self.assert_refused(f"{future.name} is set above it and is sealed already", first.action_request)

    def test_each_above_the_other_is_refused(self):
        first = self.draft()
        second = self.above(first)
        first.above_ids = second
        first.action_request()
        self.assert_refused("each set above the other", second.action_request)

    def test_drafts_are_told_and_stop_nobody(self):
        draft = self.draft()
        change = self.draft({self.product: 9})
        self.assertEqual(change.meeting_ids, draft)
        self.assertFalse(change.problems)
        change.action_request()

    def test_changes_at_other_times_books_or_listings_do_not_meet(self):
        self.requested(effective_from=self.start, effective_to=self.start + timedelta(days=1))
        self.requested({self.second: 7})
        book = self.book.create(
            {"name": "B2B", "channel_id": self.channel.id, "pricelist_id": self.pricelist.copy().id}
        )
        self.requested(book_ids=[Command.set(book.ids)])
        for values in (
            {"effective_to": self.start},
            {"effective_from": self.start + timedelta(days=1)},
        ):
            with self.subTest(values=values):
                self.assertFalse(self.draft({self.product: 9}, **values).meeting_ids)

    def test_which_change_it_is_set_above_is_part_of_what_is_approved(self):
        first = self.requested()
        second = self.above(first)
        second.action_request()
        self.approve(first)
        self.execute("DELETE FROM lockgate_price_change_above_rel WHERE change_id = %s", [second.id])
        self.assert_refused("no longer what was asked for", lambda: self.approve(second))
