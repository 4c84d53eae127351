from odoo import Command
from odoo.addons.lockgate.tests.common import request
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import StockCase


@tagged("post_install", "-at_install")
class TestSetAside(StockCase):
    """What cannot be, and is all the same: it is set aside as an exception, and the drain goes on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.barge = cls._product("Barge")
        cls.barges = cls._listing(cls.barge)
        cls.receive(7)
        cls.receive(9, cls.barge)

    def setUp(self):
        super().setUp()
        self.env.flush_all()
        self.registry_enter_test_mode()

    def drain(self):
        """Everything that is marked, by the gateway's own transactions within the test's."""
        self.env.cr.flush()
        with mute_logger("odoo.addons.lockgate.models.gateway", "odoo.sql_db"):
            while self.env["lockgate.gateway"]._turn(request(self.channel, ceiling=0))["more"]:
                pass
        self.env.invalidate_all()

    def sql(self, statement, *parameters):
        self.env.flush_all()
        self.env.cr.execute(statement, parameters)
        self.env.invalidate_all()

    def assert_set_aside(self, error):
        """The barges are published; the first listing is not, and has an exception that names the error."""
        self.drain()
        self.assertEqual(self.published(self.barges), 9)
        self.assertIsNone(self.published())
        exception = self.env["lockgate.exception"].search([("listing_id", "=", self.listing.id)])
        self.assertEqual((exception.category, exception.state), ("internal", "open"))
        self.assertIn(error, exception.message)
        self.assertEqual(self.marks(), [])

    def test_a_policy_that_divides_by_zero_is_set_aside(self):
        policy = self.env["lockgate.exposure.policy"].create(
            {
                "name": "Packs of nothing",
                "channel_id": self.channel.id,
                "applies_to": "listings",
                "listing_ids": [Command.set(self.listing.ids)],
            }
        )
        self.sql("UPDATE lockgate_exposure_policy SET pack = 0 WHERE id = %s", policy.id)
        self.assert_set_aside(
            'Policy Packs of nothing has 0 in its field "In Packs Of", which cannot be: correct the policy. '
            "Until then the channel keeps its last number. Then press Retry."
        )
        self.sql("UPDATE lockgate_exposure_policy SET pack = 1, share = 200 WHERE id = %s", policy.id)
        self.assertIn('200 in its field "Share of the Pool (%)"', self.listing.stock_explanation)

    def test_a_quantity_that_is_no_number_is_set_aside(self):
        self.sql("UPDATE stock_quant SET quantity = 'NaN' WHERE product_id = %s", self.product.id)
        self.assert_set_aside("NaN")

    def test_a_negative_quant_is_published_as_nothing(self):
        self._done(self.order(12))
        self.drain()
        self.assertEqual((self.published(), self.published(self.barges)), (0, 9))

    def test_an_adjustment_beyond_all_measure_is_published_as_the_most(self):
        # By the method that every adjustment ends in: Odoo's form finds such a count outdated at once.
        self.env["stock.quant"]._update_available_quantity(self.product, self.stock, 1e15)
        self.drain()
        self.assertEqual((self.published(), self.published(self.barges)), (2**31 - 1, 9))
        self.env["stock.quant"].search(
            [("product_id", "=", self.product.id), ("location_id", "=", self.stock.id)]
        ).quantity = 3
        self.drain()
        self.assertEqual(self.published(), 3)

    def test_a_threshold_below_zero_makes_nothing_critical(self):
        self.drain()
        self.sql("UPDATE lockgate_channel SET low_stock = -5 WHERE id = %s", self.channel.id)
        self.order(3)
        self.drain()
        publication = self.env["lockgate.publication"].search([("listing_id", "=", self.listing.id)])
        self.assertEqual((self.published(), publication.work_class), (4, "routine"))

    def test_goods_of_a_lot_that_are_in_no_lot_count(self):
        jam = self._product("Jam", tracking="lot")
        listing = self._listing(jam)
        self.env["stock.quant"].create(
            {"product_id": jam.id, "location_id": self.stock.id, "quantity": 5, "lot_id": False}
        )
        self.drain()
        self.assertEqual((self.published(listing), self.published(self.barges)), (5, 9))

    def test_a_lot_of_another_product_is_no_matter(self):
        jam = self._product("Jam", tracking="lot", use_expiration_date=True)
        lot = self.env["stock.lot"].create({"name": "stray", "product_id": jam.id})
        self.sql("UPDATE stock_quant SET lot_id = %s WHERE product_id = %s", lot.id, self.product.id)
        self.drain()
        self.assertEqual((self.published(), self.published(self.barges)), (7, 9))

    def test_a_mark_of_a_product_that_is_deleted_is_dropped(self):
        gone = self._product("Raft")
        listing = self._listing(gone)
        self.env.cr.flush()
        self.assertTrue(
            self.env["lockgate.outbox"].search_count([("listing_id", "=", listing.id)]), "it was marked"
        )
        listing.unlink()
        gone.unlink()
        self.drain()
        self.assertEqual((self.published(), self.published(self.barges)), (7, 9))
        self.assertEqual(self.marks(), [])
