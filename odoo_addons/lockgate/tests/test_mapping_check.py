from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tools import file_open, mute_logger

from .common import LockgateCase


class TestMappingCheck(LockgateCase):
    """What a mapping cannot be, and what only looks wrong."""

    @mute_logger("odoo.sql_db")
    def test_a_reference_is_listed_once_on_a_channel(self):
        self.listing.reference = "gid-7"
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.listings[1].reference = "gid-7"
            self.env.flush_all()
        self.listing.active = False
        self.env.flush_all()
        self.listings[1].reference = "gid-7"
        self.env.flush_all()

    def test_a_name_with_a_blank_at_its_end_is_refused(self):
        for values in ({"sku": "B-1 "}, {"reference": " gid-7"}):
            with self.subTest(values=values), self.assertRaisesRegex(ValidationError, "take it away"):
                self.listing.write(values)

    def test_the_same_product_in_the_same_unit_twice_is_shown(self):
        values = {"channel_id": self.channel.id, "product_id": self.listing.product_id.id}
        twin = self.env["lockgate.listing"].create({**values, "sku": "TWIN"})
        dozen = self.env["lockgate.listing"].create(
            {**values, "sku": "DOZEN", "uom_id": self.env.ref("uom.product_uom_dozen").id}
        )
        self.env.invalidate_all()
        self.assertEqual((twin.twin_id, self.listing.twin_id), (self.listing, twin))
        self.assertFalse(dozen.twin_id)
        found = self.env["lockgate.listing"].search([("twin_id", "!=", False)])
        self.assertEqual(found, twin | self.listing)
        self.assertIn(dozen, self.env["lockgate.listing"].search([("twin_id", "=", False)]))

    def test_a_sku_that_is_another_products_is_shown(self):
        first, second, _third = self.listings
        first.sku = "on its way"
        second.sku = first.product_id.default_code
        second.flush_recordset()
        self.assertEqual(second.named_product_id, first.product_id)
        first.product_id.barcode = "4006381333931"
        second.sku = "4006381333931"
        self.assertEqual(second.named_product_id, first.product_id)
        listings = self.env["lockgate.listing"]
        self.assertEqual(listings.search([("named_product_id", "!=", False)]), second)
        self.assertIn(first, listings.search([("named_product_id", "=", False)]))

    def test_a_sku_of_the_listed_product_or_of_none_in_reach_is_not(self):
        first, second, third = self.listings
        self.assertFalse(self.listings.named_product_id)
        first.product_id.barcode = first.sku = "4006381333931"
        second.product_id.default_code = first.sku
        self.assertFalse(first.named_product_id)
        company = self.env["res.company"].create({"name": "Other Canal"})
        values = {"name": "Tug", "default_code": "TUG", "company_id": company.id}
        self.env["product.product"].create(values)
        self.env["product.product"].create({"name": "Sunk", "default_code": "TUG", "active": False})
        third.sku = "TUG"
        self.assertFalse(third.named_product_id)

    def test_a_pack_says_what_it_contains(self):
        self.assertFalse(self.listing.pack_words)
        self.listing.uom_id = self.env.ref("uom.product_uom_dozen")
        self.assertEqual(self.listing.pack_words, "1 Dozens = 12 Units")

    def test_product_and_channel_are_tracked_too(self):
        product = self.env["product.product"].create({"name": "Tug", "default_code": "TUG"})
        self.flush_tracking()
        self.listing.product_id = product
        self.flush_tracking()
        values = self.listing.message_ids.sudo().tracking_value_ids.mapped("field_id.name")
        self.assertIn("product_id", values)

    def flush_tracking(self):
        self.env.flush_all()
        self.env.cr.flush()

    def test_the_import_template_is_there_and_its_columns_are_fields(self):
        (template,) = self.env["lockgate.listing"].get_import_templates()
        with file_open(template["template"].lstrip("/")) as file:
            columns = file.readline().strip().split(",")
        labels = {field["string"] for field in self.env["lockgate.listing"].fields_get().values()}
        self.assertLessEqual(set(columns), labels)
