from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user

from ..models.mapping_guard import GUARDED
from .common import LockgateCase, make_channel
from .session import interactive

CALL = {"model": "lockgate.mapping.change", "method": "action_approve"}


class TestMappingApproval(LockgateCase):
    """Where the company wants it, a mapping changes when another person approved it, and no way around."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.lockgate_mapping_approval = True
        cls.other_operator = new_test_user(cls.env, "pilot", "lockgate.lockgate_group_operator")

    def changes(self, listing=None):
        return self.env["lockgate.mapping.change"].search(
            [("listing_id", "=", (listing or self.listing).id), ("state", "=", "open")]
        )

    def approve(self, changes, user=None):
        user = user or self.other_operator
        with interactive(user, **CALL):
            changes.with_user(user).action_approve()
        self.env.flush_all()
        self.env.invalidate_all()

    def mine(self, listing=None):
        return (listing or self.listing).with_user(self.user_operator)

    # The way it goes

    def test_a_change_waits_and_takes_effect_when_another_person_approves(self):
        self.mine().write({"sku": "NEW", "reference": "gid-7"})
        self.assertEqual((self.listing.sku, self.listing.reference), ("quay-0", False))
        self.assertEqual(self.marks(), [])
        self.assertIn("Channel SKU: quay-0 → NEW", self.listing.proposed)
        self.approve(self.changes())
        self.assertEqual((self.listing.sku, self.listing.reference), ("NEW", "gid-7"))
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "mapping changed")])
        self.assertFalse(self.listing.proposed)
        bodies = "".join(self.listing.message_ids.mapped("body"))
        self.assertIn("To be approved by another person", bodies)
        self.assertIn("Approved:", bodies)
        change = self.env["lockgate.mapping.change"].search([("listing_id", "=", self.listing.id)])
        self.assertEqual((change.user_ids, change.decided_by_id), (self.user_operator, self.other_operator))

    def test_what_is_no_mapping_is_written_at_once(self):
        self.mine().message_post(body="Looks fine.")
        self.mine().active = False
        self.assertFalse(self.listing.active)

    def test_without_the_setting_a_change_takes_effect_at_once(self):
        self.env.company.lockgate_mapping_approval = False
        self.mine().sku = "NEW"
        self.assertEqual(self.listing.sku, "NEW")
        self.assertFalse(self.changes())

    def test_what_does_not_change_is_not_proposed(self):
        self.mine().write({"sku": self.listing.sku, "uom_id": self.listing.uom_id.id, "reference": ""})
        self.assertFalse(self.changes())

    def test_a_new_listing_is_not_in_force_until_it_is_approved(self):
        product = self.env["product.product"].create({"name": "Tug", "default_code": "TUG"})
        listing = (
            self.env["lockgate.listing"]
            .with_user(self.user_operator)
            .create({"channel_id": self.channel.id, "product_id": product.id, "active": True})
        )
        self.assertFalse(listing.active)
        self.assertTrue(listing.awaits_first_approval)
        self.assertRegex(listing.proposed, r"Begins to sell; .*Product: \[TUG\] Tug; Channel SKU: TUG;")
        self.approve(self.changes(listing))
        self.assertTrue(listing.active)
        self.assertFalse(listing.awaits_first_approval)

    def test_a_further_change_replaces_the_first_and_holds_both(self):
        self.mine().sku = "NEW"
        first = self.changes()
        self.listing.with_user(self.user_owner).reference = "gid-7"
        self.assertEqual(first.state, "replaced")
        second = self.changes()
        self.assertEqual(second.after, {"sku": "NEW", "reference": "gid-7"})
        self.assertEqual(second.user_ids, self.user_operator | self.user_owner)
        with self.assertRaisesRegex(UserError, "not open any more"):
            self.approve(first)

    def test_an_import_of_the_old_spreadsheet_does_not_take_a_proposal_back(self):
        self.mine().sku = "NEW"
        self.mine().write({"sku": "quay-0", "reference": "gid-7"})
        self.assertEqual(self.changes().after, {"sku": "NEW", "reference": "gid-7"})

    def test_a_rejected_change_is_gone_and_the_mapping_stays(self):
        self.mine().sku = "NEW"
        with interactive(self.user_operator, **(CALL | {"method": "action_reject"})):
            self.changes().with_user(self.user_operator).action_reject()
        self.assertFalse(self.changes())
        self.assertEqual(self.listing.sku, "quay-0")

    def test_what_changed_meanwhile_is_not_approved(self):
        self.mine().sku = "NEW"
        self.env.company.lockgate_mapping_approval = False
        self.listing.sku = "OTHER"
        with self.assertRaisesRegex(UserError, "has changed since this was proposed"):
            self.approve(self.changes())
        self.assertEqual(self.listing.sku, "OTHER")

    def test_a_rules_listings_are_their_setters_and_wait_too(self):
        category = self.env["product.category"].create({"name": "Boats"})
        rule = (
            self.env["lockgate.listing.rule"]
            .with_user(self.user_operator)
            .create({"name": "Boats", "channel_id": self.channel.id, "category_id": category.id})
        )
        self.env["product.product"].create({"name": "Tug", "default_code": "T", "categ_id": category.id})
        rule.sudo()._run_slice(0)
        listing = self.env["lockgate.listing"].with_context(active_test=False).search([("sku", "=", "T")])
        self.assertFalse(listing.active)
        with self.assertRaisesRegex(AccessError, "had a part"):
            self.approve(self.changes(listing), self.user_operator)
        rule.sudo()._run_slice(0)
        self.assertEqual(len(listing.mapping_change_ids), 1)

    # Ways around

    def test_who_had_a_part_in_it_may_not_approve_it(self):
        self.mine().sku = "NEW"
        self.listing.with_user(self.other_operator).reference = "gid-7"
        for user in (self.user_operator, self.other_operator):
            with self.subTest(user=user.login), self.assertRaisesRegex(AccessError, "had a part"):
                self.approve(self.changes(), user)

    def test_readers_and_exception_owners_may_not_approve(self):
        self.mine().sku = "NEW"
        for user in (self.user_reader, self.user_owner):
            with self.subTest(user=user.login), self.assertRaisesRegex(AccessError, "channel operators"):
                self.approve(self.changes(), user)

    def test_no_key_and_no_other_call_approves(self):
        self.mine().sku = "NEW"
        change = self.changes().with_user(self.other_operator)
        with self.assertRaisesRegex(AccessError, "signed in to the web client"):
            change.action_approve()
        for call in ({"model": "ir.actions.server", "method": "run"}, {**CALL, "method": "action_reject"}):
            with (
                self.subTest(call=call),
                interactive(self.other_operator, **call),
                self.assertRaisesRegex(AccessError, "signed in to the web client"),
            ):
                change.action_approve()
        with (
            interactive(self.user_manager, **CALL),
            self.assertRaisesRegex(AccessError, "signed in to the web client"),
        ):
            change.action_approve()
        self.assertEqual(self.listing.sku, "quay-0")

    def test_no_context_key_and_no_superuser_skips_it(self):
        keys = dict.fromkeys(
            ("install_mode", "import_file", "tracking_disable", "lockgate_mapping_passing", "passage"), True
        )
        self.mine().with_context(**keys).sku = "NEW"
        self.assertEqual(self.listing.sku, "quay-0")
        self.mine().sudo().sku = "NEWER"
        self.assertEqual(self.listing.sku, "quay-0")
        self.listing.with_user(self.env.ref("base.user_root")).write({"reference": "gid-7"})
        self.assertFalse(self.listing.reference)

    def test_no_import_and_no_line_of_a_channel_skips_it(self):
        imported = (
            self.env["lockgate.listing"]
            .with_user(self.user_operator)
            .with_context(import_file=True)
            .load([".id", "sku"], [[str(self.listing.id), "NEW"]])
        )
        self.assertTrue(imported["ids"])
        self.assertEqual(self.listing.sku, "quay-0")
        self.channel.with_user(self.user_manager).write(
            {"listing_ids": [Command.update(self.listing.id, {"reference": "gid-7"})]}
        )
        self.assertFalse(self.listing.reference)
        self.assertEqual(self.changes().after, {"sku": "NEW", "reference": "gid-7"})

    def test_every_guarded_field_waits(self):
        product = self.env["product.product"].create({"name": "Tug", "default_code": "TUG"})
        dozen = self.env.ref("uom.product_uom_dozen")
        values = {
            "product_id": product.id,
            "sku": "NEW",
            "reference": "gid-7",
            "uom_id": dozen.id,
        }
        self.assertEqual(set(GUARDED), {*values, "active"})
        before = self.listing._mapping()
        for name, value in values.items():
            with self.subTest(field=name):
                self.mine().write({name: value})
                self.assertEqual(self.listing._mapping(), before)
        self.assertEqual(self.changes().after, values)

    def test_an_archived_listing_does_not_come_back_unapproved(self):
        self.mine().active = False
        self.mine().action_unarchive()
        self.assertFalse(self.listing.active)
        self.approve(self.changes())
        self.assertTrue(self.listing.active)

    def test_a_listing_does_not_move_to_a_company_that_approves(self):
        other = self.env["res.company"].create({"name": "Free"})
        free = make_channel(
            self.env(context={"allowed_company_ids": [other.id]}), "free", company_id=other.id
        )
        listing = free.listing_ids.with_env(self.env)
        self.assertTrue(listing.active)
        with self.assertRaisesRegex(ValidationError, "stays with its channel"):
            listing.channel_id = self.channel
        self.assertEqual(listing.channel_id, free)

    def test_nobody_writes_changes_or_the_flag_by_hand(self):
        self.mine().sku = "NEW"
        change = self.changes()
        for user in (self.user_operator, self.user_manager):
            mine = change.with_user(user)
            for attempt in (
                lambda mine=mine: mine.write({"after": {"sku": "EVIL"}}),
                lambda mine=mine: mine.write({"user_ids": [Command.clear()]}),
                lambda mine=mine: mine.write({"state": "approved"}),
                lambda mine=mine: mine.unlink(),
                lambda mine=mine: mine.create(
                    {"listing_id": self.listing.id, "before": {}, "after": {"sku": "EVIL"}}
                ),
                lambda user=user: self.listing.with_user(user).write({"awaits_first_approval": False}),
            ):
                with self.assertRaises(AccessError):
                    attempt()

    def test_what_was_approved_opens_the_way_for_no_other_listing(self):
        """As an automation that writes other listings while one is approved."""
        other, cls = self.listings[1], type(self.listing)

        def write(listing, vals, original=cls.write):
            result = original(listing, vals)
            if vals.get("sku") == "NEW":
                other.reference = "gid-evil"
            return result

        self.mine().sku = "NEW"
        with patch.object(cls, "write", write):
            self.approve(self.changes())
        self.assertEqual((self.listing.sku, other.reference), ("NEW", False))
