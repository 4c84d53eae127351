from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import LockgateCase


class TestReplay(LockgateCase):
    """What a channel was told is published again: as it is wanted now, never as it was."""

    def replay(self, user=None, **values):
        replay = self.env["lockgate.replay"].with_user(user or self.user_operator)
        return replay.create({"channel_id": self.channel.id, **values})

    def ago(self, seconds):
        return fields.Datetime.now() - timedelta(seconds=seconds)

    def test_a_whole_channel_is_published_again_with_its_newest_values(self):
        self.settle(7)
        self.maker.quantities[self.listing.id] = 5
        self.replay(whole=True).action_publish()
        self.env.cr.flush()
        self.assertEqual([lease["value"]["quantity"] for lease in self.turn()["leases"]], [5])
        self.assertIn("1 values", self.channel.message_ids[0].body)

    def test_of_a_span_of_time_only_what_was_told_then(self):
        self.settle(7)
        self.pass_time(3600)
        self.want(3, self.listings[1])
        self.report(self.turn())
        replay = self.replay(since=self.ago(7200), until=self.ago(1800))
        self.assertEqual(replay.count, 1)
        replay.action_publish()
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "retry")])

    def test_of_one_aspect_only(self):
        self.settle(7)
        self.assertEqual(self.replay(whole=True, aspect="price").count, 0)
        self.assertEqual(self.replay(whole=True, aspect="stock").count, 1)

    def test_a_span_that_is_none_is_refused(self):
        self.settle(7)
        for values in ({}, {"since": self.ago(10), "until": self.ago(20)}, {"since": False}):
            with self.subTest(values=values), self.assertRaisesRegex(UserError, "from when until when"):
                self.replay(**values).action_publish()
        self.assertEqual(self.marks(), [])

    def test_only_who_may_write_the_channel_publishes_again(self):
        self.settle(7)
        for user in (self.user_reader, self.user_owner):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.replay(user, whole=True).action_publish()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env, "stranger", "lockgate.lockgate_group_operator", company_id=company.id
        )
        with self.assertRaises(AccessError):
            self.replay(stranger, whole=True).action_publish()
        self.assertEqual(self.marks(), [])
