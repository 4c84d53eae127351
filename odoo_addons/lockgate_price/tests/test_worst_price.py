from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command

from .test_policy import PolicyCase


class TestWorstPrice(PolicyCase):
    """What policies judge is the worst of a price and its quantity breaks, at every quantity where one of
    the old and the new begins."""

    def setUp(self):
        super().setUp()
        self.baseline()

    def with_breaks(self, breaks, price=10.0, product=None, **values):
        line = Command.create({"product_id": (product or self.product).id, "price": price, "breaks": breaks})
        return self.draft({}, line_ids=[line], **values)

    def sealed(self, breaks, price=10.0):
        change = self.with_breaks(breaks, price)
        change.action_request()
        change.with_user(self.approver).action_approve()
        return change

    def test_a_break_that_falls_further_than_its_policy_lets_through_waits_for_a_person(self):
        self.policy("fall", "pass", percent=0.1)
        change = self.with_breaks("2: 0.01")
        change.action_request()
        self.assertEqual(change.state, "to_approve")
        self.assertFalse(change.seal_ids)

    def test_breaks_inside_of_the_band_are_let_through(self):
        self.policy("fall", "pass", percent=0.1)
        change = self.with_breaks("2: 9.50; 10: 9")
        change.action_request()
        self.assertEqual(change.state, "approved")

    def test_each_policy_on_what_a_price_may_be_finds_a_break(self):
        for kind, values, breaks in (
            ("margin", {"percent": 0.5}, "10: 7.99"),
            ("minimum", {"amount": 9}, "10: 8.99"),
            ("fall", {"percent": 0.1}, "10: 8.99"),
            ("rise", {"percent": 0.1}, "10: 11.01"),
            ("ending", {"endings": ".00 .50"}, "10: 9.50; 20: 9.49"),
        ):
            policy = self.policy(kind, **values)
            with self.subTest(kind=kind):
                self.assertFalse(self.breached(self.with_breaks(False)))
                self.assertEqual(self.breached(self.with_breaks(breaks)), {(self.product, policy)})
            policy.active = False

    def test_a_break_is_compared_with_the_price_in_force_at_its_quantity(self):
        self.sealed("10: 5")
        fall, rise = self.policy("fall", percent=0.1), self.policy("rise", percent=0.1)
        for breaks, found in (
            ("10: 4.60", self.env["lockgate.price.policy"]),
            ("10: 4.40", fall),
            ("5: 8; 10: 5", fall),  # from 5 on it was 10
            ("20: 5", rise),  # from 10 to 19 it was 5
            (False, rise),
        ):
            with self.subTest(breaks=breaks):
                change = self.with_breaks(breaks)
                self.assertEqual(change.impact_ids.breach_ids, found)

    def test_the_impact_shows_the_change_and_the_margin_where_they_are_worst(self):
        impact = self.with_breaks("10: 5").impact_ids
        self.assertEqual((impact.new_price, impact.lowest_price), (10, 5))
        self.assertAlmostEqual(impact.change_percent, -0.5)
        self.assertEqual(impact.sudo().margin, 1)
        self.assertAlmostEqual(impact.sudo().margin_percent, 0.2)
        change = impact.change_id
        self.assertEqual((change.fall_count, change.rise_count), (1, 0))

    def test_a_change_that_falls_and_rises_counts_as_both_and_shows_the_larger(self):
        self.sealed("10: 5")
        change = self.with_breaks("10: 9", price=9.5)
        self.assertEqual((change.fall_count, change.rise_count), (1, 1))
        self.assertAlmostEqual(change.impact_ids.change_percent, 0.8)

    def test_a_break_that_costs_nothing_is_refused(self):
        change = self.with_breaks("10: 0.001")
        with self.assertRaisesRegex(UserError, "nothing once it is rounded"):
            change.action_request()

    def test_a_break_that_breaks_a_policy_when_its_time_comes_is_held(self):
        start = fields.Datetime.now() + timedelta(days=1)
        change = self.with_breaks("10: 8", effective_from=start)
        policy = self.policy("margin", percent=0.4)  # of cost 4: 6.67
        change.action_request()
        change.with_user(self.approver).action_approve()
        self.product.standard_price = 5  # the floor is 8.33 now: the break is below it, 10 is not
        self.env["lockgate.price.check"]._check_begun(self.channel, self.listing, start)
        self.assertEqual(change.check_ids.answer, "held")
        self.assertEqual(change.check_ids.policy_names, policy.name)

    def test_a_regular_price_above_any_in_force_is_let_through_by_no_policy(self):
        self.policy("fall", "pass", percent=0.1)
        for regular, state in ((10, "approved"), (1000, "to_approve")):
            line = {"product_id": self.product.id, "price": 9.5}
            line |= {"compare_at": "fixed", "compare_price": regular}
            change = self.draft({}, line_ids=[Command.create(line)])
            with self.subTest(regular=regular):
                change.action_request()
                self.assertEqual(change.state, state)


class TestFirstPrice(PolicyCase):
    """A price that replaces none rises and falls by nothing, so no band of those lets it through."""

    def state_of(self, price):
        change = self.requested({self.product: price})
        return change.state

    def test_no_band_of_rise_or_fall_lets_a_first_price_through(self):
        self.policy("rise", "pass")
        self.policy("fall", "pass")
        self.assertEqual(self.state_of(10), "to_approve")

    def test_nor_one_on_its_ending_or_its_time(self):
        self.policy("ending", "pass", endings=".99")
        self.policy("frequency", "pass")
        self.assertEqual(self.state_of(0.99), "to_approve")

    def test_nor_one_after_an_end(self):
        self.policy("fall", "pass")
        change = self.draft(effective_to=fields.Datetime.now() + timedelta(hours=1))
        change.action_request()
        change.with_user(self.approver).action_approve()
        later = self.draft({self.product: 1}, effective_from=fields.Datetime.now() + timedelta(hours=2))
        later.action_request()
        self.assertEqual(later.state, "to_approve")

    def test_nor_one_of_a_listing_that_was_mapped_anew(self):
        self.baseline()
        self.policy("fall", "pass")
        self.listing.uom_id = self.env.ref("uom.product_uom_dozen")
        self.assertEqual(self.state_of(0.01), "to_approve")

    def test_a_margin_floor_or_a_lowest_price_lets_it_through(self):
        for kind in ("margin", "minimum"):
            policy = self.policy(kind, "pass")
            with self.subTest(kind=kind):
                self.assertEqual(self.state_of(10), "approved")
            policy.active = False

    def test_a_margin_floor_lets_nothing_through_whose_cost_is_not_known(self):
        self.policy("margin", "pass")
        self.product.standard_price = 0
        self.assertEqual(self.state_of(10), "to_approve")
