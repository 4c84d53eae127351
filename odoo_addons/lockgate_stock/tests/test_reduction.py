from datetime import datetime

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..policy import Policy, show
from .common import StockCase


@tagged("post_install", "-at_install")
class TestReduction(StockCase):
    """A channel that shows less of its stock for a while, by a person or by a rule."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(cls.env, "reducer", "lockgate.lockgate_group_operator")
        cls.owner = new_test_user(cls.env, "reduction_owner", "lockgate.lockgate_group_exception_owner")
        cls.channel.action_start()
        cls.channel.owner_id = cls.owner
        cls.forget_marks()

    def explain(self):
        self.env.cr.flush()
        self.listing.invalidate_recordset()
        return self.listing.stock_explanation

    def policy(self, **values):
        return self.env["lockgate.exposure.policy"].create(
            {"name": "Policy", "channel_id": self.channel.id, **values}
        )

    def guard(self, trouble=None):
        """One run of the rules, with that trouble."""
        self.patch(type(self.channel), "_trouble", lambda channel: trouble)
        self.channel._guard()

    def pass_time(self, minutes):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE lockgate_channel SET reduced_since = reduced_since - make_interval(mins => %s)", [minutes]
        )
        self.env.invalidate_all()

    # By hand

    def test_a_reduced_channel_shows_half_and_says_so(self):
        self.receive(11)
        self.channel.with_user(self.operator).action_reduce()
        self.assertEqual(self.quantity(), 5)
        self.assertTrue(self.explain().endswith(", halved while the channel is reduced = 5"))
        self.assertIn("Reduced: it shows 50 % of its stock.", self.channel.message_ids[0].body)

    def test_the_percentage_is_the_channels_and_zero_is_one(self):
        self.receive(10)
        self.channel.reduced_to = 30
        self.channel.action_reduce()
        self.assertEqual(self.quantity(), 3)
        self.assertIn("30 % of it while the channel is reduced = 3", self.explain())
        self.forget_marks()
        self.channel.reduced_to = 0
        self.assertEqual(self.reasons(), {"channel reduced"})
        self.assertEqual(self.quantity(), 0)
        self.assertIn("shown as 0 while the channel is reduced", self.explain())

    def test_a_percentage_that_reduces_nothing_yet_marks_nothing(self):
        self.channel.reduced_to = 10
        self.assertEqual(self.marks(), [])

    def test_reducing_and_restoring_mark_everything_and_zero_is_critical_both_ways(self):
        self.receive(10)
        self.publish(self.listing, 10)
        self.forget_marks()
        self.channel.reduced_to = 0
        self.channel.action_reduce()
        self.assertEqual(self.reasons(), {"channel reduced"})
        self.assertEqual(self.wanted().work_class, "critical")
        self.env.cr.execute(
            "UPDATE lockgate_publication SET wanted = '{\"quantity\": 0}', confirmed = '{\"quantity\": 0}'"
        )
        self.channel.with_user(self.operator).action_restore()
        self.assertEqual(self.reasons(), {"channel restored"})
        self.assertEqual((self.wanted().work_class, self.quantity()), ("critical", 10))
        self.assertIn("Restored: it shows all of its stock again.", self.channel.message_ids[0].body)

    def test_what_is_always_in_stock_is_reduced_too_and_what_is_below_zero_is_not_raised(self):
        self.order(3)
        self.channel.action_reduce()
        self.assertEqual(self.quantity(), 0)
        self.assertNotIn("reduced", self.explain())
        self.policy(shows="always", most=99)
        self.assertEqual(self.quantity(), 49)
        self.assertIn("always in stock, shown as 99, halved while", self.explain())

    def test_it_is_reduced_before_packs_and_the_least_shown(self):
        self.assertEqual(show(Policy(pack=6, most=50), 100, False, datetime.min, 50)[0], 24)
        self.assertEqual(show(Policy(least=6), 10, False, datetime.min, 50)[0], 0)

    def turn(self):
        self.env.cr.flush()
        self.exchanges = getattr(self, "exchanges", 0) + 1
        self.env["lockgate.turn"]._take(
            {
                "channel": self.channel.code,
                "work_class": "bulk",
                "exchange_id": f"reduction-test-{self.exchanges}",
                "results": [],
                "ceiling": 0,
            }
        )
        self.env.invalidate_all()

    def test_the_ledger_remembers_that_it_was_reduced(self):
        self.receive(10)
        self.turn()
        self.channel.action_reduce()
        self.turn()
        self.channel.action_restore()
        self.turn()
        now, before = self.env["lockgate.stock.ledger"].search(
            [("listing_id", "=", self.listing.id)], order="id desc", limit=2
        )
        self.assertNotIn("reduced", now.explanation)
        self.assertIn("halved while the channel is reduced = 5", before.explanation)
        self.assertEqual(before.reason, "channel reduced")

    # By rule

    def test_a_rule_reduces_instead_of_freezing_and_tells_the_owner(self):
        self.channel.trouble_reaction = "reduce"
        self.guard("it is slow.")
        self.assertEqual(self.channel.state, "running")
        self.assertEqual(self.channel.reduced_by_rule, "it is slow.")
        message = self.channel.message_ids[0]
        self.assertIn("Reduced by a rule to 50 % of its stock: it is slow.", message.body)
        self.assertEqual(message.partner_ids, self.owner.partner_id)
        self.guard("it is slower.")
        self.assertEqual(self.channel.message_ids[0], message)

    def test_without_that_reaction_a_rule_freezes(self):
        self.guard("it is slow.")
        self.assertEqual(self.channel.state, "frozen")
        self.assertFalse(self.channel.reduced_since)

    def test_a_rule_restores_it_once_the_trouble_is_over(self):
        self.channel.write({"trouble_reaction": "reduce", "resume_minutes": 5})
        self.guard("it is slow.")
        self.pass_time(4)
        self.guard()
        self.assertTrue(self.channel.reduced_since)
        self.pass_time(1)
        self.guard("it is still slow.")
        self.assertTrue(self.channel.reduced_since)
        self.guard()
        self.assertFalse(self.channel.reduced_since or self.channel.reduced_by_rule)
        self.assertIn("no more trouble, 5 minutes later", self.channel.message_ids[0].body)

    def test_a_channel_that_a_person_reduced_is_restored_by_a_person(self):
        self.channel.write({"trouble_reaction": "reduce", "resume_minutes": 5})
        self.channel.action_reduce()
        self.pass_time(60)
        self.guard()
        self.assertTrue(self.channel.reduced_since)

    def test_a_frozen_channel_stays_reduced(self):
        self.channel.write({"trouble_reaction": "reduce", "resume_minutes": 5})
        self.guard("it is slow.")
        self.channel.action_freeze()
        self.pass_time(60)
        self.guard()
        self.assertTrue(self.channel.reduced_since)

    # Who may, and what cannot be

    def test_only_the_buttons_reduce_and_only_for_those_who_may(self):
        reader = new_test_user(self.env, "reduction_reader", "lockgate.lockgate_group_user")
        with self.assertRaises(AccessError):
            self.channel.with_user(reader).action_reduce()
        self.channel.action_reduce()
        with self.assertRaises(AccessError):
            self.channel.with_user(reader).action_restore()
        for facts in ({"reduced_since": False}, {"reduced_by_rule": "me"}):
            with self.subTest(facts=facts), self.assertRaisesRegex(ValidationError, "buttons Reduce"):
                self.channel.with_user(self.operator).write(facts)
        with self.assertRaisesRegex(ValidationError, "buttons Reduce"):
            self._channel("reduced_from_birth", self.warehouse, reduced_since=fields.Datetime.now())

    @mute_logger("odoo.sql_db")
    def test_a_percentage_beyond_reason_is_refused(self):
        for percent in (-1, 100):
            with self.subTest(percent=percent), self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self.channel.reduced_to = percent
                self.env.flush_all()
