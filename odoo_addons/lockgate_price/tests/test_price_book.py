from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import mute_logger

from .common import PriceCase


class TestPriceBook(PriceCase):
    def draft_baseline(self, **context):
        book = self.book.with_user(self.analyst).with_context(**context)
        action = book.action_draft_baseline()
        return self.env["lockgate.price.change"].search(action["domain"])

    def test_a_channel_has_one_book_of_a_pricelist(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.book.copy()

    def test_a_baseline_has_a_line_for_every_listed_product_at_the_pricelists_price(self):
        self.env["product.pricelist.item"].create(
            {"pricelist_id": self.pricelist.id, "compute_price": "percentage", "percent_price": 10}
        )
        change = self.draft_baseline()
        self.assertEqual(change.kind, "baseline")
        self.assertEqual(change.state, "draft")
        self.assertEqual({line.product_id: line.price for line in change.line_ids}, {
            self.product: 9.0, self.second: 18.0, self.third: 27.0,
        })  # fmt: skip

    def test_a_baseline_leaves_out_and_names_what_has_no_price(self):
        self.second.list_price = 0
        self.third.list_price = -1
        change = self.draft_baseline()
        self.assertEqual(change.line_ids.product_id, self.product)
        note = change.message_ids.filtered(lambda message: "Left out" in message.body).body
        self.assertIn(self.second.display_name, note)
        self.assertIn(self.third.display_name, note)

    def test_a_baseline_of_nothing_is_refused_and_names_the_book(self):
        self.listings.active = False
        with self.assertRaisesRegex(UserError, "Default.*Shop test"):
            self.draft_baseline()

    def test_the_callers_context_never_reaches_a_price(self):
        context = {"no_variant_attributes_price_extra": [-7], "uom": self.env.ref("uom.product_uom_dozen").id}
        change = self.draft_baseline(**context, current_attributes_price_extra=[-5.0])
        self.assertEqual(change.line_ids.mapped("price"), [10.0, 20.0, 30.0])

    def test_a_baseline_writes_no_pricelist_rule(self):
        self.baseline()
        self.assertFalse(self.pricelist.item_ids)

    def test_only_an_analyst_drafts_a_baseline(self):
        with self.assertRaises(AccessError):
            self.book.with_user(self.approver).action_draft_baseline()

    def test_a_book_with_seals_stays_with_its_pricelist(self):
        self.baseline()
        other = self.pricelist.copy()
        with self.assertRaisesRegex(ValidationError, "sealed prices"):
            self.book.pricelist_id = other

    def test_a_book_without_seals_can_be_moved(self):
        other = self.pricelist.copy()
        self.book.pricelist_id = other
        self.assertEqual(self.book.pricelist_id, other)

    def test_a_new_reference_marks_what_is_sealed_in_the_book(self):
        self.baseline()
        self.marks()
        self.book.reference = "WHOLESALE"
        self.assertEqual(self.marks(), {(listing.id, "book changed") for listing in self.listings})

    def test_a_pricelist_of_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        pricelist = self.env["product.pricelist"].create({"name": "Theirs", "company_id": other.id})
        with self.assertRaises(UserError):
            self.book.pricelist_id = pricelist
