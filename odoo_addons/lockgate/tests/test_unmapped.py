from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from .common import LockgateCase, event


class TestUnmapped(LockgateCase):
    """SKUs that a channel named and does not list, and what they likely are."""

    def tell(self, *skus):
        self.env["lockgate.event"]._append(
            [event(self.channel, sku=sku, external_id=f"{sku} {number}") for number, sku in enumerate(skus)]
        )

    def unmapped(self, sku=None):
        self.env.invalidate_all()
        domain = [("channel_id", "=", self.channel.id)] + ([("sku", "=", sku)] if sku else [])
        return self.env["lockgate.unmapped"].search(domain)

    def product(self, **values):
        return self.env["product.product"].create({"name": "Tug", **values})

    def test_a_sku_that_was_named_and_is_not_listed_stands_once(self):
        self.tell("TUG", "TUG", self.listing.sku)
        (row,) = self.unmapped()
        self.assertEqual((row.sku, row.times), ("TUG", 2))
        self.assertFalse(row.product_id)

    def test_a_product_is_suggested_by_reference_barcode_and_packaging(self):
        by_sku = self.product(default_code="TUG")
        by_barcode = self.product(barcode="4006381333931")
        dozen = self.env.ref("uom.product_uom_dozen")
        by_pack = self.product(
            uom_ids=[Command.link(dozen.id)],
            product_uom_ids=[Command.create({"uom_id": dozen.id, "barcode": "4006381333948"})],
        )
        self.tell("TUG", "4006381333931", "4006381333948")
        for sku, product, known_by in (
            ("TUG", by_sku, "sku"),
            ("4006381333931", by_barcode, "barcode"),
            ("4006381333948", by_pack, "packaging"),
        ):
            row = self.unmapped(sku)
            self.assertEqual((row.product_id, row.known_by), (product, known_by))
        self.assertEqual(self.unmapped("4006381333948").uom_id, dozen)

    def test_two_products_another_companys_and_an_archived_one_are_not_suggested(self):
        self.product(default_code="TWO")
        self.product(default_code="TWO")
        self.product(default_code="OTHER", company_id=self.env["res.company"].create({"name": "Other"}).id)
        self.product(default_code="OLD", active=False)
        self.tell("TWO", "OTHER", "OLD")
        self.assertEqual(len(self.unmapped()), 3)
        self.assertFalse(self.unmapped().product_id)

    def test_what_is_suggested_is_listed_and_the_rest_stays(self):
        tug = self.product(default_code="TUG")
        self.tell("TUG", "WHAT")
        self.unmapped().with_user(self.user_operator).action_list_suggested()
        self.assertEqual(self.unmapped().mapped("sku"), ["WHAT"])
        listing = self.env["lockgate.listing"].search([("sku", "=", "TUG")])
        self.assertEqual((listing.product_id, listing.channel_id), (tug, self.channel))
        with self.assertRaisesRegex(UserError, "None of these"):
            self.unmapped().action_list_suggested()

    def test_one_is_listed_in_the_form_with_what_is_suggested(self):
        tug = self.product(default_code="TUG")
        self.tell("TUG")
        context = self.unmapped().action_list()["context"]
        self.assertEqual((context["default_sku"], context["default_product_id"]), ("TUG", tug.id))

    def test_a_reader_lists_nothing(self):
        self.product(default_code="TUG")
        self.tell("TUG")
        with self.assertRaises(AccessError):
            self.unmapped().with_user(self.user_reader).action_list_suggested()
