from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestPlaces(StockCase):
    """A policy that names the places to sell from, in order or together, and leaves others out."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.elsewhere.lot_stock_id
        cls.channel.warehouse_ids += cls.elsewhere
        cls.policy = cls.env["lockgate.exposure.policy"].create(
            {"name": "Places", "channel_id": cls.channel.id}
        )
        cls.receive(7)
        cls.receive(9, destination=cls.there)
        cls.forget_marks()

    def sell_from(self, places, *locations, **values):
        self.policy.write(
            {
                "places": places,
                "source_ids": [Command.clear()]
                + [
                    Command.create({"location_id": location.id, "sequence": sequence})
                    for sequence, location in enumerate(locations)
                ],
                **values,
            }
        )

    def assert_sells(self, quantity, listing=None):
        self.assertEqual(self.quantity(listing), quantity)
        self.assertEqual(self.oracle(listing), quantity)

    def explain(self):
        self.env.cr.flush()
        self.listing.invalidate_recordset()
        return self.listing.stock_explanation

    def test_all_warehouses_of_the_channel_add_up(self):
        self.assert_sells(16)

    def test_the_first_place_that_has_some_says_the_number(self):
        self.sell_from("first", self.stock, self.there)
        self.assert_sells(7)
        self.order(7)
        self.assert_sells(9)
        self.order(9, source=self.there)
        self.assert_sells(0)

    def test_the_order_of_places_counts(self):
        self.sell_from("first", self.there, self.stock)
        self.assert_sells(9)
        self.assertEqual(self.reasons(), {"policy changed"})
        self.policy.source_ids.filtered(lambda source: source.location_id == self.stock).sequence = -1
        self.assertEqual(self.reasons(), {"policy changed"})
        self.assert_sells(7)

    def test_a_place_whose_buffer_takes_all_has_none_to_show(self):
        self.sell_from("first", self.stock, self.there, buffer=7)
        self.assert_sells(2)

    def test_places_together_need_not_be_whole_warehouses(self):
        self.receive(4, destination=self.shelf)
        self.sell_from("sum", self.shelf, self.there)
        self.assert_sells(13)
        self.transfer(2, self.shelf, self.there)
        self.assert_sells(13)

    def test_a_location_left_out_does_not_count_nor_what_is_promised_of_it(self):
        self.receive(4, destination=self.shelf)
        self.order(3, source=self.shelf)
        self.assert_sells(17)
        self.policy.left_out_ids = self.shelf
        self.assert_sells(16)
        self.sell_from("first", self.stock, self.there)
        self.assert_sells(7)

    def test_what_is_in_quality_control_is_not_sold_though_a_place_above_is_named(self):
        self.warehouse.reception_steps = "three_steps"
        self.receive(4, destination=self.warehouse.wh_qc_stock_loc_id)
        self.sell_from("sum", self.warehouse.view_location_id)
        self.assert_sells(7)
        self._done(self.transfer(4, self.warehouse.wh_qc_stock_loc_id, self.stock))
        self.assert_sells(11)

    def test_a_kit_comes_from_one_place_or_is_not_there(self):
        paddle = self._product("Paddle")
        self.env["mrp.bom"].create(
            {
                "product_tmpl_id": self.unlisted.product_tmpl_id.id,
                "type": "phantom",
                "bom_line_ids": [
                    Command.create({"product_id": part.id, "product_qty": 1})
                    for part in (self.product, paddle)
                ],
            }
        )
        listing = self._listing(self.unlisted)
        self.receive(5, paddle, destination=self.there)
        self.assertEqual(self.quantity(listing), 5)
        self.sell_from("first", self.stock, self.there)
        self.assertEqual(self.quantity(listing), 5)
        self.order(9, source=self.there)
        self.assertEqual(self.quantity(listing), 0)

    def test_the_words_name_the_places(self):
        self.sell_from("first", self.stock, self.there)
        self.order(7)
        self.assertEqual(self.explain(), "in ELSEW/Stock: 9 on hand − 0 promised = 9 Units → 9 whole Units")
        self.sell_from("sum", self.stock, self.there, left_out_ids=[Command.set(self.shelf.ids)])
        self.assertTrue(
            self.explain().startswith("in SELLS/Stock, ELSEW/Stock without SELLS/Stock/Shelf: 16 on hand"),
            self.explain(),
        )
        self.sell_from("channel")
        self.assertTrue(self.explain().startswith("without SELLS/Stock/Shelf: 16 on hand"), self.explain())

    def test_a_channel_without_warehouses_sells_from_the_places_of_its_policy(self):
        self.channel.warehouse_ids = False
        self.assertIsNone(self.quantity())
        self.sell_from("sum", self.there)
        self.assert_sells(9)

    def test_time_may_change_a_place_that_was_tried_before(self):
        self.sell_from("first", self.shelf, self.there, basis="incoming", days=2)
        receipt = self._picking(self.warehouse.in_type_id, self.suppliers, self.shelf, (self.product, 3))
        receipt.move_ids.date = fields.Datetime.now() + timedelta(days=2, minutes=5)
        self.channel.sweep_minutes = 100000
        self.assert_sells(9)
        self.assertEqual(self.wanted().recheck_at, receipt.move_ids.date - timedelta(days=2))

    def test_a_policy_that_names_no_place_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "name the places to sell from"), self.env.cr.savepoint():
            self.sell_from("first")

    def test_another_companys_place_is_refused(self):
        company = self.env["res.company"].create({"name": "Other Canal"})
        theirs = self.env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1).lot_stock_id
        with self.assertRaisesRegex(UserError, "another company"), self.env.cr.savepoint():
            self.sell_from("first", theirs)
        with self.assertRaisesRegex(UserError, "another company"), self.env.cr.savepoint():
            self.policy.left_out_ids = theirs

    def test_an_operator_without_stock_rights_names_places(self):
        operator = new_test_user(self.env, "places_operator", "lockgate.lockgate_group_operator")
        with Form(self.policy.with_user(operator)) as form:
            form.places = "first"
            with form.source_ids.new() as line:
                line.location_id = self.there.with_user(operator)
        self.assert_sells(9)
