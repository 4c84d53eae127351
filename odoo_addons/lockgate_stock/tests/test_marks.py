from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import Form, tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestMarks(StockCase):
    """What happens to a listed product's stock leaves marks; what happens to others leaves none."""

    def test_a_receipt_says_received(self):
        self.receive(5)
        self.assertIn("received", self.reasons())

    def test_a_delivery_says_shipped(self):
        self.receive(5)
        self.reasons()
        self._done(self.order(5))
        self.assertIn("shipped", self.reasons())

    def test_a_customers_return_says_returned(self):
        self._done(self._picking(self.warehouse.in_type_id, self.customers, self.stock, (self.product, 5)))
        self.assertIn("returned", self.reasons())

    def test_an_order_says_allocated_and_a_reservation_reserved(self):
        self.receive(5)
        self.reasons()
        order = self.order(7)
        order.do_unreserve()
        self.assertIn("allocated", self.reasons())
        order.action_assign()
        self.assertIn("reserved", self.reasons())
        order.do_unreserve()
        self.assertTrue(self.reasons())

    def test_an_expected_receipt_says_expected(self):
        self._picking(self.warehouse.in_type_id, self.suppliers, self.stock, (self.product, 5))
        self.assertEqual(self.reasons(), {"expected"})

    def test_a_cancelled_order_says_cancelled(self):
        order = self.order(5)
        self.reasons()
        order.action_cancel()
        self.assertIn("cancelled", self.reasons())

    def test_a_changed_demand_marks(self):
        order = self.order(5)
        self.reasons()
        order.move_ids.product_uom_qty = 3
        self.assertTrue(self.reasons())

    def test_a_transfer_says_transferred(self):
        self.receive(5)
        self.reasons()
        self._done(self.transfer(5, self.stock, self.elsewhere.lot_stock_id))
        self.assertIn("transferred", self.reasons())

    def test_counting_and_scrapping_say_adjusted(self):
        self.count(5)
        self.assertIn("adjusted", self.reasons())
        self.scrap(1)
        self.assertIn("adjusted", self.reasons())

    def test_a_draft_move_leaves_no_mark(self):
        order = self.order(5)
        self.reasons()
        copy = order.copy()
        self.env.flush_all()
        copy.move_ids.product_uom_qty = 9
        self.assertEqual(self.marks(), [])

    def test_a_move_that_gets_another_product_marks_both(self):
        other = self._product("Barge")
        self._listing(other)
        order = self.order(5)
        self.marks()
        order.move_ids._do_unreserve()
        order.move_ids.write({"product_id": other.id})
        self.assertEqual({mark[0] for mark in self.marks()}, set(self.channel.listing_ids.ids))

    def test_an_unlisted_product_leaves_no_mark(self):
        self.receive(5, self.unlisted)
        self._done(self.order(5, self.unlisted))
        self.count(5, product=self.unlisted)
        self.scrap(1, product=self.unlisted)
        self.assertEqual(self.marks(), [])

    def test_an_archived_listing_is_not_marked_by_moves(self):
        self.listing.active = False
        self.marks()
        self.receive(5)
        self.assertEqual(self.marks(), [])

    def test_every_channel_that_lists_the_product_is_marked(self):
        other = self._listing(self.product, self._channel("stock_test_2", self.elsewhere))
        self.marks()
        self.receive(5)
        self.assertEqual({mark[0] for mark in self.marks()}, {self.listing.id, other.id})

    def test_what_is_rolled_back_leaves_no_mark(self):
        self.env.cr.flush()
        savepoint = self.env.cr.savepoint()
        self.receive(5)
        savepoint.close(rollback=True)
        self.assertEqual(self.marks(), [])

    def test_what_was_flushed_and_rolled_back_leaves_no_mark(self):
        savepoint = self.env.cr.savepoint()
        self.receive(5)
        self.env.cr.flush()
        savepoint.close(rollback=True)
        self.assertEqual(self.marks(), [])

    def test_what_came_before_a_rolled_back_savepoint_stays(self):
        self.receive(5)
        savepoint = self.env.cr.savepoint()
        self.scrap(1)
        savepoint.close(rollback=True)
        self.assertIn("received", self.reasons())

    def test_a_flush_is_one_statement_however_much_happened(self):
        products = [self._product(f"Rope {number}") for number in range(10)]
        for product in products:
            self._listing(product)
        statements = []
        execute = Cursor.execute

        def watched(cursor, query, *args, **kwargs):
            text = str(getattr(query, "code", query))
            if "lockgate_outbox" in text:
                statements.append(text)
            return execute(cursor, query, *args, **kwargs)

        picking = self._picking(
            self.warehouse.in_type_id, self.suppliers, self.stock, *[(product, 5) for product in products]
        )
        for move in picking.move_ids:
            move.quantity = 5
            move.picked = True
        self.forget_marks()
        with patch.object(Cursor, "execute", watched):
            picking.move_ids._action_done()
            self.env.cr.flush()
        self.assertEqual(len(statements), 1)
        self.assertIn("INSERT INTO lockgate_outbox", statements[0])
        self.assertEqual([reason for *_, reason in self.marks()], ["received"] * 10)

    def test_a_quant_that_a_user_edits_in_the_form_marks(self):
        quant = self.env["stock.quant"].with_context(inventory_mode=True)
        form = Form(quant, view="stock.view_stock_quant_tree_inventory_editable")
        form.product_id = self.product
        form.location_id = self.stock
        form.inventory_quantity = 3
        form.save().action_apply_inventory()
        self.assertIn("adjusted", self.reasons())
