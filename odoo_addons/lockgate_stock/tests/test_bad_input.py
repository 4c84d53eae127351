from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import StockCase


@tagged("post_install", "-at_install")
class TestBadInput(StockCase):
    """What cannot be computed says so in words, and nothing else waits for it."""

    def setUp(self):
        super().setUp()
        self.channel.action_start()
        self.pack = self.env["uom.uom"].create(
            {"name": "Crate", "relative_factor": 6, "relative_uom_id": self.unit.id}
        )
        self.crate = self._listing(self.product, sku="BOATS-6", uom_id=self.pack.id)
        self.receive(13)
        self.env.cr.flush()

    def empty_unit(self, unit):
        """As only SQL can: Odoo refuses it."""
        self.env.flush_all()
        self.env.cr.execute("UPDATE uom_uom SET factor = 0 WHERE id = %s", [unit.id])
        self.env.invalidate_all()

    @mute_logger("odoo.sql_db")
    def test_odoo_refuses_a_unit_that_contains_nothing(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.pack.relative_factor = 0
            self.env.flush_all()

    def test_a_listing_in_a_unit_that_contains_nothing_says_what_to_do(self):
        self.empty_unit(self.pack)
        self.assertIn("correct how much the unit contains", self.crate.stock_explanation)
        self.assertIn("Crate", self.crate.stock_explanation)
        self.assertEqual(self.crate.stock_text, "Nothing is sent")
        self.assertEqual(self.listing.stock_text, "13")

    @mute_logger("odoo.addons.lockgate.models.gateway")
    def test_a_turn_sets_such_a_listing_aside_and_computes_the_others(self):
        self.empty_unit(self.pack)
        self.registry_enter_test_mode()
        for turn in range(6):
            self.env["lockgate.gateway"]._turn(
                {
                    "channel": self.channel.code,
                    "work_class": "bulk",
                    "exchange_id": f"bad-input-test-{turn}",
                    "results": [],
                    "ceiling": 0,
                }
            )
        self.env.invalidate_all()
        self.assertEqual(self.listing.publication_ids.wanted["quantity"], 13)
        self.assertFalse(self.crate.publication_ids)
        exception = self.env["lockgate.exception"].search([("channel_id", "=", self.channel.id)])
        self.assertEqual(exception.failure_ids.listing_id, self.crate)
        self.assertIn("correct how much the unit contains", exception.message)

    def test_a_product_kept_in_such_a_unit_is_refused_too(self):
        product = self._product("Rope", uom_id=self.pack.id)
        listing = self._listing(product)
        self.empty_unit(self.pack)
        with self.assertRaisesRegex(UserError, "correct how much the unit contains"):
            self.quantity(listing)

    @mute_logger("odoo.sql_db")
    def test_odoo_refuses_a_lot_without_a_product(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env["stock.lot"].create({"name": "of nothing"})

    def test_a_mark_of_a_deleted_product_harms_nothing(self):
        product = self.env["product.product"].create({"name": "Sunk", "is_storable": True})
        self.env["lockgate.outbox"]._mark_products("stock", product.ids, "adjusted")
        product.unlink()
        self.forget_marks()
        self.env["lockgate.outbox"]._mark_products("stock", [self.product.id, 2**31 - 1], "adjusted")
        self.assertEqual({listing for listing, *_ in self.marks()}, {self.listing.id, self.crate.id})

    @mute_logger("odoo.sql_db")
    def test_a_listed_product_is_not_deleted(self):
        with self.assertRaisesRegex(UserError, "archive the product"):
            self.product.unlink()
