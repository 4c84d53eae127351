from datetime import timedelta

from odoo import fields
from odoo.addons.lockgate.tests.session import interactive
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from .common import ANALYST, APPROVER
from .test_policy import PolicyCase

EMERGENCY = "lockgate_price.lockgate_price_group_emergency"


class TestEmergency(PolicyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fireman = new_test_user(cls.env, "fireman_test", f"{ANALYST},{EMERGENCY},{APPROVER}")

    def put_in_force(self, change, user=None, reason="Sold below cost", confirmed=True):
        user = user or self.fireman
        with interactive(user, confirmed, method="action_put_in_force"):
            return change.with_user(user).action_put_in_force(reason)

    def test_it_is_in_force_at_once_with_its_reason(self):
        change = self.draft({self.product: 15}, effective_from=fields.Datetime.now() + timedelta(days=9))
        self.put_in_force(change)
        self.assertEqual((change.state, change.kind), ("approved", "emergency"))
        self.assertTrue(change.seal_ids.in_force)
        self.assertEqual(change.effective_from, change.approved_at)
        approval = change.approval_ids
        self.assertEqual((approval.basis, approval.note), ("emergency", "Sold below cost"))
        self.assertEqual(approval.user_id, self.fireman)

    def test_it_writes_its_rule_and_is_urgent(self):
        change = self.draft({self.product: 15})
        self.put_in_force(change)
        self.assertEqual(self.pricelist._get_product_price(self.product, 1.0), 15)
        self.env.flush_all()
        want = self.env["lockgate.turn"]._wanted_price(self.channel, self.listing, fields.Datetime.now(), {})
        self.assertEqual(want[0].work_class, "critical")

    def test_it_skips_the_tiers_and_what_says_when_but_not_what_a_price_may_be(self):
        self.policy("rise", "ask")
        self.policy("lead_time")
        self.put_in_force(self.draft({self.product: 15}))
        self.policy("margin")
        change = self.draft({self.product: 1})
        with self.assertRaisesRegex(UserError, "The margin blocks"):
            self.put_in_force(change)
        self.assertFalse(change.seal_ids)

    def test_who_puts_it_in_force_confirms_who_they_are(self):
        change = self.draft()
        action = self.put_in_force(change, confirmed=False)
        self.assertEqual(action["res_model"], "res.users.identitycheck")
        self.assertEqual(change.state, "draft")

    def test_it_needs_the_role_a_reason_and_a_person(self):
        change = self.draft()
        for user in (self.analyst, self.approver, self.env.ref("base.user_admin")):
            with self.subTest(user.login), self.assertRaisesRegex(AccessError, "Emergency Price Changes"):
                self.put_in_force(change, user)
        action = self.put_in_force(change, reason=" ")
        self.assertEqual(action["res_model"], "lockgate.price.decision")
        with (
            interactive(self.fireman, model="ir.actions.server", method="run"),
            self.assertRaisesRegex(AccessError, "signed in"),
        ):
            change.with_user(self.fireman).action_put_in_force("x")
        self.assertEqual(change.state, "draft")

    def test_another_person_reviews_it_by_its_due_date(self):
        change = self.draft()
        self.put_in_force(change)
        self.assertEqual(change.review_due_at.date(), fields.Date.today() + timedelta(days=2))
        self.assertIn(self.approver, change.activity_ids.user_id)
        self.assertNotIn(self.fireman, change.activity_ids.user_id)
        with self.assertRaisesRegex(AccessError, "somebody else has to"):
            change.with_user(self.fireman).action_review("Fine")
        with self.assertRaises(AccessError):
            change.with_user(self.analyst).action_review("Fine")
        change.with_user(self.approver).action_review("The supplier's price was wrong indeed")
        self.assertEqual(change.approval_ids[0].decision, "reviewed")
        self.assertFalse(change.activity_ids)
        with self.assertRaisesRegex(UserError, "no emergency that waits"):
            change.with_user(self.approver).action_review("Again")

    def test_overdue_reviews_are_listed_and_reminded_of(self):
        change = self.draft()
        self.put_in_force(change)
        overdue = [("review_due_at", "<", fields.Datetime.now()), ("reviewed_at", "=", False)]
        changes = self.env["lockgate.price.change"].with_user(self.approver)
        self.assertNotIn(change, changes.search(overdue))
        change.sudo()._put(review_due_at=fields.Datetime.now() - timedelta(days=1))
        self.assertIn(change, changes.search(overdue))
        before = self.env["mail.message"].search_count([("res_id", "=", change.id)])
        self.env["lockgate.price.change"]._cron_remind()
        self.assertGreater(self.env["mail.message"].search_count([("res_id", "=", change.id)]), before)

    def test_no_regular_change_is_reviewed(self):
        with self.assertRaisesRegex(UserError, "no emergency"):
            self.approved(book_ids=[Command.set(self.book.ids)]).with_user(self.approver).action_review("x")
