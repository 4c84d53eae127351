from datetime import timedelta

from odoo import Command
from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestDiscontinued(StockCase):
    """What is discontinued is sold until nothing of it lies there any more; then it ends, and says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel.action_start()
        cls.policy = cls._policy("Last units", discontinued=True)
        cls.forget_marks()
        cls.receive(50)

    @classmethod
    def _policy(cls, name, **values):
        values = {"name": name, "channel_id": cls.channel.id, **values}
        return cls.env["lockgate.exposure.policy"].create(values)

    def sells(self, quantity, ended=False):
        """A turn comes by, and this is what it publishes."""
        before = bool(self.listing.ended_at)
        self.turn()
        self.forget_marks()
        self.assertEqual((self.published(), bool(self.listing.ended_at)), (quantity, ended))
        self.assertEqual(self.oracle(ended=before), quantity)

    def ended(self):
        return self.env["lockgate.listing"].search([("ended_at", "!=", False)])

    def sell_out(self):
        self.sells(50)
        self._done(self.order(50))
        self.sells(0, ended=True)

    def test_once_sold_out_it_has_ended_and_says_since_when(self):
        self.sell_out()
        self.assertEqual(self.listing.ended_at, self.env.cr.now())
        self.assertIn("discontinued and sold out, so it has ended", self.listing.stock_explanation)
        self.assertEqual(self.ended(), self.listing)
        self.receive(7)
        self.sells(0, ended=True)
        self.count(0)
        self.sells(0, ended=True)

    def test_it_has_not_ended_while_some_is_left(self):
        self._done(self.order(49))
        self.sells(1)
        self.assertFalse(self.ended())
        self.assertIn(self.listing, self.listing.search([("ended_at", "=", False)]))

    def test_what_is_ordered_and_not_shipped_can_come_back(self):
        order = self.order(50)
        self.sells(0)
        order.action_cancel()
        self.sells(50)

    def test_archived_and_put_back_it_is_sold_on(self):
        self.sells(50)
        self.listing.active = False
        self.sells(0)
        self.listing.active = True
        self.sells(50)

    def test_a_switch_that_is_lifted_leaves_it_to_be_sold(self):
        self.sells(50)
        never = self._policy("Never", shows="never", sequence=1)
        self.sells(0)
        never.active = False
        self.sells(50)

    def test_a_share_of_nothing_leaves_it_to_be_sold(self):
        self.policy.tier_ids = [Command.create({"below": 60, "share": 0})]
        self.sells(0)
        self.policy.tier_ids.unlink()
        self.sells(50)

    def test_on_hold_it_has_not_ended(self):
        self.stock.lockgate_hold = True
        self.sells(0)
        self.stock.lockgate_hold = False
        self.sells(50)

    def test_in_quality_control_it_has_not_ended(self):
        controls = self.env["stock.location"].create({"name": "Controls", "location_id": self.stock.id})
        self.warehouse.wh_qc_stock_loc_id = controls
        self._done(self.transfer(50, self.stock, controls))
        self.sells(0)
        self._done(self.transfer(50, controls, self.stock))
        self.sells(50)

    def test_without_a_warehouse_it_has_not_ended(self):
        self.channel.warehouse_ids = False
        self.sells(None)
        self.channel.warehouse_ids = self.warehouse
        self.sells(50)

    def test_what_only_a_reduction_made_zero_comes_back(self):
        self._done(self.order(49))
        self.channel.action_reduce()
        self.turn()
        self.assertEqual((self.published(), self.listing.ended_at), (0, False))
        self.channel.action_restore()
        self.sells(1)

    def test_what_is_sold_out_while_the_channel_shows_nothing_ends_too(self):
        self.sells(50)
        self.channel.reduced_to = 0
        self.channel.action_reduce()
        self.sells_reduced(0)
        self._done(self.order(50))
        self.sells_reduced(0)
        self.assertTrue(self.listing.ended_at)
        self.channel.action_restore()
        self.receive(7)
        self.sells(0, ended=True)

    def sells_reduced(self, quantity):
        self.turn()
        self.assertEqual(self.published(), quantity)

    def test_the_last_of_several_places_decides(self):
        self.policy.write(
            {
                "places": "first",
                "source_ids": [
                    Command.create({"location_id": self.elsewhere.lot_stock_id.id, "sequence": 1}),
                    Command.create({"location_id": self.stock.id, "sequence": 2}),
                ],
            }
        )
        self.sells(50)
        self.policy.buffer = 50
        self.sells(0)
        self.assertIn("50 buffer", self.listing.stock_explanation)
        self.policy.buffer = 0
        self.sells(50)
        self._done(self.order(50))
        self.sells(0, ended=True)

    def test_what_expired_is_nothing_left(self):
        jam = self._product("Jam", tracking="lot", use_expiration_date=True)
        self.listing = self._listing(jam)
        lot = self.env["stock.lot"].create({"name": "old", "product_id": jam.id})
        lot.expiration_date = self.env.cr.now() - timedelta(days=1)
        self.count(3, product=jam, lot_id=lot.id)
        self.sells(0, ended=True)

    def test_the_end_is_undone_by_the_policy(self):
        self.sell_out()
        self.receive(7)
        self.policy.discontinued = False
        self.sells(7)
        self.policy.discontinued = True
        self.sells(7)

    def test_what_is_taken_up_again_before_anything_came_has_not_ended(self):
        self.sell_out()
        self.policy.discontinued = False
        self.sells(0)
        self.assertFalse(self.ended())
        self.receive(7)
        self.policy.discontinued = True
        self.sells(7)

    def test_ending_is_a_row_of_the_ledger_and_once(self):
        self.sell_out()
        rows = self.env["lockgate.stock.ledger"].search([("listing_id", "=", self.listing.id)])
        self.assertEqual(rows.mapped("quantity_text"), ["0", "50"])
        self.receive(7)
        self.turn()
        self.assertEqual(rows.search([("listing_id", "=", self.listing.id)]), rows)
