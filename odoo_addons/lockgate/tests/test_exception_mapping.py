from odoo.exceptions import AccessError, UserError

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
