from odoo.exceptions import AccessError, UserError

from ..models import exception_bulk
from .common import LockgateCase, event


class TestExceptionMapping(LockgateCase):
    """The channel does not know a SKU, and names the product by another: that one can be taken over."""

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner
        self.listing.product_id.default_code = "TUG"
        self.block_all(self.listing, cause="unknown_product")
        self.exception = self.catch_up().with_user(self.user_owner)

    def tell(self, *skus):
        self.env["lockgate.event"]._append(
            [event(self.channel, sku=sku, external_id=f"order of {sku}") for sku in skus]
        )

    def test_the_sku_by_which_the_channel_names_the_product_is_taken_and_sent(self):
        self.tell("TUG")
        self.pass_time(10)
        self.exception.action_use_channel_sku()
        self.env.cr.flush()
        self.assertEqual(self.listing.sku, "TUG")
        (lease,) = self.turn()["leases"]
        self.assertEqual(lease["value"]["sku"], "TUG")

    def test_where_mappings_are_approved_the_sku_is_proposed_and_stays(self):
        self.channel.company_id.lockgate_mapping_approval = True
        self.tell("TUG")
        self.exception.action_use_channel_sku()
        self.assertEqual(self.listing.sku, "quay-0")
        self.assertIn("TUG", self.listing.proposed)
        self.assertEqual(self.listing.mapping_change_ids.user_ids, self.user_owner)

    def test_a_product_that_the_channel_never_named_or_by_two_skus_keeps_its_own(self):
        with self.assertRaisesRegex(UserError, "Fix Mapping"):
            self.exception.action_use_channel_sku()
        self.listing.product_id.barcode = "4006381333931"
        self.tell("TUG", "4006381333931")
        with self.assertRaisesRegex(UserError, "Fix Mapping"):
            self.exception.action_use_channel_sku()
        self.assertEqual(self.listing.sku, "quay-0")

    def many(self):
        """All three listings are unknown to the channel, which names two of their products; 1 is many."""
        self.patch(exception_bulk, "AT_ONCE", 1)
        for listing in self.listings[1:]:
            listing.product_id.default_code = f"NEW {listing.sku}"
        self.block_all(self.listings[1:], cause="unknown_product")
        self.catch_up()
        self.tell("TUG", "NEW quay-1")
        return self.exceptions().with_user(self.user_owner)

    def run_behind(self, action):
        bulk = self.env["lockgate.exception.bulk"].with_user(self.user_owner).browse(action["res_id"])
        self.assertRecordValues(bulk, [{"kind": "channel_sku", "total": 2, "done": 0, "state": "running"}])
        self.assertEqual(self.listings.mapped("sku"), ["quay-0", "quay-1", "quay-2"])
        self.run_cron("_cron_run", "lockgate.exception.bulk")
        return bulk

    def test_of_very_many_the_skus_are_taken_behind_as_who_pressed(self):
        bulk = self.run_behind(self.many().action_use_channel_sku())
        self.assertEqual(self.listings.mapped("sku"), ["TUG", "NEW quay-1", "quay-2"])
        self.assertRecordValues(bulk, [{"done": 2, "failed": 0, "progress": 100, "state": "done"}])
        note = self.listing.message_ids[0]
        self.assertEqual(note.author_id, self.user_owner.partner_id)
        self.assertIn("Use the Channel's SKU: 2 at once", note.body)

    def test_behind_too_where_mappings_are_approved_the_skus_are_proposed_by_who_pressed(self):
        self.channel.company_id.lockgate_mapping_approval = True
        self.run_behind(self.many().action_use_channel_sku())
        self.assertEqual(self.listings.mapped("sku"), ["quay-0", "quay-1", "quay-2"])
        self.assertEqual(self.listings[:2].mapping_change_ids.user_ids, self.user_owner)
        self.assertFalse(self.listings[2].proposed)

    def test_who_may_map_no_more_when_it_is_done_takes_no_sku(self):
        action = self.many().action_use_channel_sku()
        self.user_owner.group_ids = self.env.ref("lockgate.lockgate_group_user")
        bulk = self.run_behind(action).sudo()
        self.assertEqual(self.listings.mapped("sku"), ["quay-0", "quay-1", "quay-2"])
        self.assertRecordValues(bulk, [{"done": 0, "failed": 2, "state": "done"}])

    def test_what_was_mended_by_hand_meanwhile_keeps_its_sku(self):
        action = self.many().action_use_channel_sku()
        self.ignore(self.exceptions())
        self.run_behind(action)
        self.assertEqual(self.listings.mapped("sku"), ["quay-0", "quay-1", "quay-2"])

    def test_what_was_mapped_by_hand_meanwhile_and_fails_for_another_reason_keeps_its_sku(self):
        action = self.many().action_use_channel_sku()
        self.pass_time(10)
        self.block_all(cause="stock_refused")
        self.catch_up()
        self.run_behind(action)
        self.assertEqual(self.listings.mapped("sku"), ["quay-0", "quay-1", "quay-2"])

    def test_of_chosen_exceptions_only_what_the_channel_does_not_know_takes_a_sku(self):
        refused = self.listings[1]
        refused.product_id.default_code = "OTHER"
        self.block_all(refused, cause="stock_refused")
        self.catch_up()
        self.tell("TUG", "OTHER")
        self.exceptions().with_user(self.user_owner).action_use_channel_sku()
        self.assertEqual((self.listing.sku, refused.sku), ("TUG", "quay-1"))

    def test_one_that_the_channel_names_twice_by_then_is_left_and_named(self):
        action = self.many().action_use_channel_sku()
        self.listing.product_id.barcode = "4006381333931"
        self.tell("4006381333931")
        bulk = self.run_behind(action)
        self.assertEqual(self.listings.mapped("sku"), ["quay-0", "NEW quay-1", "quay-2"])
        self.assertRecordValues(bulk, [{"done": 1, "failed": 1, "state": "done"}])
        self.assertIn("quay-0", bulk.message)

    def test_a_sku_of_another_unit_is_not_taken(self):
        self.tell("TUG")
        self.listing.uom_id = self.env.ref("uom.product_uom_dozen")
        with self.assertRaisesRegex(UserError, "Fix Mapping"):
            self.exception.action_use_channel_sku()

    def test_who_only_reads_takes_no_sku(self):
        self.tell("TUG")
        for user in (self.user_reader, self.user_operator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.exception.with_user(user).action_use_channel_sku()
        self.assertEqual(self.listing.sku, "quay-0")
