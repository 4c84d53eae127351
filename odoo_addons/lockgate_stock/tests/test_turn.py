from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestTurn(StockCase):
    """The maker of wanted stock: values, urgency and the sweep."""

    def test_the_value_is_a_stock_value_of_the_contract(self):
        self.receive(4)
        self.listing.reference = "shop-77"
        self.assertEqual(
            self.wanted().value,
            {"aspect": "stock", "sku": "CANAL BOAT", "reference": "shop-77", "quantity": 4},
        )
        self.assertEqual(self.wanted().scope, 0)

    def test_a_listing_without_reference_says_none(self):
        self.assertIsNone(self.wanted().value["reference"])

    def test_the_aspect_is_made_by_this_maker(self):
        self.assertEqual(self.env["lockgate.turn"]._wanted_makers()["stock"].__name__, "_wanted_stock")

    def test_crossing_zero_is_critical_in_both_directions(self):
        self.publish(self.listing, 0)
        self.receive(4)
        self.assertEqual(self.wanted().work_class, "critical")
        self.env.cr.execute("DELETE FROM lockgate_publication WHERE listing_id = %s", [self.listing.id])
        self.publish(self.listing, 4)
        self.order(4)
        self.assertEqual(self.wanted().work_class, "critical")

    def test_a_change_that_does_not_cross_zero_is_routine(self):
        self.publish(self.listing, 9)
        self.receive(4)
        self.assertEqual(self.wanted().work_class, "routine")

    def test_a_crossing_that_was_not_sent_yet_stays_critical(self):
        self.publish(self.listing, 9, confirmed=0)
        self.receive(4)
        self.assertEqual(self.wanted().work_class, "critical")

    def test_falling_below_the_low_stock_threshold_is_critical_and_rising_is_not(self):
        self.channel.low_stock = 5
        self.receive(4)
        for shown, work_class in [(5, "critical"), (4, "routine"), (3, "routine"), (9, "critical")]:
            with self.subTest(shown=shown):
                self.env.cr.execute(
                    "DELETE FROM lockgate_publication WHERE listing_id = %s", [self.listing.id]
                )
                self.publish(self.listing, shown)
                self.assertEqual(self.wanted().work_class, work_class)
        self.receive(1)
        self.assertEqual(self.wanted().work_class, "routine")

    def test_a_strategic_listing_is_critical(self):
        self.publish(self.listing, 9)
        self.receive(4)
        self.assertEqual(self.wanted().work_class, "routine")
        self.listing.strategic = True
        self.assertEqual(self.wanted().work_class, "critical")

    def test_a_threshold_below_zero_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "stock cannot be low below zero"):
            self.channel.low_stock = -1

    def test_the_first_value_is_routine(self):
        self.receive(4)
        self.assertEqual(self.wanted().work_class, "routine")

    def test_the_sweep_comes_within_its_time_and_not_for_all_at_once(self):
        now = fields.Datetime.now()
        listings = self.listing.union(*[self._listing(self._product(f"Rope {n}")) for n in range(50)])
        self.env.flush_all()
        wanted = self.env["lockgate.turn"]._wanted_stock(self.channel, listings, now, {})
        sweep = timedelta(minutes=self.channel.sweep_minutes)
        rechecks = [each.recheck_at for each in wanted]
        self.assertTrue(all(now + sweep / 2 <= moment <= now + sweep for moment in rechecks))
        self.assertEqual(len(set(rechecks)), len(rechecks))
        again = self.env["lockgate.turn"]._wanted_stock(self.channel, listings, now, {})
        self.assertEqual([each.recheck_at for each in again], rechecks)

    def test_an_archived_listing_stops_selling(self):
        self.receive(4)
        self.listing.active = False
        self.assertEqual(self.quantity(), 0)

    def test_an_archived_product_stops_selling(self):
        self.receive(4)
        self.product.action_archive()
        self.assertEqual(self.quantity(), 0)
        self.product.action_unarchive()
        self.assertEqual(self.quantity(), 4)

    def test_an_archived_listing_is_silent_once_its_sku_is_listed_anew(self):
        self.listing.active = False
        self.forget_marks()
        self.receive(4)
        successor = self._listing(self.product)
        self.assertIn((self.listing.id, "stock", "listed"), self.marks())
        self.assertIsNone(self.quantity())
        self.assertEqual(self.quantity(successor), 4)

    def test_a_channel_without_warehouses_is_told_nothing(self):
        self.receive(4)
        self.channel.warehouse_ids = False
        self.assertIsNone(self.quantity())
        self.assertTrue(self.wanted().recheck_at)

    def test_goods_that_are_not_kept_in_stock_are_told_nothing(self):
        service = self._listing(self._product("Repair", type="service", is_storable=False))
        loose = self._listing(self._product("Paint by the brush", is_storable=False))
        self.assertIsNone(self.quantity(service))
        self.assertIsNone(self.quantity(loose))

    def test_a_turn_publishes_what_was_received(self):
        self.env.cr.execute("DELETE FROM lockgate_publication WHERE listing_id = %s", [self.listing.id])
        self.receive(4)
        self.env.cr.flush()
        self.env["lockgate.turn"]._take(
            {
                "channel": self.channel.code,
                "work_class": "bulk",
                "exchange_id": "stock-test-1",
                "results": [],
                "ceiling": 10,
            }
        )
        publication = self.env["lockgate.publication"].search([("listing_id", "=", self.listing.id)])
        self.assertEqual(publication.wanted["quantity"], 4)
        self.assertEqual(self.marks(), [])
