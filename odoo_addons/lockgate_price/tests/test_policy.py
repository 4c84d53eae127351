from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import APPROVER, PriceCase

POSSIBLE = {
    "margin": {"percent": 0.2},
    "minimum": {"amount": 5},
    "rise": {"percent": 0.1},
    "fall": {"percent": 0.1},
    "ending": {"endings": ".99 .95"},
    "freeze": {"freeze_from": "2026-12-01 00:00:00", "freeze_to": "2026-12-24 00:00:00"},
    "lead_time": {"days": 3},
    "frequency": {"times": 2},
    "currency": {"days": 7},
    "rollback": {},
}
IMPOSSIBLE = [
    ("margin", {"percent": 1.0}),
    ("margin", {"percent": float("nan")}),
    ("minimum", {"amount": 0}),
    ("minimum", {"amount": -1}),
    ("rise", {"percent": -0.1}),
    ("rise", {"percent": float("inf")}),
    ("fall", {"percent": 1.2}),
    ("fall", {"percent": -0.1}),
    ("ending", {"endings": " "}),
    ("ending", {"endings": "x9"}),
    ("freeze", {"freeze_from": "2026-12-24 00:00:00", "freeze_to": "2026-12-01 00:00:00"}),
    ("freeze", {"freeze_from": "2026-12-24 00:00:00"}),
    ("lead_time", {"days": 0}),
    ("frequency", {"times": 0}),
    ("currency", {"days": -1}),
    ("currency", {"days": 7, "percent": -0.1}),
    ("currency", {"days": 7, "percent": float("nan")}),
]


