from odoo import Command, fields
from odoo.tests import tagged

from .. import exposure
from .common import StockCase
from .recount import OPEN


@tagged("post_install", "-at_install")
class TestExposure(StockCase):
    """What may be sold is on hand less promised, each time beside the slow recomputation."""

    def assert_sells(self, quantity, listing=None):
        self.assertEqual(self.quantity(listing), quantity)
        self.assertEqual(self.oracle(listing), quantity)

    def test_nothing_received_sells_nothing(self):
        self.assert_sells(0)

    def test_a_receipt_counts_when_it_is_done(self):
        receipt = self._picking(self.warehouse.in_type_id, self.suppliers, self.stock, (self.product, 12))
        self.assert_sells(0)
        self._done(receipt)
        self.assert_sells(12)

    def test_an_order_is_promised_before_it_is_reserved(self):
        self.receive(12)
        order = self.order(5)
        order.do_unreserve()
        self.assertEqual(order.move_ids.state, "confirmed")
        self.assert_sells(7)

    def test_a_reservation_and_its_release_change_nothing(self):
        self.receive(12)
        order = self.order(5)
        order.action_assign()
        self.assertEqual(order.move_ids.state, "assigned")
        self.assert_sells(7)
        order.do_unreserve()
        self.assert_sells(7)

    def test_a_draft_order_promises_nothing(self):
        self.receive(12)
        order = self.order(5).copy()
        self.assertEqual(order.state, "draft")
        self.assert_sells(7)

    def test_a_delivery_takes_goods_and_promise_together(self):
        self.receive(12)
        self._done(self.order(5))
        self.assert_sells(7)

    def test_a_cancelled_order_gives_its_promise_back(self):
        self.receive(12)
        self.order(5).action_cancel()
        self.assert_sells(12)

    def test_a_backorder_still_promises_the_rest(self):
        self.receive(12)
        self._done(self.order(5), quantity=2)
        self.assertEqual(self.product.qty_available, 10)
        self.assert_sells(7)

    def test_more_picked_than_ordered_is_promised(self):
        self.receive(12)
        order = self.order(5)
        order.move_ids.quantity = 8
        order.move_ids.picked = True
        self.assert_sells(4)

    def test_orders_beyond_the_stock_sell_nothing_and_never_less(self):
        self.receive(3)
        self.order(5)
        self.assert_sells(0)

    def test_a_return_counts_again(self):
        self.receive(12)
        delivery = self._done(self.order(5))
        back = self._picking(self.warehouse.in_type_id, self.customers, self.stock, (self.product, 5))
        self.assertEqual(delivery.state, "done")
        self._done(back)
        self.assert_sells(12)

    def test_a_transfer_inside_changes_nothing(self):
        self.receive(12)
        transfer = self.transfer(5, self.stock, self.shelf)
        self.assert_sells(12)
        self._done(transfer)
        self.assert_sells(12)

    def test_a_transfer_out_is_promised_and_a_transfer_in_counts_when_done(self):
        self.receive(12)
        there = self.elsewhere.lot_stock_id
        out = self.transfer(5, self.stock, there)
        self.assert_sells(7)
        self._done(out)
        self.assert_sells(7)
        back = self.transfer(5, there, self.shelf)
        self.assert_sells(7)
        self._done(back)
        self.assert_sells(12)

    def test_another_warehouse_does_not_count(self):
        self.receive(12, destination=self.elsewhere.lot_stock_id)
        self.assert_sells(0)

    def test_two_warehouses_of_a_channel_add_up_and_move_goods_between_them_freely(self):
        self.receive(12)
        self.receive(3, destination=self.elsewhere.lot_stock_id)
        self.channel.warehouse_ids += self.elsewhere
        self.assert_sells(15)
        self.transfer(5, self.stock, self.elsewhere.lot_stock_id)
        self.assert_sells(15)

    def test_input_and_quality_do_not_count(self):
        self.warehouse.reception_steps = "three_steps"
        self.receive(12, destination=self.warehouse.wh_input_stock_loc_id)
        self.receive(12, destination=self.warehouse.wh_qc_stock_loc_id)
        self.assert_sells(0)

    def test_scrap_and_counting(self):
        self.receive(12)
        self.scrap(2)
        self.assert_sells(10)
        self.count(20)
        self.assert_sells(20)
        self.count(4, location=self.shelf)
        self.assert_sells(24)

    def test_goods_of_other_owners_are_not_ours_to_sell(self):
        owner = self.env["res.partner"].create({"name": "Consignor"})
        self.count(9, owner_id=owner.id)
        self.count(4)
        self.assert_sells(4)

    def test_pick_pack_ship_promises_once_until_it_has_left_the_stock(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        self.receive(12)
        self.env["stock.rule"].run(
            [
                self.env["stock.rule"].Procurement(
                    self.product,
                    5,
                    self.unit,
                    self.customers,
                    "order",
                    "order",
                    self.company,
                    {"warehouse_id": self.warehouse, "date_planned": "2030-01-01 00:00:00"},
                )
            ]
        )
        moves = self.env["stock.move"].search([("product_id", "=", self.product.id), ("state", "in", OPEN)])
        self.assertTrue(moves)
        steps = 0
        while moves:
            self.assert_sells(7)
            moves[0].picking_id.action_assign()
            self._done(moves[0].picking_id)
            steps += 1
            moves = moves.search([("product_id", "=", self.product.id), ("state", "in", OPEN)])
        self.assertEqual(steps, 3)
        self.assert_sells(7)

    def test_a_negative_quant_sells_nothing(self):
        order = self.order(5)
        self._done(order)
        self.assertEqual(self.product.with_context(location=self.stock.id).qty_available, -5)
        self.assert_sells(0)

    def test_a_dozen_is_sold_by_whole_dozens(self):
        dozens = self._listing(self.product, sku="BOATS-12", uom_id=self.dozen.id)
        self.receive(120)
        self.order(15)
        self.assert_sells(105)
        self.assert_sells(8, dozens)

    def test_a_product_kept_in_dozens_is_sold_by_the_unit(self):
        product = self._product("Egg", uom_id=self.dozen.id)
        listing = self._listing(product, uom_id=self.unit.id)
        self.receive(3, product)
        self.assert_sells(36, listing)

    def test_three_tenths_are_three_whole_units_of_a_tenth(self):
        kilo, gram = self.env.ref("uom.product_uom_kgm"), self.env.ref("uom.product_uom_gram")
        tenth = self.env["uom.uom"].create(
            {"name": "100 g", "relative_factor": 100, "relative_uom_id": gram.id}
        )
        product = self._product("Tea", uom_id=kilo.id)
        listing = self._listing(product, uom_id=tenth.id)
        self.env["stock.quant"].create(
            [
                {"product_id": product.id, "location_id": location.id, "quantity": quantity}
                for location, quantity in [(self.stock, 0.1), (self.shelf, 0.2)]
            ]
        )
        self.assert_sells(3, listing)

    def test_a_quantity_beyond_all_measure_is_capped(self):
        self.env["stock.quant"].create(
            {"product_id": self.product.id, "location_id": self.stock.id, "quantity": 1e15}
        )
        self.assertEqual(self.quantity(), 2**31 - 1)

    def test_any_number_of_listings_are_read_in_as_many_statements(self):
        listings = self.listing.union(
            *[self._listing(self._product(f"Rope {number}")) for number in range(20)]
        )
        self.receive(7, listings[4].product_id)
        self.quantity()  # from here on the connection knows the plans
        self.env.flush_all()
        statements = {}
        for some in (self.listing, listings):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            exposures = exposure.read(self.env, self.channel.id, some.ids, fields.Datetime.now())
            statements[len(exposures)] = self.env.cr.sql_log_count - before
        self.assertEqual(statements[21], statements[1])
        self.assertEqual([(each.sku, each.quantity) for each in exposures if each.quantity], [("ROPE 3", 7)])

    def test_two_channels_sell_each_from_its_own_warehouses(self):
        there = self._listing(self.product, self._channel("stock_test_2", self.elsewhere))
        self.receive(7)
        self.receive(9, destination=self.elsewhere.lot_stock_id)
        self.assert_sells(7)
        self.assert_sells(9, there)
        self.assertEqual((self.listing | there).mapped("stock_text"), ["7", "9"])

    def test_a_location_below_a_view_counts_and_its_demand_too(self):
        aisle = self.env["stock.location"].create(
            {"name": "Aisle", "location_id": self.stock.id, "usage": "view"}
        )
        bay = self.env["stock.location"].create({"name": "Bay", "location_id": aisle.id})
        self.count(6, location=bay)
        self.order(2, source=aisle)
        self.assert_sells(4)

    def test_moves_in_another_unit_are_converted(self):
        self.receive(30)
        order = self._picking(self.warehouse.out_type_id, self.stock, self.customers)
        order.move_ids = [
            Command.create(
                {
                    "product_id": self.product.id,
                    "product_uom": self.dozen.id,
                    "product_uom_qty": 2,
                    "location_id": self.stock.id,
                    "location_dest_id": self.customers.id,
                }
            )
        ]
        order.action_confirm()
        self.assert_sells(6)
