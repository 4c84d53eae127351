from datetime import timedelta

from odoo import fields
from odoo.addons.lockgate.tests.session import interactive
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from .common import ANALYST, APPROVER
from .test_policy import PolicyCase


class TestTiers(PolicyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.director = new_test_user(cls.env, "director_test", APPROVER)
        cls.outsider = new_test_user(cls.env, "outsider_test", APPROVER)
        cls.board = cls.env["lockgate.price.tier"].create(
            {"name": "Board", "sequence": 20, "user_ids": [Command.set((cls.director + cls.approver).ids)]}
        )

    def setUp(self):
        super().setUp()
        self.margin = self.policy("margin", "ask", tier_ids=[Command.set((self.board + self.tier).ids)])

    def approve(self, change, user):
        with interactive(user):
            return change.with_user(user).action_approve()

    def two_tiers(self):
        return self.requested({self.product: 4.1})

    def test_tiers_approve_in_order_and_the_last_one_seals(self):
        change = self.two_tiers()
        self.assertEqual(change.approver_ids, self.approver)
        with self.assertRaisesRegex(AccessError, "waits for tier “Head of sales”"):
            self.approve(change, self.director)
        self.approve(change, self.approver)
        self.assertEqual((change.state, change.approver_ids), ("to_approve", self.director))
        self.assertFalse(change.seal_ids)
        self.assertIn("1. Head of sales: approved by", change.tier_text)
        self.approve(change, self.director)
        self.assertEqual(change.state, "approved")
        self.assertTrue(change.seal_ids)
        self.assertEqual(change.approval_ids.mapped("tier"), ["Board", "Head of sales"])
        self.assertEqual(change.approval_ids[0].policies[0]["policy"], self.margin.id)

    def test_what_was_asked_for_is_sealed_though_cost_moves_between_the_tiers(self):
        line = {"applies_to": "product", "product_tmpl_id": self.product.product_tmpl_id.id, "base": "cost"}
        change = self.draft({}, line_ids=[Command.create({**line, "percent": 3})])
        change.action_request()
        self.approve(change, self.approver)
        self.product.standard_price = 4.02
        self.approve(change, self.director)
        self.assertEqual(change.seal_ids.mapped("amount"), [4.12])

    def test_one_person_approves_one_tier(self):
        change = self.two_tiers()
        self.approve(change, self.approver)
        with self.assertRaisesRegex(AccessError, "approved an earlier tier"):
            self.approve(change, self.approver)
        self.assertFalse(change.seal_ids)

    def test_nobody_outside_of_the_tier_approves(self):
        with self.assertRaisesRegex(AccessError, "not one of it"):
            self.approve(self.two_tiers(), self.outsider)

    def test_an_edit_voids_the_approvals_given(self):
        change = self.two_tiers()
        self.approve(change, self.approver)
        change.action_back_to_draft()
        change.line_ids.price = 4.05
        change.action_request()
        self.assertEqual(change.approver_ids, self.approver)
        with self.assertRaisesRegex(AccessError, "waits for tier “Head of sales”"):
            self.approve(change, self.director)
        self.assertFalse(change.seal_ids)

    def test_asking_again_without_an_edit_voids_them_too(self):
        change = self.two_tiers()
        self.approve(change, self.approver)
        change.action_back_to_draft()
        change.action_request()
        self.assertEqual(change._given(), change.approval_ids.browse())

    def test_an_earlier_approval_never_counts_for_what_is_asked_later(self):
        change = self.two_tiers().sudo()
        self.approve(change, self.approver)
        change._put(request_revision=change.revision)
        approval = change._decide("approved", change.request_hash, basis="tier")
        change._put(state="approved")
        with self.assertRaisesRegex(AccessError, "not every tier"):
            self.seals._seal(approval)

    def test_a_requester_in_the_tier_is_not_waited_for(self):
        self.analyst.group_ids += self.env.ref(APPROVER)
        self.board.user_ids += self.analyst
        self.assertNotIn(self.analyst, self.board._approvers(self.env.company) - self.two_tiers()._barred())

    def test_a_tier_of_which_nobody_could_approve_is_said_at_request(self):
        self.approver.group_ids -= self.env.ref(APPROVER)
        with self.assertRaisesRegex(UserError, "Nobody could approve.*Head of sales"):
            self.two_tiers()

    def test_a_tier_can_be_a_group(self):
        group = self.env["res.groups"].create({"name": "Pricing heads", "user_ids": [self.outsider.id]})
        self.tier.write({"user_ids": [Command.clear()], "group_id": group.id})
        change = self.two_tiers()
        self.assertEqual(change.approver_ids, self.outsider)
        self.approve(change, self.outsider)
        self.assertEqual(len(change._given()), 1)

    def test_a_member_of_the_tiers_group_who_is_no_approver_approves_nothing(self):
        group = self.env["res.groups"].create(
            {"name": "All", "user_ids": [self.analyst.id, self.outsider.id]}
        )
        self.tier.write({"user_ids": [Command.clear()], "group_id": group.id})
        self.assertEqual(self.two_tiers().approver_ids, self.outsider)

    def test_who_is_waited_for_has_an_activity_with_a_due_date(self):
        change = self.two_tiers()
        self.assertEqual(change.activity_ids.user_id, self.approver)
        self.assertEqual(change.activity_ids.date_deadline, change.due_at.date())
        self.approve(change, self.approver)
        self.assertEqual(change.activity_ids.user_id, self.director)
        self.approve(change, self.director)
        self.assertFalse(change.activity_ids)

    def test_what_is_overdue_is_reminded_of(self):
        change = self.two_tiers()
        before = change.message_ids
        self.env["lockgate.price.change"]._cron_remind()
        self.assertFalse(change.message_ids - before)
        change.sudo()._put(due_at=fields.Datetime.now() - timedelta(hours=1))
        self.env["lockgate.price.change"]._cron_remind()
        reminder = self.env["mail.message"].search(
            [("model", "=", change._name), ("res_id", "=", change.id)], limit=1
        )
        self.assertEqual(reminder.notified_partner_ids, (self.approver + self.analyst).partner_id)

    def test_the_second_tier_confirms_who_they_are(self):
        change = self.two_tiers()
        with interactive(self.approver, confirmed=False):
            change.with_user(self.approver).action_approve()
        self.assertEqual(len(change._given()), 1)
        with interactive(self.director, confirmed=False):
            action = change.with_user(self.director).action_approve()
        self.assertEqual(action["res_model"], "res.users.identitycheck")
        self.assertFalse(change.seal_ids)

    def test_a_policy_asks_for_it_at_the_first_tier(self):
        self.margin.confirm_identity = True
        change = self.two_tiers()
        with interactive(self.approver, confirmed=False):
            action = change.with_user(self.approver).action_approve()
        self.assertEqual(action["res_model"], "res.users.identitycheck")
        self.assertFalse(change._given())


class TestPerson(PolicyCase):
    """Each tier is approved by a person at the web client and by nothing else."""

    def refused(self, change):
        with self.assertRaisesRegex(AccessError, "signed in to the web client"):
            change.with_user(self.approver).action_approve()
        self.assertEqual(change.state, "to_approve")

    def test_without_a_session_nothing_is_approved(self):
        change = self.requested()
        for session in ("none", "of somebody else", "not saved", "of an ended sign-in"):
            with self.subTest(session), interactive(self.approver) as request:
                if session == "none":
                    request.session.uid = None
                elif session == "of somebody else":
                    request.session.uid = self.analyst.id
                elif session == "not saved":
                    request.session.can_save = False
                else:
                    request.session.session_token = "0" * 64
                self.refused(change)

    def test_what_runs_in_a_persons_session_for_another_reason_approves_nothing(self):
        change = self.requested()
        for model, method in (("ir.actions.server", "run"), ("lockgate.price.change", "message_post")):
            with self.subTest(model), interactive(self.approver, model=model, method=method):
                self.refused(change)


class TestRejectedLines(PolicyCase):
    def setUp(self):
        super().setUp()
        self.change = self.requested({self.product: 11, self.second: 21})
        self.line = self.change.line_ids.filtered(lambda line: line.product_id == self.product)

    def reject(self):
        self.line.with_user(self.approver).action_reject("Too dear")

    def test_a_rejected_line_sends_the_change_back_and_is_marked(self):
        self.reject()
        self.assertEqual(self.change.state, "draft")
        self.assertIn("Too dear", self.line.rejection)
        self.assertFalse((self.change.line_ids - self.line).rejection)
        self.assertEqual(self.change.approval_ids.decision, "line_rejected")

    def test_a_rejected_line_has_to_be_changed_or_removed(self):
        self.reject()
        with self.assertRaisesRegex(UserError, "Too dear"), self.env.cr.savepoint():
            self.change.action_request()
        self.line.price = 10.5
        self.assertFalse(self.line.rejection)
        self.change.action_request()
        self.change.action_back_to_draft()
        self.line.price = 11
        with self.assertRaisesRegex(UserError, "Too dear"), self.env.cr.savepoint():
            self.change.action_request()
        self.line.unlink()
        self.change.action_request()
        self.assertEqual(self.change.state, "to_approve")

    def test_without_a_reason_it_asks_for_one_for_any_of_the_lines(self):
        action = self.line.with_user(self.approver).action_reject()
        wizard = self.env[action["res_model"]].with_user(self.approver).with_context(**action["context"])
        wizard = wizard.create({"reason": "Both", "line_ids": [Command.set(self.change.line_ids.ids)]})
        wizard.action_confirm()
        self.assertEqual(len(self.change.approval_ids), 2)
        self.assertTrue(all(self.change.line_ids.mapped("rejection")))

    def test_only_an_approver_rejects_a_line(self):
        with self.assertRaises(AccessError):
            self.line.with_user(self.analyst).action_reject("No")

    def test_an_approver_who_is_an_analyst_too_cannot_edit_then_approve(self):
        self.approver.group_ids += self.env.ref(ANALYST)
        self.reject()
        self.line.with_user(self.approver).price = 10
        self.change.action_request()
        with self.assertRaisesRegex(AccessError, "somebody else"):
            self.change.with_user(self.approver).action_approve()
