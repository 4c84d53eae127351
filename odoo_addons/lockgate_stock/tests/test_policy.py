from datetime import datetime, timedelta

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from ..policy import MOST, Policy, show
from .common import StockCase

NOW = datetime(2030, 1, 1)


@tagged("post_install", "-at_install")
class TestPolicyArithmetic(StockCase):
    """What a policy shows of what is left: `policy.show`, case by case."""

    def shown(self, left, ended=False, **terms):
        return show(Policy(**terms), left, ended, NOW)[0]

    def test_every_term_alone(self):
        for terms, left, shown in [
            ({}, 7, 7),
            ({}, -7, 0),
            ({}, MOST, MOST),
            ({"buffer": 5}, 7, 2),
            ({"buffer": 5}, 5, 0),
            ({"buffer": 5}, 3, 0),
            ({"buffer_percent": 10}, 105, 94),
            ({"buffer_percent": 100}, 105, 0),
            ({"buffer": 20, "buffer_percent": 10}, 105, 85),
            ({"share": 50}, 7, 3),
            ({"share": 0}, 7, 0),
            ({"share": 50}, -7, 0),
            ({"backorder": 10}, 7, 17),
            ({"backorder": 10}, -3, 7),
            ({"backorder": 10}, -13, 0),
            ({"backorder": 10}, MOST, MOST),
            ({"most": 20}, 100, 20),
            ({"most": 20}, 19, 19),
            ({"least": 3}, 2, 0),
            ({"least": 3}, 3, 3),
            ({"pack": 6}, 17, 12),
            ({"pack": 6}, 5, 0),
            ({"shows": "never"}, 100, 0),
            ({"shows": "always", "most": 99}, -5, 99),
            ({"ends_at": NOW}, 100, 0),
            ({"ends_at": NOW + timedelta(seconds=1)}, 100, 100),
            ({"shows": "always", "most": 99, "ends_at": NOW}, 100, 0),
        ]:
            with self.subTest(terms=terms, left=left):
                self.assertEqual(self.shown(left, **terms), shown)

    def test_terms_together_in_their_order(self):
        terms = {"buffer": 5, "share": 50, "most": 40, "pack": 6, "least": 4}
        number, steps = show(Policy(**terms), 105, False, NOW)
        self.assertEqual(number, 36)
        self.assertEqual(steps, [["buffer", 5, 100], ["share", 50, 50], ["most", 40, 40], ["pack", 6, 36]])

    def test_terms_tighten_as_stock_falls(self):
        tiers = [[5, 0, 0, 0], [20, 25, 2, 3]]
        for left, shown in [(40, 20), (20, 10), (19, 4), (14, 3), (13, 0), (5, 0), (4, 0), (-1, 0)]:
            with self.subTest(left=left):
                self.assertEqual(self.shown(left, share=50, tiers=tiers), shown)

    def test_no_term_is_ever_eased_as_stock_falls(self):
        terms = {"share": 50, "buffer": 4, "least": 2}
        for tiers in (
            [[20, 100, 0, 0]],  # as a new row of the form begins
            [[20, 60, 3, 1]],
            [[10, 100, 0, 0], [20, 60, 3, 1]],
        ):
            for left in range(-1, 25):
                self.assertEqual(self.shown(left, tiers=tiers, **terms), self.shown(left, **terms))
        # What a tier tightened stays so when fewer are left.
        tiers = [[5, 100, 1, 0], [10, 100, 0, 3], [20, 25, 0, 0]]
        self.assertEqual([self.shown(left, tiers=tiers) for left in (20, 19, 12, 9, 4)], [20, 4, 3, 0, 0])

    def test_the_least_shown_is_never_eased_as_stock_falls(self):
        for least, shown in [(0, 0), (4, 0), (9, 0)]:
            self.assertEqual(self.shown(3, least=4, tiers=[[20, 100, 0, least]]), shown)
        self.assertEqual(self.shown(5, least=4, tiers=[[20, 100, 0, 0]]), 5)
        self.assertEqual(self.shown(5, least=4, tiers=[[20, 100, 0, 9]]), 0)

    def test_what_is_discontinued_stays_at_zero_once_it_has_ended(self):
        self.assertEqual(self.shown(3, discontinued=True), 3)
        self.assertEqual(self.shown(3, ended=True, discontinued=True), 0)

    def test_it_is_never_negative_nor_more_than_a_channel_can_hold(self):
        for left in (-MOST, -1, 0, 1, MOST):
            for terms in (
                {"buffer": MOST},
                {"backorder": MOST},
                {"share": 0},
                {"pack": MOST},
                {"least": MOST},
            ):
                self.assertTrue(0 <= self.shown(left, **terms) <= MOST)


