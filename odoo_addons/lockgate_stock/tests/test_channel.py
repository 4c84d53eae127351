from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..hooks import uninstall_hook
from .common import StockCase


@tagged("post_install", "-at_install")
class TestChannel(StockCase):
    """The channel's warehouses, and a listing's number in words and figures."""

    def explain(self, listing=None):
        listing = listing or self.listing
        listing.invalidate_recordset()
        return listing.stock_explanation

    def test_a_warehouse_of_another_company_is_refused_in_words(self):
        other = self.env["res.company"].create({"name": "Other Canal"})
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        self.assertTrue(warehouse)
        with self.assertRaisesRegex(ValidationError, "belongs to .*Other Canal: choose warehouses of"):
            self.channel.warehouse_ids = [Command.link(warehouse.id)]

    def test_a_warehouse_that_a_channel_sells_from_stays(self):
        with self.assertRaises(Exception) as caught, mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute("DELETE FROM stock_warehouse WHERE id = %s", [self.warehouse.id])
        self.assertIn("lockgate_channel_warehouse_rel", str(caught.exception))

    def test_changed_warehouses_mark_everything_that_is_listed(self):
        self._listing(self.unlisted)
        self.marks()
        self.channel.warehouse_ids += self.elsewhere
        self.assertEqual(self.scoped(), {(self.channel, "warehouses changed")})

    def test_another_change_of_the_channel_leaves_no_mark(self):
        self.channel.name = "Boats"
        self.assertEqual(self.marks(), [])

    def test_the_explanation_gives_the_figures(self):
        self.receive(120)
        self.order(15)
        self.assertEqual(self.explain(), "120 on hand − 15 promised = 105 Units → 105 whole Units")
        self.assertEqual(self.listing.stock_text, "105")

    def test_the_explanation_of_dozens_and_of_fractions(self):
        listing = self._listing(self.product, sku="BOATS-12", uom_id=self.dozen.id)
        self.count(120.5)
        self.assertEqual(self.explain(listing), "120.5 on hand − 0 promised = 120.5 Units → 10 whole Dozens")

    def test_the_explanation_below_zero_and_above_all_measure(self):
        self.order(5)
        self.assertEqual(
            self.explain(),
            "0 on hand − 5 promised = −5 Units → −5 whole Units, shown as 0, because it is never below zero",
        )
        self.env["stock.quant"].create(
            {"product_id": self.product.id, "location_id": self.stock.id, "quantity": 1e10}
        )
        self.assertIn(
            "= 9999999995 Units → 2147483647 whole Units, shown as 2147483647, the most", self.explain()
        )

    def test_the_explanation_of_what_is_not_counted(self):
        service = self._listing(self._product("Repair", type="service", is_storable=False))
        self.assertIn("not kept in stock", self.explain(service))
        self.assertEqual(service.stock_text, "Nothing is sent")
        self.channel.warehouse_ids = False
        self.assertIn("no warehouse", self.explain())
        self.assertEqual(self.listing.stock_text, "Nothing is sent")
        self.listing.active = False
        self.assertIn("archived", self.explain())
        self.assertEqual(self.listing.stock_text, "0")
        self._listing(self.product)
        self.assertIn("listed anew", self.explain())

    def test_the_form_shows_the_number_that_the_turn_wants(self):
        self.receive(7)
        self.env.invalidate_all()
        with Form(self.listing) as form:
            self.assertEqual(form.stock_text, str(self.quantity()))

    def test_a_new_listing_in_a_form_has_no_number_yet(self):
        form = Form(self.env["lockgate.listing"])
        form.channel_id = self.channel
        form.product_id = self.unlisted
        self.assertFalse(form.stock_text)

    def test_a_reader_without_stock_rights_sees_the_number(self):
        self.receive(7)
        reader = new_test_user(self.env, "stock_reader", "lockgate.lockgate_group_user")
        listing = self.listing.with_user(reader)
        self.assertEqual(listing.stock_text, "7")
        self.assertEqual(listing.channel_id.warehouse_ids.name, "Sells")

    def test_uninstalled_it_leaves_nothing_to_be_sent(self):
        self.receive(7)
        self.env.cr.flush()
        uninstall_hook(self.env)
        self.assertEqual(self.marks(), [])
        self.env.cr.execute(
            "SELECT count(*) FROM lockgate_publication WHERE aspect = 'stock' AND (wanted IS NOT NULL OR "
            "due_at IS NOT NULL OR recheck_at IS NOT NULL OR state NOT IN ('settled', 'leased'))"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
