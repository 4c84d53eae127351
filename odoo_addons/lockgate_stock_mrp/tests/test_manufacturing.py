from odoo.tests import Form, tagged

from .common import KitCase


@tagged("post_install", "-at_install")
class TestManufacturing(KitCase):
    """What is manufactured comes, what it is made of goes; each is marked with its reason and published."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.raft = cls._product("Raft")
        cls.rafts = cls._listing(cls.raft)
        cls.raft_bom = cls._bom(cls.raft, (cls.paddle, 3), type="normal")
        cls.paddles = cls._listing(cls.paddle)
        cls.receive(9)
        cls.receive(20, cls.paddle)
        cls.forget_marks()
        cls.channel._mark_stock("listed")
        cls.order_of_rafts = cls._order_of_rafts()

    @classmethod
    def _order_of_rafts(cls):
        return cls.env["mrp.production"].create(
            {
                "product_id": cls.raft.id,
                "product_qty": 4,
                "bom_id": cls.raft_bom.id,
                "picking_type_id": cls.warehouse.manu_type_id.id,
            }
        )

    def setUp(self):
        super().setUp()
        self.turn()

    def published_now(self, **reasons):
        """What was marked, {listing's name: reason}, is what is expected; and what a turn then publishes."""
        self.env.cr.flush()
        self.env.cr.execute(
            "SELECT listing_id, reason FROM lockgate_outbox WHERE aspect = 'stock' AND channel_id = %s",
            [self.channel.id],
        )
        named = {"rafts": self.rafts, "paddles": self.paddles, "kits": self.kit_listing}
        marks = dict(self.env.cr.fetchall())
        self.assertEqual(marks, {named[name].id: reason for name, reason in reasons.items()})
        self.turn()
        return {name: self.published(listing) for name, listing in named.items()}

    def produce(self, quantity):
        form = Form(self.order_of_rafts)
        form.qty_producing = quantity
        form.save()
        self.order_of_rafts.move_raw_ids.picked = True

    def test_what_is_planned_is_expected_and_its_parts_are_promised(self):
        self.order_of_rafts.action_confirm()
        self.assertEqual(
            self.published_now(rafts="expected", paddles="reserved", kits="reserved"),
            {"rafts": 0, "paddles": 8, "kits": 4},
        )
        self.order_of_rafts.do_unreserve()
        self.assertEqual(
            self.published_now(rafts="expected", paddles="allocated", kits="allocated"),
            {"rafts": 0, "paddles": 8, "kits": 4},
        )

    def test_what_is_done_is_produced_and_its_parts_are_consumed(self):
        self.order_of_rafts.action_confirm()
        self.turn()
        self.produce(4)
        self.order_of_rafts.button_mark_done()
        self.assertEqual(
            self.published_now(rafts="produced", paddles="consumed", kits="consumed"),
            {"rafts": 4, "paddles": 8, "kits": 4},
        )

    def test_what_is_cancelled_gives_its_parts_back(self):
        self.order_of_rafts.action_confirm()
        self.turn()
        self.order_of_rafts.action_cancel()
        self.assertEqual(
            self.published_now(rafts="cancelled", paddles="cancelled", kits="cancelled"),
            {"rafts": 0, "paddles": 20, "kits": 9},
        )

    def test_what_is_made_in_three_steps_is_to_come_at_each_and_its_parts_are_promised_at_each(self):
        self.warehouse.manufacture_steps = "pbm_sam"
        self.env["lockgate.exposure.policy"].create({"name": "Forecast", "basis": "forecast"})
        self.order_of_rafts = self._order_of_rafts()
        self.order_of_rafts.action_confirm()
        self.assertEqual(self.order_of_rafts.location_dest_id, self.warehouse.sam_loc_id)
        expected = {self.rafts: 4, self.paddles: 8}

        def assert_sold():
            self.turn()
            self.assertEqual({listing: self.published(listing) for listing in expected}, expected)
            self.assertEqual({listing: self.oracle(listing) for listing in expected}, expected)

        assert_sold()
        self._done(self.order_of_rafts.picking_ids)
        assert_sold()
        self.produce(4)
        self.order_of_rafts.button_mark_done()
        assert_sold()
        store = self.order_of_rafts.move_finished_ids.move_dest_ids.picking_id
        self.assertEqual(store.location_dest_id, self.stock)
        self._done(store)
        assert_sold()

    def test_what_is_taken_apart_is_consumed_and_its_parts_are_produced(self):
        self.order_of_rafts.action_confirm()
        self.produce(4)
        self.order_of_rafts.button_mark_done()
        self.turn()
        apart = self.env["mrp.unbuild"].create(
            {
                "mo_id": self.order_of_rafts.id,
                "product_id": self.raft.id,
                "bom_id": self.raft_bom.id,
                "product_qty": 1,
                "location_id": self.stock.id,
                "location_dest_id": self.stock.id,
            }
        )
        apart.action_unbuild()
        self.assertEqual(
            self.published_now(rafts="consumed", paddles="produced", kits="produced"),
            {"rafts": 3, "paddles": 11, "kits": 5},
        )
