from odoo import Command
from odoo.addons.lockgate_stock.tests.common import StockCase
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestOpenSessions(StockCase):
    """What an open POS session has sold is gone for every channel, though no move says so yet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.point_of_sale_update_stock_quantities = "closing"
        cls.cash = cls.env["pos.payment.method"].create(
            {
                "name": "Till",
                "journal_id": cls.env["account.journal"]
                .create({"name": "Till", "code": "TILL", "type": "cash"})
                .id,
            }
        )
        cls.shop = cls.env["pos.config"].create(
            {
                "name": "Lock house",
                "picking_type_id": cls.warehouse.pos_type_id.id,
                "payment_method_ids": [Command.set(cls.cash.ids)],
            }
        )
        cls.receive(20)
        cls.session = cls._open()
        cls.forget_marks()

    def setUp(self):
        super().setUp()
        self.channel._mark_stock("test begins")
        self.turn()

    @classmethod
    def _open(cls):
        cls.shop.open_ui()
        cls.shop.current_session_id.set_opening_control(0, None)
        return cls.shop.current_session_id

    def sell(self, quantity, product=None, session=None, pay=True, **values):
        """An order over the counter, as the till sends it."""
        order = self.env["pos.order"].create(
            {
                "session_id": (session or self.session).id,
                "amount_tax": 0,
                "amount_total": quantity,
                "amount_paid": 0,
                "amount_return": 0,
                "lines": [
                    Command.create(
                        {
                            "product_id": (product or self.product).id,
                            "qty": quantity,
                            "price_unit": 1,
                            "price_subtotal": quantity,
                            "price_subtotal_incl": quantity,
                        }
                    )
                ],
                **values,
            }
        )
        if pay:
            self.pay(order)
        return order

    def pay(self, order):
        order.add_payment(
            {"pos_order_id": order.id, "amount": order.amount_total, "payment_method_id": self.cash.id}
        )
        order._process_saved_order(False)

    def close(self):
        self.session.post_closing_cash_details(self.session.cash_register_balance_end)
        self.session.close_session_from_ui()
        self.assertEqual(self.session.state, "closed")

    def assert_sells(self, quantity):
        self.turn()
        self.assertEqual(self.published(), quantity)

    def test_an_order_that_is_paid_is_gone_at_once_and_once_only(self):
        self.sell(3)
        self.assertEqual(self.reasons(), {"sold in a POS session"})
        self.channel._mark_stock("again")
        self.assert_sells(17)
        self.sell(2)
        self.assert_sells(15)
        self.close()
        self.assertIn("shipped", self.reasons())
        self.channel._mark_stock("again")
        self.assert_sells(15)
        self.assertEqual(self.product.with_context(location=self.stock.id).qty_available, 15)

    def test_the_words_name_what_was_sold(self):
        self.sell(3)
        self.order(5)
        self.env.invalidate_all()
        self.assertEqual(
            self.listing.stock_explanation,
            "20 on hand − 3 sold in open POS sessions − 5 promised = 12 Units → 12 whole Units",
        )
        self.turn()
        self.assertEqual(
            self.env["lockgate.stock.ledger"].search([("listing_id", "=", self.listing.id)])[0].explanation,
            self.listing.stock_explanation,
        )

    def test_every_basis_takes_it_off(self):
        self.sell(3)
        policy = self.env["lockgate.exposure.policy"].create({"name": "P", "channel_id": self.channel.id})
        for basis in ("unpromised", "free", "incoming", "forecast", "on_hand"):
            policy.basis = basis
            with self.subTest(basis=basis):
                self.assert_sells(17)

    def test_an_order_that_is_not_paid_yet_is_not_gone(self):
        order = self.sell(3, pay=False)
        self.assertEqual(self.marks(), [])
        self.pay(order)
        self.assert_sells(17)

    def test_what_a_customer_brings_back_counts_when_the_session_is_closed(self):
        self.sell(3)
        self.sell(-2)
        self.assert_sells(17)
        self.close()
        self.assert_sells(19)

    def test_a_corrected_line_of_a_paid_order(self):
        order = self.sell(3)
        self.assert_sells(17)
        order.lines.write({"qty": 1})
        self.assert_sells(19)

    def test_an_order_that_is_shipped_later_is_promised_by_its_move_alone(self):
        partner = self.env["res.partner"].create({"name": "Customer"})
        self.shop.write({"ship_later": True, "warehouse_id": self.warehouse.id})
        order = self.sell(3, shipping_date="2099-01-01", partner_id=partner.id)
        self.assertTrue(order.picking_ids.move_ids)
        self.assert_sells(17)

    def test_stock_moved_in_real_time_is_gone_once(self):
        self.close()
        self.company.point_of_sale_update_stock_quantities = "real"
        self.session = self._open()
        self.marks()
        self.sell(3)
        self.assertNotIn("sold in a POS session", self.reasons())
        self.channel._mark_stock("again")
        self.assert_sells(17)

    def test_a_shop_that_sells_from_elsewhere_takes_nothing(self):
        self.close()
        self.shop.picking_type_id = self.elsewhere.pos_type_id
        self.session = self._open()
        self.sell(3)
        self.assert_sells(20)

    def test_a_till_that_is_moved_while_its_session_is_open(self):
        self.sell(3)
        self.assert_sells(17)
        self.shop.picking_type_id = self.elsewhere.pos_type_id
        self.assertEqual(self.reasons(), {"sold in a POS session"})
        self.channel._mark_stock("again")
        self.assert_sells(20)
        self.elsewhere.pos_type_id.default_location_src_id = self.stock
        self.assertEqual(self.reasons(), {"sold in a POS session"})
        self.channel._mark_stock("again")
        self.assert_sells(17)

    def test_accounting_that_picks_invoiced_orders_at_once(self):
        self.sell(3)
        self.assert_sells(17)
        self.company.anglo_saxon_accounting = not self.company.anglo_saxon_accounting
        self.assertEqual(self.reasons(), {"sold in a POS session"})

    def test_a_till_whose_session_is_closed_marks_nothing_when_it_is_moved(self):
        self.sell(3)
        self.close()
        self.forget_marks()
        self.shop.picking_type_id = self.elsewhere.pos_type_id
        self.assertEqual(self.marks(), [])

    def test_a_kit_over_the_counter_takes_its_parts(self):
        kit = self._product("Canoe kit", is_storable=False)
        self.env["mrp.bom"].create(
            {
                "product_tmpl_id": kit.product_tmpl_id.id,
                "type": "phantom",
                "bom_line_ids": [Command.create({"product_id": self.product.id, "product_qty": 2})],
            }
        )
        self.sell(3, product=kit)
        self.assertEqual(self.reasons(), {"sold in a POS session"})
        self.channel._mark_stock("again")
        self.assert_sells(14)
        self.close()
        self.assert_sells(14)

    def test_goods_that_no_channel_lists_mark_nothing(self):
        self.sell(3, product=self.unlisted)
        self.assertEqual(self.marks(), [])
