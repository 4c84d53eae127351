import json
from datetime import timedelta

import fastjsonschema

from odoo import fields
from odoo.addons.lockgate.turn import prepared
from odoo.tools import file_open

from ..models.turn import WANTED
from .common import PriceCase


class TestWantedPrice(PriceCase):
    def wanted(self, listing=None, now=None):
        listing = listing or self.listing
        self.env.flush_all()
        maker = self.env["lockgate.turn"]._wanted_makers()["price"]
        wants = maker(listing.channel_id, listing, now or fields.Datetime.now(), {})
        return wants[0] if len(wants) == 1 else wants

    def test_a_listing_without_a_seal_gets_no_price(self):
        want = self.wanted()
        self.assertIsNone(want.value)
        self.assertEqual((want.listing_id, want.scope), (self.listing.id, self.book.id))

    def test_the_value_is_the_sealed_price_as_the_contract_has_it(self):
        change = self.approved()
        want = self.wanted()
        self.assertEqual(
            want.value,
            {
                "aspect": "price",
                "sku": self.listing.sku,
                "reference": None,
                "book": None,
                "amount": "12.50",
                "currency": self.currency.name,
                "tax_included": False,
                "unit": self.listing.uom_id.with_context(lang="en_US").name,
                "breaks": [],
                "compare_at": None,
                "seal": change.seal_ids.id,
                "starts": f"{change.approved_at.isoformat()}+00:00",
                "ends": None,
                "coming": [],
            },
        )
        with file_open("lockgate/data/contract-v1.schema.json") as file:
            definitions = json.load(file)["$defs"]
        fastjsonschema.validate({"$ref": "#/$defs/PriceValue", "$defs": definitions}, want.value)
        self.assertEqual(want.work_class, "routine")
        self.assertIsNone(want.recheck_at)

    def test_breaks_and_the_regular_price_are_carried_as_the_contract_has_them(self):
        line = {"product_id": self.product.id, "price": 8, "breaks": "10: 7.5"}
        line |= {"compare_at": "fixed", "compare_price": 9.9}
        change = self.draft({}, line_ids=[fields.Command.create(line)])
        change.action_request()
        change.with_user(self.approver).action_approve()
        value = self.wanted().value
        self.assertEqual(value["breaks"], [{"minimum": "10", "amount": "7.50"}])
        self.assertEqual(value["compare_at"], "9.90")
        with file_open("lockgate/data/contract-v1.schema.json") as file:
            definitions = json.load(file)["$defs"]
        fastjsonschema.validate({"$ref": "#/$defs/PriceValue", "$defs": definitions}, value)

    def test_the_channels_own_names_are_carried(self):
        self.listing.reference = "gid-7"
        self.book.write({"reference": "WHOLESALE", "tax_included": True})
        self.approved()
        value = self.wanted().value
        self.assertEqual(
            (value["reference"], value["book"], value["tax_included"]), ("gid-7", "WHOLESALE", True)
        )

    def test_a_drift_of_odoos_price_changes_nothing(self):
        self.baseline()
        before = self.wanted().value
        self.product.list_price = 77
        self.product.standard_price = 70
        self.assertEqual(self.wanted().value, before)

    def test_a_coming_seal_is_looked_at_when_it_begins_and_when_it_ends(self):
        self.baseline()
        start = fields.Datetime.now() + timedelta(days=1)
        end = start + timedelta(days=1)
        self.approved(effective_from=start, effective_to=end)
        before, during, after = (self.wanted(now=moment) for moment in (None, start, end))
        self.assertEqual(
            [want.value["amount"] for want in (before, during, after)], ["10.00", "12.50", "10.00"]
        )
        self.assertEqual([want.recheck_at for want in (before, during, after)], [start, end, None])
        self.assertEqual(during.value["ends"], f"{end.isoformat()}+00:00")

    def test_a_price_that_ends_with_none_underneath_is_no_longer_wanted(self):
        end = fields.Datetime.now() + timedelta(days=1)
        self.approved(effective_to=end)
        self.assertIsNotNone(self.wanted().value)
        self.assertIsNone(self.wanted(now=end).value)

    def test_a_baseline_is_bulk_and_a_fall_is_critical(self):
        self.baseline()
        want = self.wanted()
        self.assertEqual(want.work_class, "bulk")
        self.publish(want)
        self.approved({self.product: 9})
        self.assertEqual(self.wanted().work_class, "critical")

    def test_a_rise_is_routine(self):
        self.baseline()
        self.publish(self.wanted())
        self.approved({self.product: 11})
        self.assertEqual(self.wanted().work_class, "routine")

    def test_nothing_is_wanted_of_what_is_archived(self):
        self.baseline()
        for record in (self.listing, self.book, self.product):
            with self.subTest(record=record):
                record.active = False
                self.assertIsNone(self.wanted().value)
                record.active = True
                self.assertIsNotNone(self.wanted().value)

    def test_an_archived_product_marks_its_listings(self):
        self.marks()
        self.product.active = False
        self.assertEqual(self.marks(), {(self.listing.id, "archived or restored")})

    def test_a_listing_of_another_product_or_unit_waits_for_a_price_of_its_own(self):
        self.baseline()
        self.listing.uom_id = self.env.ref("uom.product_uom_dozen")
        self.assertIsNone(self.wanted().value)
        self.listing.uom_id = self.product.uom_id
        self.assertIsNotNone(self.wanted().value)
        self.listing.product_id = self.env["product.product"].create({"name": "Other", "list_price": 1})
        self.assertIsNone(self.wanted().value)

    def test_each_book_of_the_channel_has_its_own_price(self):
        book = self.book.create(
            {"name": "B2B", "channel_id": self.channel.id, "pricelist_id": self.pricelist.copy().id}
        )
        self.approved(book_ids=[fields.Command.set(book.ids)])
        values = {want.scope: want.value and want.value["amount"] for want in self.wanted()}
        self.assertEqual(values, {self.book.id: None, book.id: "12.50"})

    def test_a_currency_without_decimals_is_written_without_them(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        pricelist = self.env["product.pricelist"].create({"name": "Yen", "currency_id": yen.id})
        self.book.pricelist_id = pricelist
        self.approved({self.product: 1500})
        self.assertEqual(self.wanted().value["amount"], "1500")

    def publish(self, want):
        """Have the publication hold this value as wanted, as the turn would."""
        self.env.cr.execute(
            """
            INSERT INTO lockgate_publication (
                   channel_id, listing_id, aspect, scope, state, work_class, wanted)
            VALUES (%s, %s, 'price', %s, 'due', %s, %s::jsonb)
            """,
            [self.channel.id, want.listing_id, want.scope, want.work_class, json.dumps(want.value)],
        )

    def test_a_listings_history_is_not_read(self):
        for price in range(11, 17):
            self.approved({self.product: price})
        self.assertEqual(self.wanted().value["amount"], "16.00")
        _name, _prepare, run = prepared._prepared(WANTED)
        self.env.cr.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {run}",
            {"moment": fields.Datetime.now(), "listings": self.listing.ids},
        )
        self.assertEqual(seals_read(self.env.cr.fetchone()[0][0]["Plan"]), 1)


def seals_read(node):
    """How many rows of the seals' table a plan read, whether it kept them or not."""
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    read = own * node["Actual Loops"] if node.get("Relation Name") == "lockgate_price_seal" else 0
    return read + sum(seals_read(child) for child in node.get("Plans", ()))