class PolicyCase(PriceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier = cls.env["lockgate.price.tier"].create(
            {"name": "Head of sales", "user_ids": [Command.set(cls.approver.ids)]}
        )

    def policy(self, kind, effect="block", **values):
        values = {**POSSIBLE[kind], **values}
        if effect == "ask":
            values.setdefault("tier_ids", [Command.set(self.tier.ids)])
        return self.env["lockgate.price.policy"].create(
            {"name": f"The {kind}", "kind": kind, "effect": effect, **values}
        )

    def breached(self, change):
        """{(product, policy)} of what is outside."""
        return {(impact.product_id, policy) for impact in change.impact_ids for policy in impact.breach_ids}


class TestPolicy(PolicyCase):
    def test_an_impossible_band_is_refused_in_words(self):
        for kind, values in IMPOSSIBLE:
            with (
                self.subTest(kind=kind, values=values),
                self.assertRaisesRegex(ValidationError, f"The {kind}: .*give"),
                self.env.cr.savepoint(),
            ):
                self.policy(kind, **dict.fromkeys(POSSIBLE[kind], False) | values)

    def test_a_possible_band_is_taken(self):
        for kind in POSSIBLE:
            self.assertTrue(self.policy(kind))

    def test_asking_without_tiers_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "choose the tiers"):
            self.policy("margin", "ask", tier_ids=False)

    def test_a_book_of_another_channel_is_refused(self):
        other = self.channel.copy({"code": "another"})
        with self.assertRaisesRegex(ValidationError, "not one of channel"):
            self.policy("margin", channel_id=other.id, book_id=self.book.id)

    def test_a_tier_of_somebody_without_access_to_the_company_is_refused(self):
        company = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env, "stranger_test", APPROVER, company_id=company.id, company_ids=[Command.set(company.ids)]
        )
        with self.assertRaisesRegex(ValidationError, "no access to company"):
            self.env["lockgate.price.tier"].create({"name": "Far", "user_ids": [Command.set(stranger.ids)]})

    def test_a_tier_of_somebody_who_is_no_approver_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "not a price approver"):
            self.tier.user_ids = self.analyst

    def test_a_tier_that_a_policy_asks_for_cannot_be_archived(self):
        self.policy("margin", "ask")
        with self.assertRaisesRegex(ValidationError, "The margin"):
            self.tier.active = False

    def test_what_a_policy_holds_for_is_not_deleted_under_it(self):
        """It would hold for the whole company then."""
        above = self.env["product.category"].create({"name": "Boats"})
        under = above.create({"name": "Small boats", "parent_id": above.id})
        self.policy("margin", "pass", category_id=under.id)
        for category in (under, above):
            with (
                self.subTest(category=category.name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                category.unlink()

    def test_a_policy_goes_with_the_channel_or_book_it_holds_for(self):
        shop = self.channel.copy({"code": "short_lived"})
        book = self.book.create({"name": "B", "channel_id": shop.id, "pricelist_id": self.pricelist.id})
        policies = self.policy("margin", channel_id=shop.id) + self.policy("rise", book_id=book.id)
        book.unlink()
        shop.unlink()
        self.assertFalse(policies.exists())

    def test_only_administrators_write_policies_and_tiers_whatever_access_rules_say(self):
        policy = self.policy("margin")
        for model in ("lockgate.price.policy", "lockgate.price.tier"):
            self.env["ir.model.access"].create(
                {
                    "name": "everybody",
                    "model_id": self.env["ir.model"]._get_id(model),
                    "perm_read": True,
                    "perm_write": True,
                    "perm_create": True,
                    "perm_unlink": True,
                }
            )
        for user in (self.analyst, self.approver):
            for attempt in (
                lambda user=user: policy.with_user(user).write({"percent": -0.5}),
                lambda user=user: policy.with_user(user).unlink(),
                lambda user=user: self.tier.with_user(user).write({"user_ids": [Command.link(user.id)]}),
                lambda user=user: self.tier.with_user(user).create({"name": "x"}),
            ):
                with self.subTest(user=user.login), self.assertRaisesRegex(AccessError, "administrators"):
                    attempt()


class TestBreach(PolicyCase):
    def test_a_price_below_the_margin_floor_is_found(self):
        policy = self.policy("margin", percent=0.5)  # costs are 4 and 8
        change = self.draft({self.product: 7.99, self.second: 16})
        self.assertEqual(self.breached(change), {(self.product, policy)})
        self.assertEqual(change.breach_count, 1)
        self.assertIn("The margin: 1 prices (Block)", change.breach_text)

    def test_a_price_below_the_lowest_one_is_found_in_the_listings_unit(self):
        self.listing.uom_id = self.env.ref("uom.product_uom_dozen")
        policy = self.policy("minimum", amount=10)
        change = self.draft({self.product: 9.99, self.second: 10})
        self.assertEqual(self.breached(change), {(self.product, policy)})

    def test_a_rise_and_a_fall_beyond_their_limits_are_found_at_them_they_are_not(self):
        self.baseline()
        rise, fall = self.policy("rise"), self.policy("fall")
        change = self.draft({self.product: 11, self.second: 18, self.third: 27})
        self.assertFalse(self.breached(change))
        change.line_ids[0].price, change.line_ids[1].price = 11.01, 17.99
        self.assertEqual(self.breached(change), {(self.product, rise), (self.second, fall)})

    def test_a_first_price_rises_and_falls_by_nothing(self):
        self.policy("rise")
        self.policy("fall")
        self.assertFalse(self.breached(self.draft({self.product: 99})))

    def test_a_price_with_another_ending_is_found(self):
        policy = self.policy("ending")
        change = self.draft({self.product: 9.99, self.second: 9.95, self.third: 9.90})
        self.assertEqual(self.breached(change), {(self.third, policy)})

    def test_a_change_that_begins_or_ends_in_a_freeze_window_is_found(self):
        now = fields.Datetime.now()
        policy = self.policy("freeze", freeze_from=now + timedelta(days=2), freeze_to=now + timedelta(days=4))
        for start, end, found in ((1, None, 0), (2, None, 1), (4, None, 0), (1, 3, 1), (1, 5, 0)):
            change = self.draft(
                effective_from=now + timedelta(days=start), effective_to=end and now + timedelta(days=end)
            )
            with self.subTest(start=start, end=end):
                self.assertEqual(self.breached(change), {(self.product, policy)} if found else set())

    def test_a_change_that_begins_too_soon_is_found(self):
        policy = self.policy("lead_time")
        self.assertTrue(self.breached(self.draft()))
        self.assertTrue(self.breached(self.draft(effective_from=fields.Datetime.now() + timedelta(days=2))))
        change = self.draft(effective_from=fields.Datetime.now() + timedelta(days=4))
        self.assertFalse(self.breached(change))
        self.assertEqual(policy.days, 3)

    def test_one_change_too_many_within_a_week_is_found(self):
        policy = self.policy("frequency")
        self.baseline()  # a first price changes none
        self.approved({self.product: 11})
        self.assertFalse(self.breached(self.draft()))
        self.approved({self.product: 12, self.second: 18})
        change = self.draft({self.product: 13, self.second: 19})
        self.assertEqual(self.breached(change), {(self.product, policy)})
        later = self.draft(effective_from=fields.Datetime.now() + timedelta(days=8))
        self.assertFalse(self.breached(later))

    def test_the_week_is_any_seven_days_and_counts_what_is_to_come(self):
        self.policy("frequency")
        self.baseline()
        start = fields.Datetime.now() + timedelta(days=30)
        for days in (3, 6):
            self.approved(effective_from=start + timedelta(days=days))
        week = timedelta(days=7)
        for moment, found in (
            (start + timedelta(days=6) - week, False),
            (start + timedelta(days=6, seconds=1) - week, True),
            (start + timedelta(days=4), True),
            (start + timedelta(days=3) + week - timedelta(seconds=1), True),
            (start + timedelta(days=3) + week, False),
        ):
            with self.subTest(moment=moment):
                self.assertEqual(bool(self.breached(self.draft(effective_from=moment))), found)

    def test_changes_are_counted_by_product_on_all_that_the_policy_holds_for(self):
        shop, new_shop = (self.channel.copy({"code": code}) for code in ("often", "never"))
        there, new = (
            self.book.create({"name": "T", "channel_id": one.id, "pricelist_id": self.pricelist.copy().id})
            for one in (shop, new_shop)
        )
        self.listing.create({"channel_id": shop.id, "product_id": self.product.id})
        self.listing.create({"channel_id": new_shop.id, "product_id": self.product.id})
        self.baseline()
        self.approved(book_ids=[Command.set(there.ids)])  # a first price there
        both = [Command.set((self.book + there).ids)]
        self.approved({self.product: 11}, book_ids=both)  # one change, however many channels it is for
        policy = self.policy("frequency")
        on_one = self.policy("frequency", channel_id=shop.id)
        second = self.draft({self.product: 12}, book_ids=both)
        self.assertFalse(self.breached(second))
        self.approved({self.product: 12})
        third = self.draft({self.product: 13}, book_ids=both)
        self.assertEqual(self.breached(third), {(self.product, policy)})
        self.assertFalse(third.impact_ids.breach_ids & on_one)
        self.assertEqual(len(third.impact_ids.filtered("breach_ids")), 2)
        self.assertFalse(self.breached(self.draft({self.second: 13})), "another product")
        first = self.draft({self.product: 13}, book_ids=[Command.set(new.ids)])
        self.assertFalse(self.breached(first), "a first price")

    def test_a_currency_without_a_rate_or_with_an_old_one_is_found(self):
        self.policy("currency")
        yen = self.env.ref("base.JPY")
        yen.active = True
        yen.rate_ids.unlink()
        pricelist = self.env["product.pricelist"].create({"name": "Yen", "currency_id": yen.id})
        book = self.book.create({"name": "Yen", "channel_id": self.channel.id, "pricelist_id": pricelist.id})
        change = self.draft({self.product: 2000}, book_ids=[Command.set(book.ids)])
        self.assertTrue(self.breached(change), "no rate")
        rates = self.env["res.currency.rate"]
        today = fields.Date.today()
        for days, found in ((8, True), (7, False)):
            rates.create(
                {
                    "currency_id": yen.id,
                    "rate": 150,
                    "name": today - timedelta(days=days),
                    "company_id": self.env.company.id,
                }
            )
            change.line_ids.price = 2000 - days
            with self.subTest(days=days):
                self.assertEqual(bool(self.breached(change)), found)
        self.assertFalse(self.breached(self.draft()), "the company's own currency needs no rate")

    def test_a_currency_rate_that_stepped_too_far_from_the_one_before_is_found(self):
        policy = self.policy("currency", percent=0.1)
        yen = self.env.ref("base.JPY")
        yen.active = True
        yen.rate_ids.unlink()
        pricelist = self.env["product.pricelist"].create({"name": "Yen", "currency_id": yen.id})
        book = self.book.create({"name": "Yen", "channel_id": self.channel.id, "pricelist_id": pricelist.id})
        change = self.draft({self.product: 2000}, book_ids=[Command.set(book.ids)])
        today = fields.Date.today()
        for days, rate, found in ((4, 150, False), (3, 164, False), (2, 16.4, True), (1, 16.5, False)):
            self.env["res.currency.rate"].create(
                {
                    "currency_id": yen.id,
                    "rate": rate,
                    "name": today - timedelta(days=days),
                    "company_id": self.env.company.id,
                }
            )
            change.line_ids.price = 2000 - days
            with self.subTest(rate=rate):
                self.assertEqual(change.impact_ids.breach_ids, policy if found else policy.browse())
        policy.percent = 0
        change.line_ids.price = 3000
        self.assertFalse(self.breached(change))

    def test_a_policy_says_who_approves_a_rollback_or_that_there_is_none(self):
        policy = self.policy("rollback", "ask")
        self.baseline()
        change = self.approved({self.product: 12})
        self.assertFalse(change.impact_ids.breach_ids)
        back = self.env["lockgate.price.change"].search(
            change.with_user(self.analyst).action_roll_back()["domain"]
        )
        self.assertEqual(self.breached(back), {(self.product, policy)})
        self.assertEqual(back._plan(), [(self.tier, False)])
        policy.effect = "block"
        with self.assertRaisesRegex(UserError, "The rollback blocks"):
            back.with_user(self.analyst).action_request()

    def test_a_policy_holds_for_its_category_channel_and_book_alone(self):
        above = self.env["product.category"].create({"name": "Boats"})
        under = above.create({"name": "Small boats", "parent_id": above.id})
        other = above.create({"name": "Cars"})
        self.product.categ_id, self.second.categ_id, self.third.categ_id = above, under, other
        shop = self.channel.copy({"code": "elsewhere"})
        pricelist = self.pricelist.copy()
        book = self.book.create({"name": "B", "channel_id": self.channel.id, "pricelist_id": pricelist.id})
        cheap = dict.fromkeys(self.products, 0.5)
        for scope, products in (
            ({}, self.products),
            ({"category_id": above.id}, self.product + self.second),
            ({"category_id": under.id}, self.second),
            ({"channel_id": self.channel.id}, self.products),
            ({"channel_id": shop.id}, self.products.browse()),
            ({"book_id": self.book.id}, self.products),
            ({"book_id": book.id}, self.products.browse()),
        ):
            policy = self.policy("margin", **scope)
            with self.subTest(scope=scope):
                change = self.draft(cheap)
                self.assertEqual(self.breached(change), {(product, policy) for product in products})
            policy.active = False

    def test_a_policy_of_another_company_says_nothing(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.policy("margin", company_id=company.id)
        self.assertFalse(self.breached(self.draft({self.product: 0.5})))

    def test_the_impact_filters_breaches_only(self):
        self.policy("margin")
        change = self.draft({self.product: 0.5, self.second: 50})
        impacts = self.env["lockgate.price.impact"].with_user(self.analyst)
        found = impacts.search([("change_id", "=", change.id), ("breach_ids", "!=", False)])
        self.assertEqual(found.product_id, self.product)

    def test_a_blocking_policy_refuses_to_be_asked(self):
        self.policy("margin")
        with self.assertRaisesRegex(UserError, "The margin blocks 1 of its prices.*TEST|The margin blocks 1"):
            self.requested({self.product: 0.5})

    def test_a_blocking_policy_refuses_approval_once_costs_have_risen(self):
        self.policy("margin")
        change = self.requested({self.product: 10})
        self.product.standard_price = 9.5
        with self.assertRaisesRegex(UserError, "The margin blocks"):
            change.with_user(self.approver).action_approve()
        self.assertEqual(change.state, "to_approve")

    def test_a_policy_that_was_changed_since_it_was_asked_is_asked_about_again(self):
        policy = self.policy("margin", "ask", percent=0.9)
        change = self.requested({self.product: 10})
        policy.percent = 0.95
        with self.assertRaisesRegex(UserError, "policies or what they say"):
            change.with_user(self.approver).action_approve()

    def test_a_policy_that_lets_through_approves_on_its_own(self):
        self.policy("margin", "pass")
        change = self.requested({self.product: 10, self.second: 20})
        self.assertEqual(change.state, "approved")
        self.assertEqual(change.approval_ids.basis, "policy")
        self.assertEqual(change.approval_ids.user_id, self.env.ref("base.user_root"))
        self.assertEqual(len(change.seal_ids), 2)

    def test_one_price_outside_of_the_band_and_a_person_has_to_approve_all(self):
        self.policy("margin", "pass")
        change = self.requested({self.product: 10, self.second: 9})
        self.assertEqual(change.state, "to_approve")
        self.assertFalse(change.seal_ids)

    def test_one_price_under_no_such_policy_and_a_person_has_to_approve_all(self):
        category = self.env["product.category"].create({"name": "Boats"})
        self.product.categ_id = category
        self.policy("margin", "pass", category_id=category.id)
        self.assertEqual(self.requested({self.product: 10, self.second: 20}).state, "to_approve")

    def test_a_breach_of_another_policy_is_not_let_through(self):
        self.policy("margin", "pass")
        self.policy("ending", "ask")
        self.assertEqual(self.requested({self.product: 10}).state, "to_approve")


class TestPolicyWords(PolicyCase):
    """The list of policies says what each one's limit is."""

    def test_each_kind_has_its_own_words(self):
        for kind, values, words in (
            ("margin", {"percent": 0.2}, "20 %"),
            ("fall", {"percent": 0.125}, "12.5 %"),
            ("ending", {"endings": ".99 .95"}, ".99 .95"),
            ("lead_time", {"days": 3}, "3 days"),
            ("frequency", {"times": 2}, "2 a week"),
            ("rollback", {}, False),
        ):
            with self.subTest(kind=kind):
                self.assertEqual(self.policy(kind, **values).limit_text, words)
