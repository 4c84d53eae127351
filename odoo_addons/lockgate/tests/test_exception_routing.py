from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import LockgateCase


class TestRouting(LockgateCase):
    """Who gets an exception, until when, and who does when it is overdue."""

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner
        self.pricing = new_test_user(self.env, "pricing", "lockgate.lockgate_group_exception_owner")
        self.boss = new_test_user(self.env, "boss", "lockgate.lockgate_group_exception_owner")

    def rule(self, **values):
        return self.env["lockgate.exception.rule"].with_user(self.user_manager).create(values)

    def hours(self, exception):
        return (exception.deadline - exception.first_at).total_seconds() / 3600

    def test_without_a_rule_the_channels_owner_has_as_long_as_the_severity_gives(self):
        self.block(7)
        exception = self.catch_up()
        self.assertEqual((exception.owner_id, self.hours(exception)), (self.user_owner, 4))

    def test_a_category_has_its_own_owner_and_due_time(self):
        self.rule(category="stock_refused", owner_id=self.pricing.id, due_hours=2)
        self.block(7)
        exception = self.catch_up()
        self.assertEqual((exception.owner_id, self.hours(exception)), (self.pricing, 2))

    def test_a_channels_own_rule_stands_above_the_one_of_every_channel(self):
        self.rule(category="stock_refused", owner_id=self.boss.id)
        self.rule(category="stock_refused", owner_id=self.pricing.id, channel_id=self.channel.id)
        self.rule(category="price_refused", owner_id=self.user_manager.id, channel_id=self.channel.id)
        self.block(7)
        self.assertEqual(self.catch_up().owner_id, self.pricing)

    def test_a_rule_never_gives_an_exception_to_a_stranger_to_its_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.pricing.write({"company_ids": [(6, 0, company.ids)], "company_id": company.id})
        self.rule(category="stock_refused", owner_id=self.pricing.id)
        self.block(7)
        self.assertEqual(self.catch_up().owner_id, self.user_owner)

    @mute_logger("odoo.sql_db")
    def test_two_rules_for_the_same_are_refused(self):
        self.rule(category="drift")
        with self.assertRaises(IntegrityError):
            self.rule(category="drift")

    def test_only_administrators_keep_rules(self):
        for user in (self.user_reader, self.user_operator, self.user_owner):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["lockgate.exception.rule"].with_user(user).create({"category": "drift"})

    def test_what_is_overdue_goes_to_the_next_owner_once_with_mail_and_an_activity(self):
        self.rule(category="stock_refused", escalate_to_id=self.boss.id)
        self.block(7)
        exception = self.catch_up()
        self.escalate()
        self.assertFalse(exception.escalated_at)
        self.pass_time(4 * 3600 + 1)
        self.escalate()
        self.assertEqual(exception.owner_id, self.boss)
        self.assertEqual(exception.activity_ids.user_id, self.boss)
        told = exception.message_ids.filtered(lambda message: "Overdue" in (message.body or ""))
        self.assertEqual(told.notified_partner_ids, self.boss.partner_id | self.user_owner.partner_id)
        self.escalate()
        self.assertEqual(len(exception.message_ids.filtered(lambda m: "Overdue" in (m.body or ""))), 1)

    def test_without_a_next_owner_its_owner_is_reminded(self):
        self.block(7)
        exception = self.catch_up()
        self.pass_time(4 * 3600 + 1)
        self.escalate()
        self.assertEqual(exception.owner_id, self.user_owner)
        self.assertEqual(exception.message_ids[0].notified_partner_ids, self.user_owner.partner_id)

    def test_what_is_over_is_not_escalated(self):
        self.block(7)
        exception = self.catch_up()
        self.ignore(exception)
        self.pass_time(4 * 3600 + 1)
        self.escalate()
        self.assertFalse(exception.escalated_at)

    def escalate(self):
        self.run_cron("_cron_escalate")
