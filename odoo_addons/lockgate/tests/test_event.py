from datetime import datetime

from odoo import Command
from odoo.exceptions import AccessError, UserError

from .common import event
from .test_gateway import GatewayCase, fits


class TestEvent(GatewayCase):
    """What `ingest` keeps, marks and refuses. Who may call it: `test_gateway`."""

    def setUp(self):
        super().setUp()
        self.forget_marks()

    def forget_marks(self):
        self.env.cr.flush()
        self.env.cr.execute("DELETE FROM lockgate_outbox")

    def ingest(self, *events):
        answer = self.call("ingest", self.envelope(events=list(events)))
        fits(answer, "IngestAnswer")
        return {name: answer[name] for name in ("appended", "known", "unmapped")}

    def event(self, **values):
        return event(self.channel, **values)

    def events(self):
        return self.env["lockgate.event"].search([("channel_id", "=", self.channel.id)], order="id")

    def test_an_order_is_kept_and_its_listings_stock_is_marked(self):
        self.assertEqual(self.ingest(self.event()), {"appended": 1, "known": 0, "unmapped": 0})
        self.assertRecordValues(
            self.events(),
            [
                {
                    "kind": "order",
                    "external_id": "order-1",
                    "listing_id": self.listing.id,
                    "quantity": 2,
                    "moment": datetime(2026, 3, 1, 11),
                    "reference": "SO-1",
                    "unmapped": False,
                }
            ],
        )
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "sold on the channel")])

    def test_a_movement_may_take_away_and_marks_as_well(self):
        self.ingest(self.event(kind="movement", quantity=-5, reference=None))
        self.assertRecordValues(self.events(), [{"kind": "movement", "quantity": -5, "reference": False}])
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "moved outside")])

    def test_told_again_it_is_known_and_changes_nothing(self):
        self.ingest(self.event())
        self.forget_marks()
        again = self.event(quantity=9, sku="quay-1")
        self.assertEqual(self.ingest(again, again), {"appended": 0, "known": 2, "unmapped": 0})
        self.assertRecordValues(self.events(), [{"quantity": 2, "sku": "quay-0"}])
        self.assertEqual(self.marks(), [])

    def test_told_twice_in_one_message_it_counts_once(self):
        self.assertEqual(self.ingest(self.event(), self.event()), {"appended": 1, "known": 1, "unmapped": 0})

    def test_an_id_counts_once_for_each_kind(self):
        answer = self.ingest(self.event(), self.event(kind="movement"))
        self.assertEqual(answer["appended"], 2)

    def test_a_sku_that_is_not_listed_is_kept_and_stands_under_unmapped_until_it_is(self):
        answer = self.ingest(self.event(sku="pier-9"), self.event(external_id="order-2"))
        self.assertEqual(answer, {"appended": 2, "known": 0, "unmapped": 1})
        unmapped = self.env["lockgate.event"].search([("unmapped", "=", True)])
        self.assertRecordValues(unmapped, [{"sku": "pier-9", "listing_id": False, "unmapped": True}])
        self.assertEqual(
            self.env["lockgate.event"].search([("unmapped", "=", False)]), self.events() - unmapped
        )
        context = unmapped.with_user(self.user_operator).action_list()["context"]
        product = self.env["product.product"].create({"name": "Pier"})
        listing = self.env["lockgate.listing"].with_context(**context).create({"product_id": product.id})
        self.assertEqual((listing.sku, listing.channel_id), ("pier-9", self.channel))
        self.assertFalse(self.env["lockgate.event"].search([("unmapped", "=", True)]))

    def test_an_unknown_channel_is_refused_by_name_and_nothing_is_taken(self):
        with self.assertRaisesRegex(UserError, "no_such_shop.*None of the events"):
            self.ingest(self.event(), {**self.event(), "channel": "no_such_shop"})
        self.assertFalse(self.events())
        self.assertEqual(self.marks(), [])

    def test_what_does_not_fit_is_refused_and_nothing_is_taken(self):
        broken = {
            "no event at all": [],
            "too many": [self.event(external_id=f"order-{number}") for number in range(1001)],
            "an unknown kind": [self.event(kind="return")],
            "an order of nothing": [self.event(quantity=0)],
            "an order below zero": [self.event(quantity=-1)],
            "half a unit": [self.event(quantity=0.5)],
            "more than a column holds": [self.event(kind="movement", quantity=10**12)],
            "no SKU": [self.event(sku="")],
            "no id": [self.event(external_id="")],
            "no moment": [self.event(moment="yesterday")],
            "a price": [self.event(price="9.99")],
        }
        for what, events in broken.items():
            with self.subTest(what=what), self.assertRaisesRegex(UserError, "does not fit contract v1"):
                self.ingest(*events)
        self.assertFalse(self.events())

    def test_what_the_database_cannot_keep_is_refused_in_words(self):
        for values in (
            {"reference": "zero\0byte"},
            {"moment": "0001-01-01T00:00:00+14:00"},
            {"moment": "9999-12-31T23:59:59-14:00"},
        ):
            refused = self.assertRaisesRegex(UserError, "cannot be kept")
            with self.subTest(values=values), refused, self.env.cr.savepoint():
                self.ingest(self.event(external_id="good"), self.event(**values))
        self.assertFalse(self.events())

    def test_not_even_the_superuser_writes_events(self):
        self.ingest(self.event())
        with self.assertRaises(AccessError):
            self.events().write({"quantity": 3})
        with self.assertRaises(AccessError):
            self.events().unlink()
        with self.assertRaises(AccessError):
            self.env["lockgate.event"].create({"sku": "quay-0"})

    def test_events_of_another_company_are_not_seen(self):
        self.ingest(self.event())
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.assertTrue(self.events().with_user(self.user_reader).mapped("sku"))
        self.user_operator.write({"company_ids": [Command.set(company.ids)], "company_id": company.id})
        self.assertFalse(self.env["lockgate.event"].with_user(self.user_operator).search([]))

    def test_events_are_kept_for_as_long_as_the_parameter_says(self):
        self.ingest(self.event(), self.event(external_id="order-2"))
        old = self.events()[0]
        self.env.cr.execute(
            "UPDATE lockgate_event SET told_at = told_at - interval '8 days' WHERE id = %s", [old.id]
        )
        self.env["lockgate.event"]._gc_events()
        self.assertEqual(len(self.events()), 2)
        self.env["ir.config_parameter"].set_param("lockgate.event_days", 7)
        self.env["lockgate.event"]._gc_events()
        self.env.invalidate_all()
        self.assertNotIn(old.id, self.events().ids)
