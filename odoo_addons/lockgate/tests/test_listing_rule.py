from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tools import mute_logger

from ..models import listing_rule_run
from ..wizard import listing_rule_preview
from .common import LockgateCase


class TestListingRule(LockgateCase):
    """Products that a channel lists by itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boats = cls.env["product.category"].create({"name": "Boats"})
        cls.barges = cls.env["product.category"].create({"name": "Barges", "parent_id": cls.boats.id})

    def setUp(self):
        super().setUp()
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_values: 60)

    def rule(self, **values):
        return self.env["lockgate.listing.rule"].create(
            {"name": "Boats", "channel_id": self.channel.id, "category_id": self.boats.id, **values}
        )

    def product(self, code, **values):
        values = {"name": f"Boat {code}", "default_code": code, "categ_id": self.boats.id, **values}
        return self.env["product.product"].create(values)

    def run_rules(self):
        self.env["lockgate.listing.rule"]._cron_run()
        self.env.flush_all()
        self.env.invalidate_all()

    def listed(self):
        """The SKUs that are listed beside those of every test."""
        return (self.channel.listing_ids - self.listings).mapped("sku")

    # Which products

    def test_a_product_of_the_category_or_below_is_listed_and_no_other(self):
        rule = self.rule()
        self.product("B-1")
        barge = self.product("B-2", categ_id=self.barges.id)
        self.product("X-1", categ_id=False)
        self.run_rules()
        self.assertEqual(self.listed(), ["B-1", "B-2"])
        self.assertEqual(rule.listing_ids.product_id[-1], barge)
        self.assertIn((rule.listing_ids[0].id, "stock", "listed"), self.marks())

    def test_a_product_with_one_of_the_tags_or_of_the_domain_is_listed(self):
        tag = self.env["product.tag"].create({"name": "Web"})
        self.product("T-1", product_tag_ids=[Command.set(tag.ids)])
        self.product("T-2", additional_product_tag_ids=[Command.set(tag.ids)])
        self.product("T-3")
        self.rule(category_id=False, tag_ids=[Command.set(tag.ids)])
        self.run_rules()
        self.assertEqual(self.listed(), ["T-1", "T-2"])
        self.rule(product_domain='[("default_code", "=like", "T-%")]')
        self.run_rules()
        self.assertEqual(self.listed(), ["T-1", "T-2", "T-3"])

    def test_archived_products_and_those_of_another_company_are_not_listed(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.product("B-1", active=False)
        self.product("B-2", company_id=other.id)
        self.product("B-3", company_id=self.env.company.id)
        self.rule()
        self.run_rules()
        self.assertEqual(self.listed(), ["B-3"])

    def test_what_the_channel_lists_already_is_not_listed_again(self):
        self.listings.product_id.categ_id = self.boats
        self.listings[0].active = False
        self.rule()
        self.run_rules()
        self.assertEqual(self.listed(), [])
        self.assertFalse(self.listings[0].active)

    def test_a_run_goes_on_slice_by_slice_to_the_end(self):
        self.patch(listing_rule_run, "SLICE", 2)
        for number in range(5):
            self.product(f"B-{number}", **({"default_code": False} if number in (0, 1) else {}))
        self.rule()
        self.run_rules()
        self.assertEqual(self.listed(), ["B-2", "B-3", "B-4"])

    def test_saving_a_product_wakes_the_rules_and_without_rules_nothing(self):
        triggers = self.env["ir.cron.trigger"].search([])
        product = self.product("B-1", categ_id=False)
        product.categ_id = self.boats
        self.assertEqual(self.env["ir.cron.trigger"].search([]), triggers)
        self.rule()
        triggers = self.env["ir.cron.trigger"].search([])
        product.description = "Floats."
        self.assertEqual(self.env["ir.cron.trigger"].search([]), triggers)
        for change in (
            lambda: self.product("B-2"),
            lambda: product.write({"categ_id": self.barges.id}),
            lambda: product.product_tmpl_id.write({"categ_id": self.boats.id}),
        ):
            change()
            new = self.env["ir.cron.trigger"].search([]) - triggers
            self.assertIn(self.env.ref("lockgate.ir_cron_listing_rule"), new.cron_id)
            triggers |= new

    # What matches no more

    def test_what_matches_no_more_stays_unless_the_rule_archives_it(self):
        product, rule = self.product("B-1"), self.rule()
        self.run_rules()
        product.categ_id = False
        self.run_rules()
        self.assertEqual(self.listed(), ["B-1"])
        rule.unmatched = "archive"
        self.run_rules()
        self.assertEqual(self.listed(), [])
        listing = (
            self.env["lockgate.listing"]
            .with_context(active_test=False)
            .search([("product_id", "=", product.id)])
        )
        self.assertEqual(listing.rule_id, rule)
        product.categ_id = self.boats
        self.run_rules()
        self.assertTrue(listing.active)

    def test_what_another_rule_of_the_channel_matches_is_not_archived(self):
        product = self.product("B-1")
        self.rule(unmatched="archive")
        self.run_rules()
        self.rule(category_id=False, product_domain=f'[("id", "=", {product.id})]')
        product.categ_id = False
        self.run_rules()
        self.assertEqual(self.listed(), ["B-1"])

    def test_what_a_person_archived_is_not_put_back(self):
        self.product("B-1")
        rule = self.rule(unmatched="archive")
        self.run_rules()
        rule.listing_ids.active = False
        self.run_rules()
        self.assertEqual(self.listed(), [])

    def test_what_a_person_listed_is_not_archived(self):
        self.rule(unmatched="archive")
        self.run_rules()
        self.assertTrue(all(self.listings.mapped("active")))

    def test_an_archived_rule_does_nothing(self):
        self.product("B-1")
        self.rule(active=False)
        self.run_rules()
        self.assertEqual(self.listed(), [])

    # What is in the way

    def test_a_sku_that_is_taken_becomes_an_exception_and_the_others_are_listed(self):
        clash = self.product(self.listing.sku)
        self.product("B-1")
        rule = self.rule()
        self.run_rules()
        self.assertEqual(self.listed(), ["B-1"])
        exception = self.exceptions()
        self.assertEqual((exception.category, exception.failure_ids.listing_id), ("conflict", self.listing))
        self.assertIn("give one of them another internal reference", exception.message)
        with self.assertRaisesRegex(UserError, "a person decides"):
            exception.with_user(self.user_owner).action_retry()
        self.run_rules()
        self.assertEqual(self.exceptions().count, 1)
        clash.default_code = "B-2"
        self.run_rules()
        self.assertEqual(self.listed(), ["B-1", "B-2"])
        self.assertEqual(self.exceptions().state, "resolved")
        self.assertEqual(len(rule.listing_ids), 2)

    def test_a_clash_that_is_ignored_stays_ignored(self):
        self.product(self.listing.sku)
        self.rule()
        self.run_rules()
        self.ignore(self.exceptions())
        self.run_rules()
        self.assertEqual(self.exceptions().mapped("state"), ["ignored"])

    def test_two_new_products_with_one_sku_list_the_first_and_report_the_second(self):
        first, _second = self.product("B-1"), self.product("B-1")
        self.rule()
        self.run_rules()
        self.assertEqual((self.channel.listing_ids - self.listings).product_id, first)
        self.run_rules()
        self.assertEqual(self.exceptions().failure_ids.listing_id.product_id, first)

    @mute_logger("odoo.addons.lockgate.models.listing_rule_run")
    def test_a_run_that_fails_is_whole_or_nothing_and_stops_no_other_rule(self):
        self.product("B-1")
        self.product("B-2", categ_id=self.barges.id)
        broken = self.rule()
        self.rule(name="Barges", category_id=self.barges.id)

        def fail(rule, products, make=listing_rule_run.ListingRuleRun._make):
            make(rule, products)
            if rule == broken:
                raise ValidationError(rule.env._("Out of rope."))

        self.patch(type(broken), "_make", fail)
        self.run_rules()
        self.assertEqual(self.listed(), ["B-2"])
        self.assertIn("Out of rope.", broken.message_ids[0].body)

    # The preview, and who may

    def test_the_preview_says_what_a_run_would_do_and_the_button_does_it(self):
        self.product("B-1")
        self.product(False)
        self.product(self.listing.sku)
        gone = self.product("B-2")
        rule = self.rule(unmatched="archive")
        self.run_rules()
        self.channel.listing_ids.filtered(lambda listing: listing.sku == "B-1").unlink()
        gone.categ_id = False
        preview = (
            self.env["lockgate.listing.rule.preview"]
            .with_user(self.user_operator)
            .create({"rule_id": rule.id})
        )
        self.assertEqual(preview.add_ids.mapped("default_code"), ["B-1"])
        self.assertEqual(preview.end_ids.mapped("sku"), ["B-2"])
        self.assertEqual((preview.add_count, preview.stuck_count, preview.end_count), (1, 2, 1))
        self.assertIn("no internal reference", preview.stuck_words)
        preview.action_run()
        self.assertEqual(self.listed(), ["B-1"])

    def test_a_run_of_many_goes_on_in_the_background(self):
        self.patch(type(self.env["ir.cron"]), "_trigger", lambda cron: triggered.append(cron))
        triggered = []
        rule = self.rule()
        self.product("B-1")
        self.patch(listing_rule_run, "SLICE", 0)
        self.patch(listing_rule_preview, "SLICE", 0)
        triggered.clear()
        self.env["lockgate.listing.rule.preview"].create({"rule_id": rule.id}).action_run()
        self.assertEqual(self.listed(), [])
        self.assertTrue(triggered)

    def test_a_reader_sees_rules_and_changes_nothing(self):
        rule = self.rule()
        self.assertTrue(rule.with_user(self.user_reader).name)
        with self.assertRaises(AccessError):
            rule.with_user(self.user_reader).name = "Mine"
        with self.assertRaises(AccessError):
            self.env["lockgate.listing.rule.preview"].with_user(self.user_reader).create({"rule_id": rule.id})

    def test_who_set_the_rule_cannot_be_given_by_hand(self):
        rule = (
            self.env["lockgate.listing.rule"]
            .with_user(self.user_operator)
            .create(
                {
                    "name": "Mine",
                    "channel_id": self.channel.id,
                    "category_id": self.boats.id,
                    "user_id": self.user_owner.id,
                }
            )
        )
        self.assertEqual(rule.user_id, self.user_operator)
        rule.write({"user_id": self.user_owner.id})
        self.assertEqual(rule.user_id, self.user_operator)

    def test_products_that_cannot_be_found_are_refused_in_words(self):
        for domain in ('[("no_such_field", "=", 1)]', "[(", "context_today()", '[("name", "no such")]'):
            with self.subTest(domain=domain), self.assertRaisesRegex(ValidationError, "cannot be found"):
                self.rule(product_domain=domain)

    def test_a_rule_that_says_nothing_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "choose a category or tags"):
            self.rule(category_id=False, product_domain="[]")
