from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user

from .test_policy import PolicyCase


class TestDriftBand(PolicyCase):
    """Drift inside a band is sealed by a change that names its policy; outside of it a person decides."""

    def setUp(self):
        super().setUp()
        self.baseline()
        self.band = self.policies("drift", "pass", name="Small moves", percent=0.05)

    def policies(self, kind, effect, **values):
        values = {"name": f"The {kind}", "kind": kind, "effect": effect, **values}
        return self.env["lockgate.price.policy"].create(values)

    def move(self, price, product=None):
        """Odoo's price moves, behind the guard, and is compared; returns the drift that is left."""
        template = (product or self.product).product_tmpl_id
        self.execute("UPDATE product_template SET list_price = %s WHERE id = %s", [price, template.id])
        while self.book._sweep():
            pass
        return self.env["lockgate.price.drift"].search([("book_id", "=", self.book.id)])

    def in_force(self, product=None):
        domain = [("product_id", "=", (product or self.product).id), ("in_force", "=", True)]
        return self.seals.search(domain)

    def test_a_move_inside_the_band_is_sealed_and_the_policy_is_its_approver(self):
        self.assertFalse(self.move(10.4))
        seal = self.in_force()
        self.assertEqual(
            (seal.amount, seal.change_id.kind, seal.change_id.state), (10.4, "drift", "approved")
        )
        self.assertEqual((seal.approval_id.basis, seal.approval_id.tier), ("policy", "Small moves"))
        self.assertEqual(seal.approval_id.user_id, self.env.ref("base.user_root"))
        row = self.env["lockgate.price.ledger"].search([("seal_id", "=", seal.id)])
        self.assertIn("Small moves", row.decisions)
        self.assertFalse(self.env["lockgate.exception"].search([("channel_id", "=", self.channel.id)]))

    def test_a_move_outside_of_the_band_is_left_to_a_person(self):
        for price in (10.6, 9.4):
            with self.subTest(price=price):
                self.assertEqual(self.move(price).product_id, self.product)
                self.assertEqual(self.in_force().amount, 10)
        self.assertTrue(self.env["lockgate.exception"].search([("channel_id", "=", self.channel.id)]))

    def test_small_moves_never_add_up_beyond_the_band_around_what_a_person_approved(self):
        self.assertFalse(self.move(10.4))
        self.assertFalse(self.move(10.5))
        self.assertEqual(self.move(10.8).live, 10.8)
        self.assertEqual(self.in_force().amount, 10.5)
        self.assertFalse(self.move(9.5))
        self.assertEqual(self.in_force().amount, 9.5)

    def test_what_a_person_approves_is_what_the_band_is_around_from_then_on(self):
        self.approved({self.product: 12})
        self.pricelist.item_ids.unlink()
        self.assertFalse(self.move(12.5))
        self.assertEqual(self.in_force().amount, 12.5)

    def test_what_policies_let_through_never_moves_the_band(self):
        self.policies("rise", "pass", percent=0.1)
        change = self.requested({self.product: 10.9})
        self.assertEqual(change.approval_ids.basis, "policy")
        self.pricelist.item_ids.unlink()
        self.assertEqual(self.move(11.2).product_id, self.product)

    def test_a_band_for_drift_lets_nothing_through_that_anybody_drafted(self):
        change = self.requested({self.product: 10.1})
        self.assertEqual(change.state, "to_approve")
        self.assertFalse(change.approval_ids)

    def test_a_policy_that_lets_changes_through_seals_no_drift(self):
        self.band.active = False
        self.policies("rise", "pass", percent=0.1)
        self.assertTrue(self.move(10.1))
        self.assertEqual(self.in_force().amount, 10)

    def test_every_other_policy_holds_for_drift_too(self):
        for kind, effect, values in (
            ("margin", "block", {"percent": 0.61}),
            ("margin", "ask", {"percent": 0.61, "tier_ids": [Command.set(self.tier.ids)]}),
            ("ending", "block", {"endings": ".99"}),
        ):
            with self.subTest(kind=kind, effect=effect):
                other = self.policies(kind, effect, **values)
                self.assertTrue(self.move(9.9))
                self.assertEqual(self.in_force().amount, 10)
                self.assertFalse(self.env["lockgate.price.change"].search([("kind", "=", "drift")]))
                other.active = False
                self.move(10)

    def test_one_that_stays_outside_holds_up_no_other(self):
        self.move(12)
        self.assertEqual(self.move(20.5, self.second).product_id, self.product)
        self.assertEqual((self.in_force().amount, self.in_force(self.second).amount), (10, 20.5))

    def test_a_band_is_of_its_category_channel_and_book(self):
        self.band.category_id = self.env["product.category"].create({"name": "Other"})
        self.assertTrue(self.move(10.1))

    def test_a_persons_edit_that_waits_as_a_draft_is_not_sealed(self):
        self.env.company.lockgate_price_edits = "capture"
        self.product.with_user(self.env.ref("base.user_admin")).list_price = 10.1
        self.env.cr.precommit.run()
        self.assertTrue(self.env["lockgate.price.change"].search([("kind", "=", "captured")]))
        self.move(10.1)
        self.assertEqual(self.in_force().amount, 10)

    def test_a_persons_edit_that_was_turned_down_is_not_sealed(self):
        self.env.company.lockgate_price_edits = "capture"
        editor = new_test_user(self.env, "editor_test", "lockgate_price.lockgate_price_group_analyst")
        editor.group_ids |= self.env.ref("product.group_product_manager")
        for decide in (
            lambda change: change.with_user(editor).action_cancel(),
            lambda change: (
                change.with_user(editor).action_request(),
                change.with_user(self.approver).action_reject("Too dear"),
            ),
        ):
            self.product.with_user(editor).list_price = 10.1
            self.env.cr.precommit.run()
            change = self.env["lockgate.price.change"].search(
                [("kind", "=", "captured"), ("state", "=", "draft")]
            )
            decide(change)
            with self.subTest(state=change.state):
                self.assertIn(change.state, ("cancelled", "rejected"))
                self.assertEqual(self.move(10.1).live, 10.1)
                self.assertEqual(self.in_force().amount, 10)
            self.move(10)

    def test_once_a_person_has_approved_another_price_the_no_to_an_earlier_one_is_over(self):
        self.env.company.lockgate_price_edits = "capture"
        self.analyst.group_ids |= self.env.ref("product.group_product_manager")
        self.product.with_user(self.analyst).list_price = 10.1
        self.env.cr.precommit.run()
        change = self.env["lockgate.price.change"].search([("kind", "=", "captured")])
        change.with_user(self.analyst).action_cancel()
        later = fields.Datetime.now() + timedelta(minutes=1)
        self.patch(fields.Datetime, "now", lambda: later)
        self.approved({self.product: 12})
        self.pricelist.item_ids.unlink()
        self.assertFalse(self.move(12.5))
        self.assertEqual(self.in_force().amount, 12.5)

    def test_a_price_that_is_approved_to_come_is_not_covered(self):
        start = fields.Datetime.now() + timedelta(days=1)
        self.approved({self.product: 13}, effective_from=start)
        self.assertTrue(self.move(10.1))
        self.assertEqual(self.in_force().amount, 10)

    def test_a_price_for_a_time_is_left_to_a_person(self):
        self.approved({self.product: 9}, effective_to=fields.Datetime.now() + timedelta(days=1))
        self.pricelist.item_ids.unlink()
        self.assertTrue(self.move(9.1))
        self.assertEqual(self.in_force().amount, 9)

    def test_breaks_and_regular_prices_are_left_to_a_person(self):
        line = Command.create({"product_id": self.product.id, "price": 10.0, "breaks": "10: 9"})
        change = self.draft({}, line_ids=[line])
        change.action_request()
        change.with_user(self.approver).action_approve()
        self.pricelist.item_ids.unlink()
        self.assertTrue(self.move(10.1))

    def test_a_listing_without_a_price_gets_none(self):
        product = self.env["product.product"].create({"name": "New", "list_price": 10, "default_code": "new"})
        self.listings.create({"channel_id": self.channel.id, "product_id": product.id})
        self.assertTrue(self.move(10, product))
        self.assertFalse(self.in_force(product))

    def test_an_impossible_band_is_refused(self):
        for effect, percent in (
            ("pass", 0),
            ("pass", -0.1),
            ("pass", 1),
            ("pass", float("nan")),
            ("block", 0.1),
        ):
            with (
                self.subTest(effect=effect, percent=percent),
                self.assertRaisesRegex(ValidationError, "give a band"),
                self.env.cr.savepoint(),
            ):
                self.policies("drift", effect, percent=percent)

    def test_nobody_drafts_a_change_of_this_kind(self):
        changes = self.env["lockgate.price.change"].with_user(self.analyst)
        with self.assertRaises(UserError):
            changes.create(self.values(kind="drift"))
        self.assertEqual(changes.with_context(default_kind="drift").create(self.values()).kind, "regular")
        self.move(10.4)
        change = self.in_force().change_id.with_user(self.analyst)
        self.assertEqual(change.copy().kind, "regular")

    def test_only_lockgates_administrators_write_a_band(self):
        for user in (self.analyst, self.approver):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.band.with_user(user).percent = 0.9
