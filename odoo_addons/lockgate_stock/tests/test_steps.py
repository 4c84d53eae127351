from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestSteps(StockCase):
    """Routes of several steps: what is to come or to go counts once, whichever step is planned by now."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse.write({"reception_steps": "three_steps", "delivery_steps": "pick_pack_ship"})
        cls.policy = cls.env["lockgate.exposure.policy"].create({"name": "Policy", "basis": "forecast"})
        cls.channel.action_start()
        cls.forget_marks()

    def purchase(self, quantity):
        """A receipt as a purchase makes it: to Input, and in the end to Stock."""
        picking = self._picking(
            self.warehouse.in_type_id,
            self.suppliers,
            self.warehouse.wh_input_stock_loc_id,
            (self.product, quantity),
            location_final_id=self.stock.id,
        )
        self.assertEqual(picking.move_ids.location_dest_id, self.warehouse.wh_input_stock_loc_id)
        return picking

    def sell(self, quantity):
        """What a sale orders of the warehouse: its first step, with the customer as its end."""
        self.env["stock.rule"].run(
            [
                self.env["stock.rule"].Procurement(
                    self.product,
                    quantity,
                    self.unit,
                    self.customers,
                    "Sale",
                    "Sale",
                    self.company,
                    {"warehouse_id": self.warehouse, "date_planned": fields.Datetime.now()},
                )
            ]
        )
        return self.open_moves()

    def open_moves(self):
        """Of the product, by their places, as they are planned by now."""
        return self.env["stock.move"].search(
            [("product_id", "=", self.product.id), ("state", "not in", ["done", "cancel"])]
        )

    def assert_sells(self, quantity, **terms):
        self.policy.write(terms)
        self.assertEqual(self.quantity(), quantity)
        self.assertEqual(self.oracle(), quantity)

    def finish(self, moves):
        self._done(moves.picking_id)

    def test_a_purchase_is_to_come_at_every_step(self):
        self.purchase(500)
        for _step in ("receipt", "quality control", "storage"):
            moves = self.open_moves()
            self.assertEqual(len(moves), 1)
            self.assert_sells(500, basis="forecast")
            self.assert_sells(500, basis="incoming", days=7)
            self.assert_sells(0, basis="unpromised")
            self.finish(moves)
        self.assert_sells(500, basis="unpromised")
        self.assert_sells(500, basis="forecast")

    def test_a_purchase_that_comes_in_parts_counts_once(self):
        purchase = self.purchase(500)
        self._done(purchase, quantity=200)
        self.assertEqual(sorted(self.open_moves().mapped("product_uom_qty")), [200, 300])
        self.assert_sells(500, basis="forecast")

    def test_the_day_that_a_purchase_comes_is_awaited(self):
        purchase = self.purchase(500)
        purchase.move_ids.date = fields.Datetime.now() + timedelta(days=9)
        self.channel.sweep_minutes = 100000
        self.assert_sells(0, basis="incoming", days=7)
        due = purchase.move_ids.date - timedelta(days=7)
        self.assertLess(abs(self.wanted().recheck_at - due), timedelta(seconds=2))

    def test_steps_that_are_all_planned_ahead_count_once(self):
        self.purchase(500)
        first = self.open_moves()
        later = self._picking(
            self.warehouse.int_type_id,
            self.warehouse.wh_input_stock_loc_id,
            self.stock,
            (self.product, 500),
            move_orig_ids=[Command.set(first.ids)],
            procure_method="make_to_order",
        )
        self.assertEqual(first.move_dest_ids, later.move_ids)
        self.assert_sells(500, basis="forecast")
        later.move_ids.date = fields.Datetime.now() + timedelta(days=9)
        self.assert_sells(0, basis="incoming", days=7)

    def test_a_sale_is_promised_at_every_step(self):
        self.receive(20)
        self.sell(5)
        for _step in ("pick", "pack", "ship"):
            moves = self.open_moves()
            self.assertEqual(len(moves), 1)
            self.assert_sells(15, basis="unpromised")
            self.assert_sells(15, basis="forecast")
            self.finish(moves)
        self.assertFalse(self.open_moves())
        self.assert_sells(15, basis="unpromised")

    def test_a_sale_is_promised_once_where_the_whole_warehouse_is_sold(self):
        self.receive(20)
        self.policy.write(
            {
                "places": "sum",
                "source_ids": [Command.create({"location_id": self.warehouse.view_location_id.id})],
            }
        )
        self.sell(5)
        for _step in ("pick", "pack", "ship"):
            self.assert_sells(15, basis="unpromised")
            self.assert_sells(15, basis="forecast")
            self.finish(self.open_moves())
        self.assert_sells(15, basis="unpromised")

    def test_what_goes_by_another_place_and_comes_back_is_to_go_and_to_come(self):
        self.receive(20)
        outside = self.warehouse.wh_output_stock_loc_id
        self._picking(
            self.warehouse.int_type_id,
            self.stock,
            outside,
            (self.product, 5),
            location_final_id=self.shelf.id,
        )
        self.assert_sells(15, basis="unpromised")
        self.assert_sells(20, basis="forecast")

    def test_another_end_of_a_move_marks(self):
        purchase = self.purchase(500)
        self.turn()
        self.forget_marks()
        purchase.move_ids.location_final_id = self.elsewhere.lot_stock_id
        self.happens("expected")
        self.assertEqual(self.published(), 0)

    def test_a_hold_where_a_purchase_will_end_marks(self):
        purchase = self.purchase(500)
        purchase.move_ids.location_final_id = self.shelf
        self.turn()
        self.assertEqual(self.published(), 500)
        self.forget_marks()
        self.shelf.lockgate_hold = True
        self.happens("quality hold")
        self.assertEqual(self.published(), 0)
