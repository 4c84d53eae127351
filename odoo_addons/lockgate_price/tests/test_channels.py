from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from .common import PriceCase


class TestChannels(PriceCase):
    """A change for all price books of the channels that it names."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.segment = cls.another("B2B")

    @classmethod
    def another(cls, name, **values):
        pricelist = cls.pricelist.copy(values)
        return cls.book.create({"name": name, "channel_id": cls.channel.id, "pricelist_id": pricelist.id})

    def for_channel(self, **values):
        return self.draft(book_ids=[], channel_ids=[Command.set(self.channel.ids)], **values)

    def assert_missing(self, name, change):
        with self.assertRaisesRegex(UserError, f"not chosen: .*{name}"), self.env.cr.savepoint():
            change.action_request()
        self.env.invalidate_all()

    def test_a_change_that_names_a_channel_is_for_all_of_its_books(self):
        change = self.for_channel()
        self.assertEqual(change.book_ids, self.book + self.segment)
        self.assertEqual(change.impact_ids.book_id, self.book + self.segment)
        change.action_request()
        change.with_user(self.approver).action_approve()
        self.assertEqual(change.seal_ids.book_id, self.book + self.segment)

    def test_a_draft_that_comes_to_name_one_gets_its_books_too(self):
        change = self.draft()
        change.channel_ids = self.channel
        self.assertEqual(change.book_ids, self.book + self.segment)
        self.assertEqual(len(change.impact_ids), 2)

    def test_a_book_that_came_later_or_was_taken_out_is_told_before_it_is_asked_for(self):
        change = self.for_channel()
        change.book_ids = self.book
        self.assert_missing("B2B", change)
        change.book_ids |= self.segment
        self.assertFalse(change.problems)
        later = self.another("Later")
        self.assert_missing("Later", change)
        later.active = False
        change.action_request()
        self.assertEqual(change.state, "to_approve")

    def test_books_of_several_currencies_are_refused_in_words(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        self.another("Yen", currency_id=yen.id)
        with self.assertRaisesRegex(ValidationError, "choose books of one currency"):
            self.for_channel()

    def test_what_is_asked_for_gets_no_other_channel(self):
        change = self.requested()
        with self.assertRaisesRegex(UserError, "only a draft can be edited"):
            change.channel_ids = self.channel
