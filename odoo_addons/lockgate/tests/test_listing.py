from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form
from odoo.tools import mute_logger

from .common import LockgateCase, make_channel


class TestListing(LockgateCase):
    def product(self, **values):
        return self.env["product.product"].create({"name": "Barge", "default_code": "BARGE", **values})

    def list_it(self, product, **values):
        return self.env["lockgate.listing"].create(
            {"channel_id": self.channel.id, "product_id": product.id, **values}
        )

    def test_a_listing_takes_sku_and_unit_from_its_product(self):
        listing = self.list_it(self.product())
        self.assertEqual((listing.sku, listing.uom_id), ("BARGE", listing.product_id.uom_id))

    def test_the_channels_own_sku_is_kept(self):
        self.assertEqual(self.list_it(self.product(), sku="SHOP-1").sku, "SHOP-1")

    def test_a_listing_is_made_in_the_form(self):
        form = Form(self.env["lockgate.listing"].with_user(self.user_operator))
        form.channel_id, form.product_id = self.channel, self.product()
        self.assertEqual(form.save().sku, "BARGE")

    def test_a_new_listing_is_marked(self):
        listing = self.list_it(self.product())
        self.assertEqual(self.marks(), [(listing.id, "stock", "listed")])

    def test_a_changed_mapping_is_marked_and_another_change_is_not(self):
        self.listing.reference = "gid-7"
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "mapping changed")])
        self.env.cr.execute("DELETE FROM lockgate_outbox")
        self.listing.message_post(body="Looks fine.")
        self.assertEqual(self.marks(), [])

    @mute_logger("odoo.sql_db")
    def test_a_sku_is_listed_once_on_a_channel(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.list_it(self.product(), sku=self.listing.sku)

    @mute_logger("odoo.sql_db")
    def test_an_import_says_which_line_lists_a_sku_twice(self):
        self.product()
        imported = self.env["lockgate.listing"].load(
            ["channel_id/.id", "product_id/.id", "sku"],
            [
                [str(self.channel.id), str(self.product(default_code="B-1").id), "B-1"],
                [str(self.channel.id), str(self.product(default_code="B-2").id), self.listing.sku],
            ],
        )
        self.assertFalse(imported["ids"])
        (message,) = imported["messages"]
        self.assertRegex(
            message["message"], "Channel SKU quay-0 is already listed on channel Quay, for .*quay 0"
        )
        self.assertEqual(message["rows"], {"from": 1, "to": 1})

    def test_an_archived_listing_gives_its_sku_back(self):
        self.listing.active = False
        self.env.flush_all()
        self.assertTrue(self.list_it(self.product(), sku=self.listing.sku))

    def test_an_archived_product_is_not_listed(self):
        with self.assertRaisesRegex(ValidationError, "(?s)BARGE.*is archived.*archive the listing"):
            self.list_it(self.product(active=False))

    def test_a_unit_that_does_not_convert_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "(?s)BARGE.*Hours cannot be converted to Units"):
            self.list_it(self.product(), uom_id=self.env.ref("uom.product_uom_hour").id)

    def test_a_listing_stays_with_its_channel(self):
        other = make_channel(self.env, "pier", 0)
        self.settle(7)
        refused = self.assertRaisesRegex(ValidationError, "(?s)quay-0.*stays with its channel: archive it")
        with refused, self.env.cr.savepoint():
            self.listing.channel_id = other
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            other.listing_ids = self.listing
        self.listing.write({"channel_id": self.channel.id, "reference": "gid-7"})
        self.assertEqual((self.listing.channel_id, self.listing.reference), (self.channel, "gid-7"))

    @mute_logger("odoo.sql_db")
    def test_a_reference_that_is_there_twice_is_named(self):
        self.listing.reference = "gid-7"
        product = self.product()
        imported = self.env["lockgate.listing"].load(
            ["channel_id/.id", "product_id/.id", "sku", "reference"],
            [[str(self.channel.id), str(product.id), "B-1", "gid-7"]],
        )
        self.assertRegex(
            imported["messages"][0]["message"], "Channel Reference gid-7 is already listed on .*quay 0"
        )

    def test_a_listed_product_is_not_deleted(self):
        with self.assertRaisesRegex(UserError, "quay 0 is listed as quay-0 @ Quay: archive the product"):
            self.listing.product_id.unlink()

    def test_a_mark_of_a_deleted_product_harms_nothing(self):
        product = self.listing.product_id
        self.mark(self.listing)
        self.env["lockgate.outbox"]._mark_products("stock", product.ids, "shipped")
        self.want(5, self.listings[1])
        self.listing.unlink()
        product.unlink()
        self.assertEqual(len(self.turn()["leases"]), 1)
        self.assertEqual(self.marks(), [])

    def test_a_published_listing_is_archived_and_not_deleted(self):
        self.settle(7)
        with self.assertRaisesRegex(ValidationError, "archive it instead"):
            self.listing.unlink()
        self.listing.active = False

    def test_readers_do_not_change_listings_and_exception_owners_mend_them(self):
        with self.assertRaises(AccessError):
            self.listing.with_user(self.user_reader).sku = "X"
        self.listing.with_user(self.user_owner).sku = "X"
        with self.assertRaises(AccessError):
            self.listing.with_user(self.user_owner).unlink()
