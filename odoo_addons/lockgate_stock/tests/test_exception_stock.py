from odoo.addons.lockgate.models import exception_bulk
from odoo.addons.lockgate.tests.common import LaterTurns
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import StockCase


class TestExceptionStock(LaterTurns, StockCase):
    """Stock that somebody changed at the channel: a count can be drafted of it, and a person applies it."""

    def setUp(self):
        super().setUp()
        self.connector.can_read_back = True
        self.channel.lag = 0
        self.counter = new_test_user(
            self.env, "counter", "stock.group_stock_user,lockgate.lockgate_group_exception_owner"
        )
        self.receive(10)
        self.order(3)
        self.channel.action_start()
        self.env.cr.flush()

    def drift(self, shown):
        """The channel shows this number; returns the exception, as who counts sees it."""
        exception = super().drift({"aspect": "stock", "quantity": shown})
        self.assertEqual((exception.category, exception.failing_aspects), ("drift", "stock"))
        return exception.with_user(self.counter)

    def quants(self):
        return self.env["stock.quant"].search(
            [("product_id", "=", self.product.id), ("location_id.usage", "=", "internal")]
        )

    def test_a_count_is_drafted_by_what_the_channel_shows_more_and_nothing_moves(self):
        """10 lie there and 3 are promised, so it was told 7; it shows 9."""
        exception = self.drift(9)
        action = exception.action_use_channel_stock()
        quant = self.env["stock.quant"].search(action["domain"])
        self.assertRecordValues(
            quant,
            [
                {
                    "product_id": self.product.id,
                    "location_id": self.stock.id,
                    "quantity": 10,
                    "inventory_quantity": 12,
                    "inventory_quantity_set": True,
                    "user_id": self.counter.id,
                }
            ],
        )
        self.assertEqual(self.quantity(), 7)
        quant.action_apply_inventory()
        self.assertEqual(self.quantity(), 9)

    def test_of_a_dozen_the_count_is_in_the_products_unit(self):
        self.receive(40)
        self.listing.uom_id = self.dozen
        self.drift(5).action_use_channel_stock()
        self.assertEqual((self.quantity(), self.quants().inventory_quantity), (3, 74))

    def assert_refused(self, words, shown=9):
        exception = self.drift(shown)
        with self.assertRaisesRegex(UserError, words):
            exception.action_use_channel_stock()
        self.assertFalse(any(self.quants().mapped("inventory_quantity_set")))

    def test_a_number_of_several_warehouses_is_not_counted(self):
        self.channel.warehouse_ids = self.warehouse + self.elsewhere
        self.assert_refused("several places")

    def test_goods_that_lie_in_several_places_are_not_counted(self):
        self.receive(2, destination=self.shelf)
        self.assert_refused("several places or packages", shown=11)

    def test_a_share_or_a_buffer_is_not_counted(self):
        self.env["lockgate.exposure.policy"].create(
            {"name": "Half", "channel_id": self.channel.id, "share": 50}
        )
        self.assert_refused("exposure policy")

    def test_what_is_kept_by_lots_is_not_counted(self):
        self.product.tracking = "lot"
        self.assert_refused("lots")

    def test_a_count_that_waits_already_is_left_alone(self):
        exception = self.drift(9)
        exception.action_use_channel_stock()
        with self.assertRaisesRegex(UserError, "waits to be applied"):
            exception.action_use_channel_stock()

    def test_only_who_counts_stock_drafts_a_count(self):
        exception = self.drift(9)
        owner = new_test_user(self.env, "no_counter", "lockgate.lockgate_group_exception_owner")
        for user in (owner, new_test_user(self.env, "store", "stock.group_stock_user")):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                exception.with_user(user).action_use_channel_stock()
        self.assertFalse(any(self.quants().mapped("inventory_quantity_set")))

    def test_of_several_listings_those_that_can_be_are_counted_and_the_others_named(self):
        boats = self._product("Lot boat", tracking="lot")
        lots = self._listing(boats)
        self.env.cr.flush()
        exception = self.drift(9)
        action = exception.action_use_channel_stock()
        self.assertEqual(len(self.env["stock.quant"].search(action["domain"])), 1)
        self.assertIn(lots.sku, exception.message_ids[0].body)

    def many(self):
        """Three listings drifted, one of them kept by lots; 2 are many. Returns what the button shows."""
        self.patch(exception_bulk, "AT_ONCE", 2)
        self._listing(self._product("Row boat"))
        self.lots = self._listing(self._product("Lot boat", tracking="lot"))
        self.env.cr.flush()
        self.exception = self.drift(9)
        return self.exception.action_use_channel_stock()

    def run_behind(self, action):
        bulk = self.env["lockgate.exception.bulk"].with_user(self.counter).browse(action["res_id"])
        self.assertRecordValues(bulk, [{"kind": "channel_stock", "total": 3, "done": 0}])
        self.assertFalse(self.counts())
        self.run_cron("_cron_run", "lockgate.exception.bulk")
        return bulk.sudo()

    def counts(self):
        return self.env["stock.quant"].search([("inventory_quantity_set", "=", True)])

    def test_of_very_many_the_counts_are_drafted_behind_as_who_pressed(self):
        bulk = self.run_behind(self.many())
        self.assertRecordValues(bulk, [{"done": 2, "failed": 1, "progress": 100, "state": "done"}])
        self.assertIn(self.lots.sku, bulk.message)
        counts = self.counts()
        self.assertEqual(sorted(counts.mapped("inventory_quantity")), [9, 12])
        self.assertEqual(counts.user_id, self.counter)
        self.assertIn("Counts of 3 listings are being drafted", self.exception.message_ids[0].body)
        self.assertEqual(self.quantity(), 7)

    def test_behind_one_of_which_no_number_is_known_any_more_is_left_and_named(self):
        action = self.many()
        self.env.cr.execute("UPDATE lockgate_attempt SET reading = NULL")
        bulk = self.run_behind(action)
        self.assertRecordValues(bulk, [{"done": 0, "failed": 3, "state": "done"}])
        self.assertIn("showed no number", bulk.message)

    def test_behind_one_that_fails_for_another_reason_by_then_is_not_counted(self):
        action = self.many()
        self.env.cr.execute("UPDATE lockgate_exception_failure SET category = 'stock_refused'")
        self.assertRecordValues(self.run_behind(action), [{"done": 3, "failed": 0, "state": "done"}])
        self.assertFalse(self.counts())

    def test_who_may_count_no_more_when_it_is_done_drafts_none(self):
        action = self.many()
        self.counter.group_ids = self.env.ref("lockgate.lockgate_group_exception_owner")
        bulk = self.run_behind(action)
        self.assertRecordValues(bulk, [{"done": 0, "failed": 3, "state": "done"}])
        self.assertIn("Inventory users", bulk.message)
        self.assertFalse(self.counts())

    def test_a_reader_who_counts_stock_sees_how_far_it_is(self):
        reader = new_test_user(
            self.env, "reading_counter", "stock.group_stock_user,lockgate.lockgate_group_user"
        )
        self.many()
        action = self.exception.with_user(reader).action_use_channel_stock()
        bulk = self.env["lockgate.exception.bulk"].with_user(reader).browse(action["res_id"])
        self.assertEqual((bulk.progress, bulk.state), (0, "running"))
