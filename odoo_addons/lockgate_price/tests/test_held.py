from datetime import timedelta

from odoo import fields
from odoo.addons.lockgate.tests.session import interactive
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from .common import APPROVER
from .test_policy import PolicyCase


class TestHeld(PolicyCase):
    """What breaks a policy when its time comes is held; until a person releases it nothing of it is sent."""

    def setUp(self):
        super().setUp()
        self.baseline()
        self.start = fields.Datetime.now() + timedelta(days=1)
        self.other = new_test_user(self.env, "other_approver_test", APPROVER)

    def coming(self, prices=None, **values):
        return self.approved(prices, effective_from=self.start, **values)

    def take_turn(self, listings=None, moment=None):
        """{product: the amount that is wanted} once the change's time has come."""
        listings = listings or self.listings
        self.env.flush_all()
        moment = moment or self.start + timedelta(seconds=1)
        wants = self.env["lockgate.turn"]._wanted_price(self.channel, listings, moment, {})
        products = {listing.id: listing.product_id for listing in listings}
        self.env.invalidate_all()
        return {products[want.listing_id]: want.value and want.value["amount"] for want in wants}

    def answers(self, change):
        return set(change.check_ids.mapped("answer"))

    def test_what_keeps_to_its_policies_passes_and_is_sent(self):
        self.policy("margin")
        change = self.coming()
        self.assertEqual(self.take_turn(self.listing), {self.product: "12.50"})
        self.assertEqual(self.answers(change), {"passed"})

    def test_a_cost_that_rose_meanwhile_holds_the_seal_and_the_earlier_price_stays(self):
        self.policy("margin")
        change = self.coming({self.product: 12.5, self.second: 25})
        self.product.standard_price = 11
        wanted = self.take_turn()
        self.assertEqual((wanted[self.product], wanted[self.second]), ("10.00", "25.00"))
        self.assertEqual(change.held_count, 1)
        held = change.check_ids.filtered(lambda check: check.answer == "held")
        self.assertEqual((held.listing_id, held.policy_names), (self.listing, "The margin"))

    def test_it_is_checked_once_and_the_answer_stays(self):
        self.policy("margin")
        change = self.coming()
        self.product.standard_price = 11
        self.take_turn()
        self.product.standard_price = 1
        self.assertEqual(self.take_turn(self.listing), {self.product: "10.00"})
        self.assertEqual(len(change.check_ids), 1)

    def test_before_its_time_nothing_is_checked(self):
        self.policy("margin")
        change = self.coming()
        self.take_turn(moment=fields.Datetime.now())
        self.assertFalse(change.check_ids)

    def test_what_begins_with_its_approval_was_checked_there(self):
        self.policy("margin")
        change = self.approved()
        self.product.standard_price = 12
        self.assertEqual(self.take_turn(self.listing), {self.product: "12.50"})
        self.assertFalse(change.check_ids)

    def test_a_policy_that_came_after_the_approval_holds_it_too(self):
        change = self.coming()
        self.policy("fall", percent=0.0)
        self.policy("rise", percent=0.1)
        self.take_turn()
        self.assertEqual(change.held_count, 1)

    def test_a_freeze_window_that_came_after_the_approval_holds_it(self):
        change = self.coming()
        self.policy("freeze", freeze_from=self.start, freeze_to=self.start + timedelta(days=1))
        self.take_turn()
        self.assertEqual(change.held_count, 1)

    def test_a_breach_that_was_approved_is_not_held(self):
        self.policy("margin", "ask", percent=0.9)
        change = self.coming()
        self.assertEqual(change.approval_ids.tier, "Head of sales")
        self.assertEqual(self.take_turn(self.listing), {self.product: "12.50"})

    def test_another_listings_approved_breach_excuses_nothing(self):
        self.policy("margin", "ask")
        change = self.coming({self.product: 4.1, self.second: 25})
        self.second.standard_price = 24
        self.take_turn()
        held = change.check_ids.filtered(lambda check: check.answer == "held")
        self.assertEqual(held.listing_id.product_id, self.second)

    def test_the_band_of_what_was_let_through_holds_it(self):
        self.policy("margin", "pass")
        change = self.requested(effective_from=self.start)
        self.assertEqual(change.approval_ids.basis, "policy")
        self.product.standard_price = 12
        self.take_turn()
        self.assertEqual(change.held_count, 1)

    def test_the_band_of_letting_through_says_nothing_of_what_a_person_approved(self):
        change = self.coming()
        self.policy("margin", "pass")
        self.product.standard_price = 12
        self.take_turn()
        self.assertFalse(change.held_count)

    def test_a_lead_time_that_was_kept_holds_nothing_when_the_time_comes(self):
        self.policy("lead_time", days=1)
        self.start += timedelta(days=1)
        change = self.coming()
        self.take_turn()
        self.assertEqual(self.answers(change), {"passed"})

    def test_an_approver_releases_it_for_a_reason(self):
        self.policy("margin")
        change = self.coming()
        self.product.standard_price = 11
        self.take_turn()
        self.marks()
        with interactive(self.other, method="action_confirm", model="lockgate.price.decision"):
            action = change.with_user(self.other).action_release()
            wizard = self.env[action["res_model"]].with_user(self.other).with_context(**action["context"])
            wizard.create({"reason": "The cost is wrong"}).action_confirm()
        self.assertEqual(self.marks(), {(self.listing.id, "released")})
        self.assertEqual((change.held_count, change.approval_ids[0].decision), (0, "released"))
        self.assertEqual(change.approval_ids[0].note, "The cost is wrong")
        self.assertEqual(change.approval_ids[0].released, change.seal_ids.ids)
        self.assertFalse(self.env["lockgate.price.ledger"]._forged_releases())
        moment = self.start + timedelta(days=1)
        self.assertEqual(self.take_turn(self.listing, moment), {self.product: "12.50"})

    def test_nobody_else_releases_it(self):
        self.policy("margin")
        change = self.coming()
        with self.assertRaisesRegex(UserError, "no held prices"):
            change.with_user(self.other).action_release("x")
        self.product.standard_price = 11
        self.take_turn()
        with self.assertRaisesRegex(AccessError, "approver"):
            change.with_user(self.analyst).action_release("x")
        self.analyst.group_ids += self.env.ref(APPROVER)
        with self.assertRaisesRegex(AccessError, "somebody else"):
            change.with_user(self.analyst).action_release("x")
        with self.assertRaisesRegex(AccessError, "signed in"):
            change.with_user(self.other).action_release("x")
        self.assertEqual(change.held_count, 1)

    def test_it_becomes_an_exception_until_it_is_released(self):
        self.policy("margin")
        change = self.coming()
        self.product.standard_price = 11
        self.take_turn()
        exceptions = self.env["lockgate.exception"]
        exceptions._catch_up(self.channel)
        exceptions._catch_up(self.channel)
        held = exceptions.search([("category", "=", "out_of_policy"), ("channel_id", "=", self.channel.id)])
        self.assertEqual((held.listing_id, held.state), (self.listing, "open"))
        self.assertIn("The margin", held.message)
        with self.assertRaisesRegex(UserError, "a person decides"):
            held.action_retry()
        self.assertEqual(held.state, "open")
        self.assertEqual(held.action_open_price_changes()["res_id"], change.id)
        with interactive(self.other, method="action_release"):
            change.with_user(self.other).action_release("Fine")
        exceptions._catch_up(self.channel)
        self.assertEqual(held.state, "resolved")

    def test_the_exception_is_over_once_a_newer_price_replaced_the_held_one(self):
        self.policy("margin")
        held_back = self.coming()
        self.product.standard_price = 11
        self.take_turn()
        exceptions = self.env["lockgate.exception"]
        exceptions._catch_up(self.channel)
        self.approved({self.product: 20}, above_ids=[Command.set(held_back.ids)])
        exceptions._catch_up(self.channel)
        held = exceptions.search([("category", "=", "out_of_policy"), ("channel_id", "=", self.channel.id)])
        self.assertEqual(held.state, "resolved")

    def held_exceptions(self):
        exceptions = self.env["lockgate.exception"]
        exceptions._catch_up(self.channel)
        return exceptions.search([("category", "=", "out_of_policy"), ("channel_id", "=", self.channel.id)])

    def test_a_held_price_that_a_person_ignored_stays_ignored_and_another_is_told(self):
        self.policy("margin")
        self.coming()
        self.product.standard_price = 11
        self.take_turn()
        ignored = self.held_exceptions()
        ignored._ignore("It is known.")
        self.assertEqual(self.held_exceptions(), ignored)
        self.assertEqual(ignored.state, "ignored")
        self.coming({self.second: 25})
        self.second.standard_price = 24
        self.take_turn()
        told = self.held_exceptions() - ignored
        self.assertEqual((told.state, told.failure_ids.listing_id.product_id), ("open", self.second))

    def test_checks_are_appended_never_changed(self):
        self.policy("margin")
        self.coming()
        self.take_turn()
        check = self.env["lockgate.price.check"].search([], limit=1)
        for attempt in (
            lambda: check.write({"answer": "released"}),
            check.unlink,
            lambda: check.create({"seal_id": check.seal_id.id, "answer": "released"}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_the_list_filters_changes_with_held_prices(self):
        self.policy("margin")
        change = self.coming()
        self.product.standard_price = 11
        changes = self.env["lockgate.price.change"].with_user(self.analyst)
        self.assertNotIn(change, changes.search([("held_count", ">", 0)]))
        self.take_turn()
        self.assertIn(change, changes.search([("held_count", ">", 0)]))
