from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from .common import ANALYST, APPROVER, PriceCase


class TestApproval(PriceCase):
    def approve(self, change, user=None, **arguments):
        change.with_user(user or self.approver).action_approve(**arguments)

    def test_an_approver_approves_and_every_listing_gets_its_seal(self):
        change = self.requested({self.product: 12.5, self.second: 19.99})
        self.approve(change)
        self.assertEqual(change.state, "approved")
        self.assertEqual(
            {seal.product_id: seal.amount for seal in change.seal_ids},
            {self.product: 12.5, self.second: 19.99},
        )
        self.assertEqual(change.approval_ids.user_id, self.approver)
        self.assertGreater(change.approval_ids.revision, change.request_revision)
        self.assertEqual(change.seal_ids.approval_id, change.approval_ids)
        self.assertEqual(change.effective_from, change.approved_at)

    def test_sealing_marks_the_listings_and_no_other(self):
        self.marks()
        self.approved()
        self.assertEqual(self.marks(), {(self.listing.id, "sealed")})

    def test_an_analyst_cannot_approve(self):
        with self.assertRaisesRegex(AccessError, "approver"):
            self.approve(self.requested(), self.analyst)

    def test_who_asked_cannot_approve(self):
        self.analyst.group_ids += self.env.ref(APPROVER)
        with self.assertRaisesRegex(AccessError, "somebody else"):
            self.approve(self.requested(), self.analyst)

    def test_who_edited_cannot_approve_though_another_edited_last_and_another_asked(self):
        self.approver.group_ids += self.env.ref(ANALYST)
        change = self.draft()
        change.with_user(self.approver).line_ids.price = 11
        change.with_user(self.analyst).line_ids.price = 12
        change.action_request()
        with self.assertRaisesRegex(AccessError, "somebody else"):
            self.approve(change)

    def test_nothing_but_a_change_that_was_asked_for_is_approved(self):
        with self.assertRaisesRegex(UserError, "Draft"):
            self.approve(self.draft())
        change = self.approved()
        with self.assertRaisesRegex(UserError, "Approved"):
            self.approve(change)

    def test_a_change_that_moved_on_since_the_approver_read_it_is_refused(self):
        change = self.requested()
        seen = change.revision
        change.action_back_to_draft()
        change.line_ids.price = 1
        change.action_request()
        with self.assertRaisesRegex(UserError, "since you opened it"):
            self.approve(change, revision=seen)
        with self.assertRaisesRegex(UserError, "since you opened it"):
            self.approve(change.with_context(lockgate_seen_revision=seen))
        self.approve(change, revision=change.revision)

    def test_a_change_that_does_something_else_than_was_asked_for_is_refused(self):
        change = self.requested()
        self.env["lockgate.listing"].create(
            {"channel_id": self.channel.id, "product_id": self.product.id, "sku": "another"}
        )
        with self.assertRaisesRegex(UserError, "no longer what was asked for"):
            self.approve(change)

    def test_an_edit_past_the_orm_is_refused(self):
        change = self.requested()
        self.execute("UPDATE lockgate_price_change_line SET price = 1 WHERE change_id = %s", [change.id])
        with self.assertRaisesRegex(UserError, "no longer what was asked for"):
            self.approve(change)

    def test_a_start_that_has_passed_becomes_the_moment_of_approval(self):
        change = self.requested(effective_from=fields.Datetime.now() - timedelta(days=1))
        self.approve(change)
        self.assertEqual(change.seal_ids.date_from, change.approved_at)

    def test_a_future_change_is_sealed_for_its_period(self):
        start = fields.Datetime.now() + timedelta(days=1)
        change = self.approved(effective_from=start, effective_to=start + timedelta(days=7))
        self.assertEqual(change.seal_ids.date_from, start)
        self.assertEqual(change.seal_ids.date_to, start + timedelta(days=7))

    def test_an_approved_change_writes_the_rule_that_decides_odoos_price(self):
        self.env["product.pricelist.item"].create(
            {"pricelist_id": self.pricelist.id, "product_id": self.product.id, "fixed_price": 99}
        )
        change = self.approved()
        self.assertEqual(self.pricelist._get_product_price(self.product, 1.0), 12.5)
        self.assertEqual(change.line_ids.rule_ids.fixed_price, 12.5)

    def test_a_rule_covers_just_the_period_of_its_change(self):
        start = fields.Datetime.now() + timedelta(days=1)
        end = start + timedelta(days=1)
        self.approved(effective_from=start, effective_to=end)
        second = timedelta(seconds=1)
        prices = [
            self.pricelist._get_product_price(self.product, 1.0, date=moment)
            for moment in (start - second, start, end - second, end)
        ]
        self.assertEqual(prices, [10, 12.5, 12.5, 10])

    def test_books_that_share_a_pricelist_write_one_rule(self):
        shop = self.channel.copy({"code": "second_shop"})
        self.env["lockgate.listing"].create({"channel_id": shop.id, "product_id": self.product.id})
        book = self.book.create({"name": "Also", "channel_id": shop.id, "pricelist_id": self.pricelist.id})
        change = self.approved(book_ids=[Command.set((self.book + book).ids)])
        self.assertEqual(len(change.seal_ids), 2)
        self.assertEqual(len(change.line_ids.rule_ids), 1)

    def test_a_rule_that_would_still_decide_is_named(self):
        self.env["product.pricelist.item"].create(
            {
                "pricelist_id": self.pricelist.id,
                "product_id": self.product.id,
                "fixed_price": 99,
                "min_quantity": 1,
            }
        )
        with self.assertRaisesRegex(UserError, "Public test.*Boat 1"):
            self.approve(self.requested())

    def test_a_price_is_sealed_in_the_unit_of_the_listing(self):
        self.listing.uom_id = self.env.ref("uom.product_uom_dozen")
        seal = self.approved({self.product: 1.25}).seal_ids
        self.assertEqual(seal.amount, 15.0)
        self.assertEqual(seal.uom_id, self.listing.uom_id)

    def test_a_rejection_needs_a_reason_and_is_held(self):
        change = self.requested()
        action = change.with_user(self.approver).action_reject()
        self.assertEqual(action["res_model"], "lockgate.price.decision")
        self.assertEqual(change.state, "to_approve")
        wizard = self.env[action["res_model"]].with_user(self.approver).with_context(**action["context"])
        wizard.create({"reason": "Too dear"}).action_confirm()
        self.assertEqual(change.state, "rejected")
        self.assertEqual(change.approval_ids.decision, "rejected")
        self.assertEqual(change.approval_ids.note, "Too dear")
        self.assertFalse(change.seal_ids)

    def test_a_change_that_is_sent_back_can_be_reworked(self):
        change = self.requested()
        change.with_user(self.approver).action_send_back("Round it")
        self.assertEqual(change.state, "draft")
        change.line_ids.price = 13
        change.action_request()
        self.approve(change)
        self.assertEqual(change.seal_ids.amount, 13)
        self.assertEqual(change.approval_ids.mapped("decision"), ["approved", "sent_back"])

    def test_an_analyst_rejects_nothing(self):
        change = self.requested()
        for decide in (change.action_reject, change.action_send_back):
            with self.assertRaises(AccessError):
                decide("Because")

    def test_a_change_that_has_not_begun_can_be_revoked_with_its_rules(self):
        change = self.approved(effective_from=fields.Datetime.now() + timedelta(days=1))
        rules = change.line_ids.rule_ids
        with self.assertRaisesRegex(AccessError, "approver"):
            change.action_cancel()
        change.with_user(self.approver).action_cancel()
        self.assertEqual(change.state, "cancelled")
        self.assertFalse(rules.exists())
        self.assertEqual(change.seal_ids.revokes_id | change.seal_ids.filtered("revokes_id"), change.seal_ids)
        with self.assertRaisesRegex(UserError, "copy it"):
            change.action_back_to_draft()

    def test_a_change_that_has_begun_cannot_be_cancelled(self):
        change = self.approved()
        with self.assertRaisesRegex(UserError, "has begun"):
            change.with_user(self.approver).action_cancel()

    def test_many_are_approved_at_once(self):
        changes = self.requested() + self.requested({self.second: 5})
        self.approve(changes)
        self.assertEqual(set(changes.mapped("state")), {"approved"})
        self.assertEqual(len(changes.seal_ids), 2)
