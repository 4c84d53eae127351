from contextlib import contextmanager

from odoo.addons.lockgate_price.models import price_background, price_job
from odoo.exceptions import UserError
from odoo.fields import Command

from .common import PriceCase


class TestInTheBackground(PriceCase):
    """A change of more listings than are done at once, by lowering how many that is."""

    def setUp(self):
        super().setUp()
        self.jobs = self.env["lockgate.price.job"]
        self.patch_at_once(1)

    def patch_at_once(self, number):
        self.patch(price_background, "AT_ONCE", number)
        self.patch(price_job, "SLICE", 2)

    def book_change(self, **line):
        line = {"applies_to": "book", "price": 7, **line}
        return self.draft({}, line_ids=[Command.create(line)])

    def step(self):
        """The next step of the scheduled action; returns what it was, or None."""
        job = self.jobs.search([])._first()
        task = job.task
        if job:
            self.jobs._step(job)
            self.env.invalidate_all()
        return task

    def asked(self, **line):
        change = self.book_change(**line)
        change.action_request()
        self.assertEqual(self.step(), "request")
        return change

    def approved(self, **line):
        change = self.asked(**line)
        change.with_user(self.approver).action_approve()
        return change

    def fail(self, change):
        """The step that comes next, and what the scheduled action does when it fails."""
        job = self.jobs.search([])._first()
        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            self.jobs._step(job)
        self.jobs._fail(job, caught.exception)
        self.env.invalidate_all()
        return "".join(change.message_ids.mapped("body"))

    @contextmanager
    def refused(self, words):
        """As over RPC, where what fails is rolled back."""
        with self.assertRaisesRegex(UserError, words), self.env.cr.savepoint():
            yield

    def test_the_impact_of_many_is_computed_in_steps_that_are_told(self):
        change = self.book_change()
        self.assertFalse(change.impact_ids)
        self.assertTrue(change.impact_pending)
        self.assertIn("being computed", change.impact_progress)
        self.assertEqual(self.step(), "impact")
        self.assertEqual(len(change.impact_ids), 3)
        self.assertFalse(change.impact_pending)
        self.assertIn("0 of 3", change.impact_progress)
        self.assertEqual(self.step(), "pricelists")
        self.assertIn("2 of 3", change.impact_progress)
        self.step()
        self.step()
        self.assertFalse(change.impact_progress)
        self.assertFalse(self.jobs.search([]))
        self.assertEqual(sorted(change.impact_ids.mapped("current_price")), [10, 20, 30])

    def test_asking_for_approval_does_not_wait_for_pricelists(self):
        change = self.approved()
        self.assertEqual(self.step(), "seal")
        self.assertEqual((change.state, len(change.seal_ids)), ("approved", 3))
        self.assertEqual(len(change.line_ids.rule_ids), 3)

    def test_the_background_leaves_what_was_asked_for_as_it_is(self):
        self.patch_at_once(100)
        self.baseline()
        self.patch_at_once(1)
        change = self.asked(base="cost", price=0, percent=100)
        self.product.standard_price = 999
        self.step()
        change.with_user(self.approver).action_approve()
        while self.step():
            pass
        self.assertEqual(sorted(change.seal_ids.mapped("amount")), [8, 16, 24])

    def test_asking_is_told_while_it_is_checked_and_nothing_can_be_edited_or_approved(self):
        change = self.book_change()
        change.action_request()
        self.assertEqual((change.state, change.under_way), ("to_approve", "request"))
        self.assertIn("its approvers are asked", change.impact_progress)
        with self.refused("still being checked"):
            change.with_user(self.approver).action_approve()
        with self.refused("only a draft can be edited"):
            change.line_ids.price = 1
        self.step()
        self.assertTrue(change.request_hash)
        self.assertIn(self.approver, change.approver_ids)

    def test_an_approval_is_the_persons_own_at_the_moment_they_press(self):
        change = self.approved()
        approval = change.approval_ids
        self.assertEqual((approval.user_id, approval.hash), (self.approver, change.request_hash))
        self.assertEqual((change.state, change.under_way), ("to_approve", "seal"))
        self.assertFalse(change.seal_ids)
        self.assertIn(f"{self.approver.name} approved it: its 3 prices", change.impact_progress)
        self.step()
        self.assertEqual(change.seal_ids.approval_id, approval)
        self.assertEqual(change.approval_ids, approval)

    def test_what_is_approved_and_not_sealed_yet_is_not_approved_again(self):
        change = self.approved()
        with self.refused("approved already"):
            change.with_user(self.approver).action_approve()
        self.step()
        self.assertEqual(len(change.seal_ids), 3)

    def test_sealing_comes_before_other_work(self):
        change = self.approved()
        other = self.book_change()
        self.assertEqual(self.step(), "seal")
        self.assertEqual((change.state, other.state), ("approved", "draft"))

    def test_the_background_seals_nothing_that_nobody_approved(self):
        change = self.asked()
        self.jobs._queue(change, "seal")
        words = self.fail(change)
        self.assertIn("nobody has approved it", words)
        self.assertEqual((change.state, change.seal_count), ("draft", 0))

    def test_the_background_seals_nothing_before_every_tier_has_approved(self):
        second = self.approver.copy({"login": "second_approver"})
        tiers = self.env["lockgate.price.tier"].create(
            [
                {"name": "First", "user_ids": [Command.set(self.approver.ids)]},
                {"name": "Second", "sequence": 20, "user_ids": [Command.set(second.ids)]},
            ]
        )
        self.env["lockgate.price.policy"].create(
            {
                "name": "Margin", "kind": "margin", "percent": 0.99, "effect": "ask",
                "tier_ids": [Command.set(tiers.ids)],
            }
        )  # fmt: skip
        change = self.approved()
        self.assertFalse(change.under_way == "seal")
        self.jobs._queue(change, "seal")
        self.assertIn("not every tier", self.fail(change))
        self.assertFalse(change.seal_count)

    def test_a_change_that_was_rejected_meanwhile_is_not_sealed(self):
        change = self.approved()
        change.with_user(self.approver).action_reject("No")
        self.assertEqual(self.step(), "seal")
        self.assertEqual((change.state, change.seal_count), ("rejected", 0))

    def test_a_change_that_was_taken_back_and_asked_for_again_is_not_sealed_by_the_earlier_approval(self):
        change = self.approved()
        change.action_back_to_draft()
        change.line_ids.price = 1
        change.action_request()
        self.assertEqual(self.step(), "seal")
        self.assertEqual(self.step(), "request")
        self.assertEqual((change.state, change.seal_count), ("to_approve", 0))
        self.assertFalse(change._given())

    def test_a_policy_that_blocks_by_then_sends_it_back_and_tells_why(self):
        change = self.approved()
        self.env["lockgate.price.policy"].create(
            {"name": "Never", "kind": "margin", "percent": 0.99, "effect": "block"}
        )
        words = self.fail(change)
        self.assertIn("nothing of it was", words)
        self.assertIn("Policy Never blocks", words)
        self.assertEqual((change.state, change.seal_count), ("draft", 0))
        self.assertFalse(change.line_ids.rule_ids)
        self.assertFalse(change.approver_ids)
        self.assertIn(self.approver.partner_id, change.message_ids.notified_partner_ids)
        self.assertFalse(self.jobs.search([("task", "=", "seal")]))

    def test_what_cannot_be_asked_for_goes_back_and_tells_why(self):
        change = self.book_change()
        change.action_request()
        self.products.active = False
        self.assertIn("decide no price", self.fail(change))
        self.assertEqual((change.state, change.request_hash), ("draft", False))

    def test_what_can_be_told_at_once_is_told_at_once(self):
        change = self.book_change()
        change.book_ids = [Command.clear()]
        with self.refused("Choose at least one price book"):
            change.action_request()
        self.assertEqual(change.state, "draft")

    def test_policies_let_a_large_change_through_without_anybody(self):
        self.env["lockgate.price.policy"].create(
            {"name": "Small steps", "kind": "margin", "percent": -0.99, "effect": "pass"}
        )
        change = self.asked()
        self.assertEqual((change.state, change.seal_count), ("approved", 3))
        self.assertEqual(change.approval_ids.basis, "policy")