@tagged("post_install", "-at_install")
class TestPolicy(StockCase):
    """Which policy counts for a listing, what it counts, and in which words."""

    @classmethod
    def _policy(cls, **values):
        values = {"name": "Policy", "channel_id": cls.channel.id, **values}
        return cls.env["lockgate.exposure.policy"].create(values)

    def explain(self, listing=None):
        listing = listing or self.listing
        self.env.cr.flush()
        listing.invalidate_recordset()
        return listing.stock_explanation

    def assert_refused(self, message, **values):
        with self.assertRaisesRegex(ValidationError, message), self.env.cr.savepoint():
            self._policy(**values)

    # Which policy

    def test_the_first_policy_that_matches_counts(self):
        self.receive(100)
        last = self._policy(name="Channel", sequence=30, buffer=1)
        self.assertEqual(self.quantity(), 99)
        self.product.categ_id = self.env["product.category"].create({"name": "Boats"})
        category = {"applies_to": "category", "category_id": self.product.categ_id.id}
        self._policy(name="Category", sequence=20, buffer=2, **category)
        self.assertEqual(self.quantity(), 98)
        mine = self._policy(
            name="Listing",
            sequence=10,
            buffer=3,
            applies_to="listings",
            listing_ids=[Command.set(self.listing.ids)],
        )
        self.assertEqual(self.quantity(), 97)
        last.sequence = 1
        self.assertEqual(self.quantity(), 99)
        last.active = False
        self.assertEqual(self.quantity(), 97)
        mine.listing_ids = False
        self.assertEqual(self.quantity(), 98)

    def test_a_category_covers_those_below_it_and_no_other(self):
        above = self.env["product.category"].create({"name": "Boats"})
        below = self.env["product.category"].create({"name": "Canal boats", "parent_id": above.id})
        self.receive(100)
        self._policy(buffer=10, applies_to="category", category_id=above.id)
        self.assertEqual(self.quantity(), 100)
        self.product.categ_id = below
        self.assertIn((self.listing.id, "stock", "product changed"), self.marks())
        self.assertEqual(self.quantity(), 90)
        below.parent_id = False
        self.assertIn((self.channel, "category moved"), self.scoped())
        self.assertEqual(self.quantity(), 100)

    def test_a_category_that_is_deleted_leaves_its_products_to_others(self):
        above = self.env["product.category"].create({"name": "Boats"})
        self.product.categ_id = self.env["product.category"].create(
            {"name": "Canal boats", "parent_id": above.id}
        )
        self.receive(100)
        self._policy(buffer=10, applies_to="category", category_id=above.id)
        self.assertEqual(self.quantity(), 90)
        self.scoped()
        self.product.categ_id.unlink()
        self.assertIn((self.channel, "category removed"), self.scoped())
        self.assertEqual(self.quantity(), 100)

    def test_a_product_without_category_is_matched_by_no_category(self):
        self.product.categ_id = False
        self.receive(100)
        self._policy(
            buffer=10,
            applies_to="category",
            category_id=self.env["product.category"].create({"name": "x"}).id,
        )
        self.assertEqual(self.quantity(), 100)

    def test_another_channels_and_another_companys_policies_are_not_ours(self):
        other = self._channel("stock_test_2", self.elsewhere)
        company = self.env["res.company"].create({"name": "Other Canal"})
        self.receive(100)
        self._policy(channel_id=other.id, buffer=10)
        self._policy(channel_id=False, company_id=company.id, buffer=20)
        self.assertEqual(self.quantity(), 100)
        self._policy(channel_id=False, buffer=30)
        self.assertEqual(self.quantity(), 70)

    def test_a_policy_that_comes_changes_or_goes_marks_its_channel_alone(self):
        there = self._listing(self.unlisted, self._channel("stock_test_2", self.elsewhere))
        self.marks()
        policy = self._policy(buffer=1)
        self.assertEqual(self.scoped(), {(self.channel, "policy added")})
        changed = {(self.channel, "policy changed")}
        policy.buffer = 2
        self.assertEqual(self.scoped(), changed)
        policy.name = "Renamed"
        policy.message_post(body="Why it is so")
        policy.message_subscribe(self.env.user.partner_id.ids)
        self.assertEqual(self.marks(), [])
        policy.tier_ids = [Command.create({"below": 3, "share": 0})]
        self.assertEqual(self.scoped(), changed)
        policy.tier_ids.share = 5
        self.assertEqual(self.scoped(), changed)
        policy.tier_ids.unlink()
        self.assertEqual(self.scoped(), changed)
        policy.channel_id = there.channel_id
        self.assertEqual(self.scoped(), {*changed, (there.channel_id, "policy changed")})
        policy.unlink()
        self.assertEqual(self.scoped(), {(there.channel_id, "policy removed")})
        self.assertEqual(self.marks(), [])

    # What it counts

    def test_free_now_leaves_out_what_is_reserved_only(self):
        self.receive(100)
        self.order(30).action_assign()
        self.order(20).do_unreserve()
        policy = self._policy(basis="free")
        self.assertEqual(self.quantity(), 70)
        self.assertEqual(self.explain(), "100 on hand − 30 reserved = 70 Units → 70 whole Units")
        policy.basis = "on_hand"
        self.assertEqual(self.quantity(), 100)
        self.assertEqual(self.explain(), "100 on hand = 100 Units → 100 whole Units")
        policy.basis = "unpromised"
        self.assertEqual(self.quantity(), 50)

    def incoming(self, quantity, days):
        picking = self._picking(
            self.warehouse.in_type_id, self.suppliers, self.stock, (self.product, quantity)
        )
        picking.move_ids.date = fields.Datetime.now() + timedelta(days=days)
        return picking

    def test_what_comes_within_some_days_counts_and_the_next_is_awaited(self):
        self.receive(10)
        self.incoming(5, 2)
        later = self.incoming(7, 9)
        policy = self._policy(basis="incoming", days=7)
        self.assertEqual(self.quantity(), 15)
        self.assertEqual(
            self.explain(), "10 on hand − 0 reserved + 5 coming within 7 days = 15 Units → 15 whole Units"
        )
        self.channel.sweep_minutes = 10000
        due = later.move_ids.date - timedelta(days=7)
        self.assertLess(abs(self.wanted().recheck_at - due), timedelta(seconds=2))
        policy.days = 10
        self.assertEqual(self.quantity(), 22)
        later.action_cancel()
        self.assertEqual(self.quantity(), 15)

    def test_the_forecast_takes_all_that_is_to_come_and_to_go(self):
        self.receive(10)
        self.incoming(500, 300)
        self.order(20).do_unreserve()
        self._policy(basis="forecast")
        self.assertEqual(self.quantity(), 490)
        self.assertIn("10 on hand − 20 promised + 500 to come = 490", self.explain())

    def test_a_transfer_inside_is_not_to_come(self):
        self.receive(10)
        self.transfer(5, self.stock, self.shelf)
        self._policy(basis="forecast")
        self.assertEqual(self.quantity(), 10)

    def test_consigned_goods_count_where_the_policy_says_so(self):
        owner = self.env["res.partner"].create({"name": "Consignor"})
        self.count(9, owner_id=owner.id)
        self.count(4)
        policy = self._policy()
        self.assertEqual(self.quantity(), 4)
        policy.consigned = True
        self.assertEqual(self.quantity(), 13)

    def test_consigned_goods_on_their_way_out_take_nothing_of_ours(self):
        owner = self.env["res.partner"].create({"name": "Consignor"})
        self.count(9, owner_id=owner.id)
        self.count(4)
        policy = self._policy()
        lines = (self.product, 9)
        back = self._picking(
            self.warehouse.out_type_id, self.stock, self.suppliers, lines, restrict_partner_id=owner.id
        )
        for consigned in (False, True):
            policy.consigned = consigned
            self.assertEqual((self.quantity(), self.oracle()), (4, 4))
        back.action_cancel()
        self.assertEqual(self.quantity(), 13)
        # As a whole picking says it; its moves do when it is done.
        self._picking(self.warehouse.out_type_id, self.stock, self.suppliers, lines).owner_id = owner
        for consigned in (False, True):
            policy.consigned = consigned
            self.assertEqual((self.quantity(), self.oracle()), (4, 4))

    def test_a_location_on_hold_is_not_sold_from(self):
        self.receive(10)
        self.receive(7, destination=self.shelf)
        self.marks()
        self.shelf.lockgate_hold = True
        self.assertEqual(self.reasons(), {"quality hold"})
        self.assertEqual(self.quantity(), 10)
        bay = self.env["stock.location"].create({"name": "Bay", "location_id": self.shelf.id})
        self.transfer(4, self.stock, bay)
        self.assertEqual(self.quantity(), 6)
        self.shelf.lockgate_hold = False
        self.assertEqual(self.quantity(), 17)

    def test_the_end_is_awaited_and_then_it_shows_nothing(self):
        self.receive(10)
        end = fields.Datetime.now() + timedelta(minutes=3)
        policy = self._policy(ends_at=end)
        self.assertEqual(self.quantity(), 10)
        self.assertEqual(self.wanted().recheck_at, end)
        policy.ends_at = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual(self.quantity(), 0)
        self.assertIn("is at an end", self.explain())

    def test_only_one_shop_sells_the_last_units(self):
        shop = self._listing(self.product, self._channel("stock_test_2", self.warehouse))
        policy = self._policy(tier_ids=[Command.create({"below": 20, "share": 0})])
        self.receive(20)
        self.assertEqual((self.quantity(), self.quantity(shop)), (20, 20))
        self.order(1)
        self.assertEqual((self.quantity(), self.quantity(shop)), (0, 19))
        self.assertIn("fewer than 20 left, 0 % of it for this channel = 0", self.explain())
        policy.tier_ids.write({"share": 100, "least": 20})
        self.assertEqual((self.quantity(), self.quantity(shop)), (0, 19))
        self.assertIn("fewer than 20 left, fewer than 20 are shown as 0", self.explain())

    def test_the_words_repeat_every_step(self):
        self.receive(120)
        self.order(15)
        self._policy(buffer=5, share=50, most=20)
        self.assertEqual(self.quantity(), 20)
        self.assertEqual(
            self.explain(),
            "120 on hand − 15 promised = 105 Units → 105 whole Units, − 5 buffer = 100, 50 % of it for this "
            "channel = 50, shown at most 20",
        )
        self.assertEqual(self.listing.stock_policy_id.name, "Policy")

    def test_always_and_never_say_so(self):
        policy = self._policy(shows="always", most=99)
        self.assertEqual(self.quantity(), 99)
        self.assertIn("always in stock, shown as 99", self.explain())
        policy.shows = "never"
        self.receive(5)
        self.assertEqual(self.quantity(), 0)
        self.assertIn("never in stock here", self.explain())
        self.listing.active = False
        self.assertEqual(self.quantity(), 0)

    def test_a_switch_gives_a_number_to_what_is_not_kept_in_stock(self):
        service = self._product("Towing", type="service", is_storable=False)
        made_to_order = self._product("Figurehead", is_storable=False)
        listings = [self._listing(product) for product in (service, made_to_order)]
        for values, quantity in [
            ({"shows": "always", "most": 99}, 99),
            ({"shows": "always", "most": 99, "ends_at": fields.Datetime.now()}, 0),
            ({"shows": "never"}, 0),
            ({"shows": "counted"}, None),
        ]:
            policy = self._policy(**values)
            for listing in listings:
                self.assertEqual((self.quantity(listing), self.oracle(listing)), (quantity, quantity))
            policy.unlink()
        self._policy(shows="always", most=99)
        self.assertIn("always in stock, shown as 99", self.explain(listings[0]))
        self.publish(listings[0], 99)
        listings[0].active = False
        self.assertEqual(self.quantity(listings[0]), 0)

    # What cannot be

    def test_impossible_terms_are_refused_in_words(self):
        for message, values in [
            ("Safety Buffer cannot be negative", {"buffer": -1}),
            ("Safety Buffer \\(%\\) must be from 0 to 100", {"buffer_percent": 101}),
            ("Share of the Pool \\(%\\) must be from 0 to 100", {"share": 101}),
            ("Share of the Pool \\(%\\) must be from 0 to 100", {"share": -1}),
            ("Shown at Most cannot be negative", {"most": -1}),
            ("Least Shown cannot be negative", {"least": -1}),
            ("May Be Sold Before They Come cannot be negative", {"backorder": -1}),
            ("a pack holds one unit or more", {"pack": 0}),
            ("the days must be from 0 to 3650", {"days": -1}),
            ("nothing would ever be shown", {"most": 3, "least": 4}),
            ("set how many are shown at most", {"shows": "always"}),
            ("choose the product category", {"applies_to": "category"}),
            ("discontinued is sold down to zero", {"discontinued": True, "backorder": 1}),
            ("discontinued is sold down to zero", {"discontinued": True, "basis": "forecast"}),
            ("when fewer than 0 are left", {"tier_ids": [Command.create({"below": 0})]}),
            ("share from 0 to 100", {"tier_ids": [Command.create({"below": 5, "share": 101})]}),
            ("least shown negative", {"tier_ids": [Command.create({"below": 5, "buffer": -1})]}),
            ("least shown negative", {"tier_ids": [Command.create({"below": 5, "least": -1})]}),
        ]:
            with self.subTest(values=values):
                self.assert_refused(f"Policy Policy.*{message}", **values)

    def test_another_companys_channel_is_refused(self):
        company = self.env["res.company"].create({"name": "Other Canal"})
        with self.assertRaisesRegex(UserError, "belongs to another company"), self.env.cr.savepoint():
            self._policy(company_id=company.id)

    def test_a_reader_cannot_change_a_policy_and_an_operator_can(self):
        policy = self._policy()
        reader = new_test_user(self.env, "policy_reader", "lockgate.lockgate_group_user")
        operator = new_test_user(self.env, "policy_operator", "lockgate.lockgate_group_operator")
        with self.assertRaises(Exception) as caught:
            policy.with_user(reader).buffer = 3
        self.assertEqual(type(caught.exception).__name__, "AccessError")
        with Form(policy.with_user(operator)) as form:
            form.buffer = 3
        self.assertEqual(policy.buffer, 3)
