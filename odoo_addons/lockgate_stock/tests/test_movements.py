from odoo import Command
from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestMovements(StockCase):
    """Every kind of movement is marked with its reason, and published as it is counted again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.env["res.partner"].create({"name": "Consignor"})
        cls.other_company = cls.env["res.company"].create({"name": "Other Canal"})
        cls.there = cls.env["stock.warehouse"].search([("company_id", "=", cls.other_company.id)], limit=1)

    def setUp(self):
        super().setUp()
        self.receive(20)
        self.happens("received")

    def _put_away(self, picking):
        """Do all that follows a picking, step by step, and say what each step was marked with."""
        reasons = []
        moves = picking.move_ids
        while moves:
            moves.picking_id.action_assign()
            for each in moves.picking_id:
                self._done(each)
            self.env.cr.flush()
            self.env.cr.execute("SELECT DISTINCT reason FROM lockgate_outbox")
            reasons.append({reason for (reason,) in self.env.cr.fetchall()})
            self.turn()
            self.assertEqual(self.published(), self.oracle())
            moves = moves.move_dest_ids
        return reasons

    # Receipts and deliveries

    def test_a_receipt_is_expected_and_then_received(self):
        receipt = self._picking(self.warehouse.in_type_id, self.suppliers, self.stock, (self.product, 5))
        self.happens("expected")
        self._done(receipt)
        self.happens("received")
        self.assertEqual(self.published(), 25)

    def test_a_receipt_in_three_steps_is_received_held_and_available(self):
        self.warehouse.reception_steps = "three_steps"
        receipt = self._picking(
            self.warehouse.in_type_id, self.suppliers, self.warehouse.wh_input_stock_loc_id, (self.product, 5)
        )
        self.happens("expected")
        received, held, available = self._put_away(receipt)
        self.assertIn("received", received)
        self.assertIn("quality hold", held)
        self.assertIn("available", available)
        self.assertEqual(self.published(), 25)

    def test_a_delivery_in_three_steps_is_transferred_and_shipped(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        values = {"warehouse_id": self.warehouse, "date_planned": "2030-01-01 00:00:00"}
        procurement = self.env["stock.rule"].Procurement(
            self.product, 5, self.unit, self.customers, "order", "order", self.company, values
        )
        self.env["stock.rule"].run([procurement])
        self.happens("reserved")
        pick = self.env["stock.move"].search(
            [("product_id", "=", self.product.id), ("location_id", "=", self.stock.id)],
            order="id desc",
            limit=1,
        )
        reasons = self._put_away(pick.picking_id)
        self.assertEqual(len(reasons), 3)
        self.assertIn("transferred", reasons[0])
        self.assertIn("shipped", reasons[-1])
        self.assertEqual(self.published(), 15)

    def test_an_order_is_allocated_reserved_released_and_shipped(self):
        order = self.order(5)
        order.do_unreserve()
        self.happens("allocated")
        order.action_assign()
        self.happens("reserved")
        order.do_unreserve()
        self.happens("allocated")
        order.action_assign()
        self._done(order)
        self.happens("shipped")
        self.assertEqual(self.published(), 15)

    def test_a_backorder_keeps_the_rest_promised_until_it_is_cancelled(self):
        order = self._done(self.order(8), quantity=3)
        self.happens("shipped")
        self.assertEqual(self.published(), 12)
        order.backorder_ids.action_cancel()
        self.happens("cancelled")
        self.assertEqual(self.published(), 17)

    def test_a_cancelled_order_is_available_again(self):
        order = self.order(5)
        self.happens("reserved")
        order.action_cancel()
        self.happens("cancelled")
        self.assertEqual(self.published(), 20)

    def test_a_delivery_that_is_undone_is_returned(self):
        delivery = self._done(self.order(5))
        self.happens("shipped")
        wizard = self.env["stock.return.picking"].create({"picking_id": delivery.id})
        wizard.product_return_moves.quantity = 5
        back = wizard._create_return()
        self.happens("expected")
        self._done(back)
        self.happens("returned")
        self.assertEqual(self.published(), 20)

    def test_a_done_delivery_that_is_corrected_is_shipped_anew(self):
        delivery = self._done(self.order(5))
        self.happens("shipped")
        delivery.move_line_ids.quantity = 3
        self.happens("shipped")
        self.assertEqual(self.published(), 17)

    def test_a_receipt_sent_back_to_the_supplier_is_returned(self):
        self._done(self._picking(self.warehouse.out_type_id, self.stock, self.suppliers, (self.product, 4)))
        self.happens("returned")
        self.assertEqual(self.published(), 16)

    def test_a_dropship_marks_nothing_that_could_change(self):
        before = self.published()
        self._done(
            self._picking(self.warehouse.in_type_id, self.suppliers, self.customers, (self.product, 5))
        )
        self.happens()
        self.assertEqual(self.published(), before)

    # Inside

    def test_a_transfer_within_the_stock_changes_nothing(self):
        self._done(self.transfer(5, self.stock, self.shelf))
        self.happens("transferred")
        self.assertEqual(self.published(), 20)

    def test_a_location_on_hold_takes_goods_out_and_gives_them_back(self):
        bay = self.env["stock.location"].create(
            {"name": "Quarantine", "location_id": self.stock.id, "lockgate_hold": True}
        )
        self._done(self.transfer(5, self.stock, bay))
        self.happens("quality hold")
        self.assertEqual(self.published(), 15)
        self._done(self.transfer(5, bay, self.stock))
        self.happens("available")
        self.assertEqual(self.published(), 20)

    def test_a_hold_that_is_lifted_makes_available(self):
        self._done(self.transfer(5, self.stock, self.shelf))
        self.happens("transferred")
        self.shelf.lockgate_hold = True
        self.happens("quality hold")
        self.assertEqual(self.published(), 15)
        self.shelf.lockgate_hold = False
        self.happens("available")
        self.assertEqual(self.published(), 20)

    def test_a_count_and_a_scrap_are_adjusted(self):
        self.count(30)
        self.happens("adjusted")
        self.assertEqual(self.published(), 30)
        self.scrap(1)
        self.happens("adjusted")
        self.assertEqual(self.published(), 29)

    def test_a_count_of_what_is_packed_or_consigned(self):
        box = self.env["stock.package"].create({"name": "Box"})
        self.count(7, package_id=box.id)
        self.happens("adjusted")
        self.assertEqual(self.published(), 27)
        box.unpack()
        self.happens("on hand")
        self.assertEqual(self.published(), 27)
        self.count(4, owner_id=self.owner.id)
        self.happens("adjusted")
        self.assertEqual(self.published(), 27)

    def test_a_box_that_is_packed_and_moved(self):
        box = self.env["stock.package"].create({"name": "Box"})
        transfer = self.transfer(6, self.stock, self.elsewhere.lot_stock_id)
        transfer.action_assign()
        transfer.move_line_ids.result_package_id = box
        self._done(transfer)
        self.happens("transferred")
        self.assertEqual(self.published(), 14)

    # Companies

    def test_goods_on_their_way_to_another_company_are_gone_when_they_leave(self):
        transit = self.env.ref("stock.stock_location_inter_company")
        out = self._picking(self.warehouse.out_type_id, self.stock, transit, (self.product, 5))
        self.happens("reserved")
        self.assertEqual(self.published(), 15)
        self._done(out)
        self.happens("transferred")
        self.assertEqual(self.published(), 15)

    def test_a_receipt_from_another_company_counts_when_it_is_done(self):
        transit = self.env.ref("stock.stock_location_inter_company")
        self._done(self._picking(self.warehouse.in_type_id, transit, self.stock, (self.product, 5)))
        self.happens("transferred")
        self.assertEqual(self.published(), 25)

    def test_another_companys_goods_are_not_ours(self):
        theirs = self.env["stock.picking"].create(
            {
                "picking_type_id": self.there.in_type_id.id,
                "location_id": self.suppliers.id,
                "location_dest_id": self.there.lot_stock_id.id,
                "company_id": self.other_company.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "product_uom_qty": 50,
                            "company_id": self.other_company.id,
                            "location_id": self.suppliers.id,
                            "location_dest_id": self.there.lot_stock_id.id,
                        }
                    )
                ],
            }
        )
        theirs.action_confirm()
        self._done(theirs)
        self.happens("received")
        self.assertEqual(self.published(), 20)

    # What people set

    def test_a_channel_that_sells_from_one_warehouse_more(self):
        self.receive(4, destination=self.elsewhere.lot_stock_id)
        self.happens("received")
        self.channel.warehouse_ids += self.elsewhere
        self.happens("warehouses changed")
        self.assertEqual(self.published(), 24)

    def test_a_policy_that_comes_changes_and_goes(self):
        policy = self.env["lockgate.exposure.policy"].create({"name": "Buffer", "buffer": 3})
        self.happens("policy added")
        self.assertEqual(self.published(), 17)
        policy.buffer = 5
        self.happens("policy changed")
        self.assertEqual(self.published(), 15)
        policy.unlink()
        self.happens("policy removed")
        self.assertEqual(self.published(), 20)

    def test_a_product_that_is_archived_and_put_back(self):
        self.product.action_archive()
        self.happens("archived or put back")
        self.assertEqual(self.published(), 0)
        self.product.action_unarchive()
        self.happens("archived or put back")
        self.assertEqual(self.published(), 20)

    def test_a_warehouse_that_is_archived_sells_nothing(self):
        self._done(self.transfer(20, self.stock, self.elsewhere.lot_stock_id))
        self.happens("transferred")
        self.channel.warehouse_ids = self.elsewhere
        self.happens("warehouses changed")
        self.assertEqual(self.published(), 20)
        self._done(self.transfer(20, self.elsewhere.lot_stock_id, self.stock))
        self.happens("transferred")
        self.elsewhere.action_archive()
        self.happens("location changed")
        self.assertEqual(self.published(), 0)

    def test_a_products_unit_that_changes_leaves_open_orders_promised_whole(self):
        """Odoo relabels quants and moves; the moves' `product_qty` keeps the unit that was."""
        self.product.uom_id = self.dozen
        self.happens("product changed")
        self.listing.uom_id = self.dozen
        self.happens("mapping changed")
        self.assertEqual(self.published(), 20)
        self.order(12)
        self.happens("reserved")
        self.assertEqual(self.published(), 8)
        self.product.uom_id = self.unit
        self.happens("reserved")
        self.listing.uom_id = self.unit
        self.happens("mapping changed")
        self.assertEqual(self.published(), 8)

    def test_what_is_to_come_and_will_be_anothers_counts_where_the_policy_says_so(self):
        receipt = self._picking(self.warehouse.in_type_id, self.suppliers, self.stock, (self.product, 5))
        policy = self.env["lockgate.exposure.policy"].create({"name": "All", "basis": "forecast"})
        self.happens("expected")
        self.assertEqual(self.published(), 25)
        receipt.owner_id = self.owner
        self.happens("expected")
        self.assertEqual(self.published(), 20)
        receipt.owner_id = False
        receipt.move_ids.restrict_partner_id = self.owner
        self.happens("expected")
        self.assertEqual(self.published(), 20)
        policy.consigned = True
        self.happens("policy changed")
        self.assertEqual(self.published(), 25)
        receipt.owner_id = self.owner
        self._done(receipt)
        self.happens("received")
        self.assertEqual(self.published(), 25)
        policy.consigned = False
        self.happens("policy changed")
        self.assertEqual(self.published(), 20)

    # What Odoo's own jobs do

    def test_reservations_that_are_cleaned(self):
        self.order(5)
        self.happens("reserved")
        self.env.cr.execute(
            "UPDATE stock_quant SET reserved_quantity = 9 WHERE product_id = %s AND location_id = %s",
            [self.product.id, self.stock.id],
        )
        self.env.invalidate_all()
        self.env["stock.quant"]._clean_reservations()
        self.happens("reserved")

    def test_empty_quants_that_are_removed(self):
        self._done(self.transfer(20, self.stock, self.shelf))
        self.happens("transferred")
        self.env["stock.quant"]._unlink_zero_quants()
        self.happens("on hand")
        self.assertEqual(self.published(), 20)
        self.env["stock.quant"]._unlink_zero_quants()
        self.happens()

    def test_the_scheduler_that_finds_nothing_to_do_marks_nothing(self):
        self.env["stock.quant"]._unlink_zero_quants()
        self.marks()
        self.env["stock.rule"]._run_scheduler_tasks()
        self.happens()

    def test_a_planned_date_that_moves(self):
        receipt = self._picking(self.warehouse.in_type_id, self.suppliers, self.stock, (self.product, 5))
        self.env["lockgate.exposure.policy"].create({"name": "Soon", "basis": "incoming", "days": 2})
        self.happens("expected")
        self.assertEqual(self.published(), 25)
        receipt.scheduled_date = "2099-01-01 00:00:00"
        self.happens("expected")
        self.assertEqual(self.published(), 20)
