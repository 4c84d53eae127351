from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestExpiry(StockCase):
    """With Odoo's expiry dates: what is due for removal is not sold, and no transaction tells."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = fields.Datetime.now()
        cls.jam = cls._product("Jam", tracking="lot", use_expiration_date=True, expiration_time=30)
        cls.jam_listing = cls._listing(cls.jam)
        cls.channel.sweep_minutes = 100000
        cls.fresh = cls._lot("fresh", days=20)
        cls.old = cls._lot("old", days=2)
        cls.count(5, product=cls.jam, lot_id=cls.fresh.id)
        cls.count(3, product=cls.jam, lot_id=cls.old.id)
        cls.forget_marks()

    @classmethod
    def _lot(cls, name, days):
        lot = cls.env["stock.lot"].create({"name": name, "product_id": cls.jam.id})
        lot.removal_date = cls.now + timedelta(days=days)
        return lot

    def test_goods_count_until_they_are_due_for_removal(self):
        self.assertEqual(self.quantity(self.jam_listing), 8)
        self.old.removal_date = self.now
        self.assertEqual(self.quantity(self.jam_listing), 5)

    def test_what_has_expired_is_not_sold_though_its_removal_is_not_due(self):
        for removal_date in (False, self.now + timedelta(days=2)):
            self.old.write({"expiration_date": self.now + timedelta(days=1), "removal_date": removal_date})
            self.assertEqual((self.quantity(self.jam_listing), self.oracle(self.jam_listing)), (8, 8))
            self.assertEqual(self.wanted(self.jam_listing).recheck_at, self.now + timedelta(days=1))
            self.old.write({"expiration_date": self.now, "removal_date": removal_date})
            self.assertEqual((self.quantity(self.jam_listing), self.oracle(self.jam_listing)), (5, 5))

    def test_a_lot_that_gets_another_expiry_marks(self):
        self.old.removal_date = False
        self.forget_marks()
        self.old.write({"expiration_date": self.now - timedelta(days=1), "removal_date": False})
        self.assertEqual(self.marks(), [(self.jam_listing.id, "stock", "on hand")])

    def test_consigned_goods_too_count_until_they_are_due_for_removal(self):
        owner = self.env["res.partner"].create({"name": "Consignor"})
        self.count(4, product=self.jam, lot_id=self.old.id, owner_id=owner.id)
        self.env["lockgate.exposure.policy"].create({"name": "With consigned goods", "consigned": True})
        self.assertEqual(self.quantity(self.jam_listing), 12)
        self.old.removal_date = self.now
        self.assertEqual(self.quantity(self.jam_listing), 5)

    def test_the_next_removal_is_awaited(self):
        self.assertEqual(self.wanted(self.jam_listing).recheck_at, self.old.removal_date)
        self.old.removal_date = self.now
        self.assertEqual(self.wanted(self.jam_listing).recheck_at, self.now + timedelta(days=20))

    def test_another_listing_does_not_wait_for_it(self):
        self.receive(4)
        self.assertGreater(self.wanted().recheck_at, self.now)
        self.assertNotEqual(self.wanted().recheck_at, self.old.removal_date)

    def test_a_lot_that_gets_another_date_marks(self):
        self.old.removal_date = self.now + timedelta(days=1)
        self.assertEqual(self.marks(), [(self.jam_listing.id, "stock", "on hand")])
        self.old.note = "Strawberries"
        self.assertEqual(self.marks(), [])

    def test_a_quant_that_gets_another_lot_marks(self):
        quant = self.env["stock.quant"].search([("lot_id", "=", self.old.id)])
        quant.lot_id = self.fresh
        self.assertEqual(self.marks(), [(self.jam_listing.id, "stock", "on hand")])

    def test_an_order_of_what_is_due_for_removal_still_counts_as_promised(self):
        delivery = self.env["stock.picking"].create(
            {
                "picking_type_id": self.warehouse.out_type_id.id,
                "location_id": self.stock.id,
                "location_dest_id": self.customers.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": self.jam.id,
                            "product_uom_qty": 2,
                            "location_id": self.stock.id,
                            "location_dest_id": self.customers.id,
                        }
                    )
                ],
            }
        )
        delivery.action_confirm()
        self.old.removal_date = self.now
        self.assertEqual(self.quantity(self.jam_listing), 3)
