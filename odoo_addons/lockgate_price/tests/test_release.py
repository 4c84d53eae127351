from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from .common import PriceCase


class TestRelease(PriceCase):
    """All channels together, or some of them later."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shop = cls.channel.copy({"code": "second_shop", "name": "Second"})
        cls.env["lockgate.listing"].create({"channel_id": cls.shop.id, "product_id": cls.product.id})
        cls.theirs = cls.book.create(
            {"name": "Second", "channel_id": cls.shop.id, "pricelist_id": cls.pricelist.copy().id}
        )
        cls.start = fields.Datetime.now().replace(microsecond=0) + timedelta(hours=1)

    def staggered(self, delay=2.5, **values):
        return {
            "book_ids": [Command.set((self.book + self.theirs).ids)],
            "effective_from": self.start,
            "release_ids": [Command.create({"channel_id": self.shop.id, "delay": delay})],
            **values,
        }

    def at(self, moment):
        self.patch(fields.Datetime, "now", lambda: moment)
        self.env.invalidate_all()

    def test_each_channel_begins_at_its_own_moment_and_so_do_its_rules(self):
        change = self.approved(**self.staggered())
        later = self.start + timedelta(hours=2, minutes=30)
        starts = {seal.channel_id: seal.date_from for seal in change.seal_ids}
        self.assertEqual(starts, {self.channel: self.start, self.shop: later})
        self.assertEqual({row.channel_id: row.effective_at for row in change.progress_ids}, starts)
        rules = {rule.pricelist_id: rule.date_start for rule in change.line_ids.rule_ids}
        self.assertEqual(rules, {self.pricelist: self.start, self.theirs.pricelist_id: later})
        self.assertEqual(change.release_ids.starts_at, later)

    def test_without_a_release_all_begin_together(self):
        change = self.approved(**self.staggered(release_ids=[]))
        self.assertEqual(set(change.seal_ids.mapped("date_from")), {self.start})

    def test_the_delay_is_a_part_of_what_is_approved(self):
        change = self.requested(**self.staggered())
        self.execute("UPDATE lockgate_price_release SET delay = 9 WHERE change_id = %s", [change.id])
        with self.assertRaisesRegex(UserError, "no longer what was asked for"):
            change.with_user(self.approver).action_approve()

    def test_nobody_edits_the_release_of_what_is_asked_for_or_approved(self):
        change, draft = self.requested(**self.staggered()), self.draft(**self.staggered())
        for user in (self.analyst, self.env.user):
            release = change.release_ids.with_user(user)
            attempts = (
                lambda release=release: release.write({"delay": 1}),
                release.unlink,
                lambda release=release: release.create(
                    {"change_id": change.id, "channel_id": self.channel.id, "delay": 1}
                ),
                lambda user=user: draft.release_ids.with_user(user).write({"change_id": change.id}),
                lambda user=user: change.with_user(user).write({"release_ids": [Command.clear()]}),
            )
            for attempt in attempts:
                with self.assertRaisesRegex(UserError, "only a draft can be edited"), self.env.cr.savepoint():
                    attempt()

    def test_a_release_after_the_end_or_of_another_channel_is_refused_in_words(self):
        end = self.start + timedelta(hours=2)
        with self.assertRaisesRegex(UserError, "Second the prices would begin after their end"):
            self.requested(**self.staggered(effective_to=end))
        with self.assertRaisesRegex(UserError, "Second is to come later, but"):
            self.requested(**self.staggered(book_ids=[Command.set(self.book.ids)]))

    def test_no_delay_a_negative_one_and_a_channel_twice_are_refused(self):
        for delay in (0, -1, 100_000):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                self.draft(**self.staggered(delay=delay))
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.draft(**self.staggered(release_ids=self.staggered()["release_ids"] * 2))

    def breached(self, change):
        return change.impact_ids.filtered("breach_ids").channel_id

    def policy(self, kind, **values):
        return self.env["lockgate.price.policy"].create({"name": f"The {kind}", "kind": kind, **values})

    def test_a_freeze_window_is_looked_at_where_each_channel_begins(self):
        begins, ends = self.start + timedelta(hours=2), self.start + timedelta(hours=3)
        self.policy("freeze", freeze_from=begins, freeze_to=ends)
        self.assertEqual(self.breached(self.draft(**self.staggered())), self.shop)
        change = self.draft(**self.staggered(effective_from=begins))
        self.assertEqual(self.breached(change), self.channel)
        change.release_ids.delay = 0.5
        self.assertEqual(self.breached(change), self.channel + self.shop)
        change.release_ids.unlink()
        change.effective_from = self.start
        self.assertFalse(self.breached(change))

    def test_a_change_that_begins_at_once_comes_later_on_the_others(self):
        now = fields.Datetime.now()
        self.policy("freeze", freeze_from=now + timedelta(hours=2), freeze_to=now + timedelta(hours=3))
        self.assertEqual(self.breached(self.draft(**self.staggered(effective_from=False))), self.shop)

    def test_the_week_of_most_changes_is_the_channels_own(self):
        both = {"book_ids": self.staggered()["book_ids"]}
        for price in (10, 11):
            self.approved({self.product: price}, **both)
        self.policy("frequency", times=1)
        change = self.draft({self.product: 12}, **self.staggered(delay=24 * 7))
        self.assertEqual(self.breached(change), self.channel)

    def test_changes_meet_where_each_channel_begins(self):
        theirs = [Command.set(self.theirs.ids)]
        begins = self.start + timedelta(hours=2)  # before this channel gets the staggered one
        future = self.approved(**self.staggered())
        for start, meets in ((begins, future), (self.start + timedelta(hours=3), future.browse())):
            change = self.draft({self.product: 9}, book_ids=theirs, effective_from=start)
            with self.subTest(start=start):
                self.assertEqual(change.meeting_ids & future, meets)
        ends = self.draft({self.product: 9}, book_ids=theirs, effective_to=begins)
        self.assertNotIn(future, ends.meeting_ids)

    def test_a_release_is_stopped_before_it_has_reached_all(self):
        change = self.approved(**self.staggered())
        begun, coming = change.seal_ids.sorted("date_from")
        self.at(self.start + timedelta(hours=1))
        self.assertTrue(change.can_stop)
        with self.assertRaises(AccessError):
            change.with_user(self.analyst).action_stop()
        change.with_user(self.approver).action_stop()
        self.env.invalidate_all()
        self.assertEqual(change.seal_ids.revokes_id, coming)
        self.assertEqual(change.line_ids.rule_ids.pricelist_id, self.pricelist)
        self.at(self.start + timedelta(days=1))
        self.assertTrue(begun.in_force)
        self.assertFalse(coming.in_force)
        self.assertEqual(change.progress_ids.channel_id, self.channel)
        self.assertFalse(change.can_stop)
        with self.assertRaisesRegex(UserError, "has begun on all its channels"):
            change.with_user(self.approver).action_stop()
