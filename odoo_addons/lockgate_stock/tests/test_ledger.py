from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestLedger(StockCase):
    """What was shown when and why, and what the sweep found that no mark had told."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # One transaction, one clock: the listing is as old as it would be in life.
        cls._age("lockgate_listing", "create_date", days=1)
        cls.forget_marks()

    @classmethod
    def _age(cls, table, column, **by):
        cls.env.flush_all()
        cls.env.cr.execute(f"UPDATE {table} SET {column} = {column} - %s", [timedelta(**by)])
        cls.env.invalidate_all()

    def turn(self):
        self.env.cr.flush()
        self.exchanges = getattr(self, "exchanges", 0) + 1
        self.env["lockgate.turn"]._take(
            {
                "channel": self.channel.code,
                "work_class": "bulk",
                "exchange_id": f"ledger-test-{self.exchanges}",
                "results": [],
                "ceiling": 10,
            }
        )
        self.env.invalidate_all()

    def rows(self, listing=None):
        return self.env["lockgate.stock.ledger"].search([("listing_id", "=", (listing or self.listing).id)])

    def receive_and_turn(self, quantity):
        self.receive(quantity)
        self.turn()

    def sweep(self):
        """The sweep comes by; what was marked until now is forgotten."""
        self.forget_marks()
        self._age("lockgate_publication", "recheck_at", days=1)
        self.turn()

    def test_a_changed_number_is_kept_with_its_words_and_its_reason(self):
        self.receive_and_turn(7)
        row = self.rows()[0]
        self.assertEqual(row.quantity_text, "7")
        self.assertEqual(row.explanation, "7 on hand − 0 promised = 7 Units → 7 whole Units")
        self.assertEqual(row.reason, "received")
        self.assertFalse(row.is_defect)

    def test_a_number_that_stays_leaves_no_row(self):
        self.receive_and_turn(7)
        count = len(self.rows())
        self.transfer(2, self.stock, self.shelf)
        self.turn()
        self.assertEqual(len(self.rows()), count)

    def test_why_was_it_nothing_yesterday_at_two(self):
        self.receive_and_turn(7)
        self._age("lockgate_stock_ledger", "at", days=2)
        policy = self.env["lockgate.exposure.policy"].create(
            {"name": "Web", "channel_id": self.channel.id, "buffer": 10}
        )
        self.turn()
        self._age("lockgate_stock_ledger", "at", days=1)
        policy.write({"buffer": 0, "name": "Other"})
        self.turn()
        moment = fields.Datetime.now() - timedelta(hours=20)
        row = self.rows().search([("listing_id", "=", self.listing.id), ("shown_at", "=", moment)])
        self.assertTrue(row.at <= moment < row.until)
        self.assertEqual(row.quantity_text, "0")
        self.assertEqual(
            row.explanation,
            "7 on hand − 0 promised = 7 Units → 7 whole Units, − 10 buffer = −3, shown as 0, because it is "
            "never below zero",
        )
        self.assertEqual(row.reason, "policy added")
        self.assertEqual([each.quantity_text for each in self.rows()], ["7", "0", "7"])
        self.assertFalse(self.rows()[0].until)

    def test_before_it_was_listed_nothing_was_shown(self):
        self.receive_and_turn(7)
        long_ago = fields.Datetime.now() - timedelta(days=9)
        ledger = self.env["lockgate.stock.ledger"]
        self.assertFalse(ledger.search([("shown_at", "=", long_ago), ("listing_id", "=", self.listing.id)]))
        self.assertEqual(
            ledger.search([("shown_at", "=", fields.Datetime.now()), ("listing_id", "=", self.listing.id)]),
            self.rows()[0],
        )

    def test_the_end_of_being_told_is_kept_too(self):
        self.receive_and_turn(7)
        self.channel.warehouse_ids = False
        self.turn()
        self.assertEqual(self.rows()[0].quantity_text, "Nothing is sent")
        self.assertIn("no warehouse", self.rows()[0].explanation)

    def test_what_passed_the_hooks_is_counted_as_a_defect(self):
        self.receive_and_turn(7)
        self.env.cr.execute(
            "UPDATE stock_quant SET quantity = 5 WHERE product_id = %s AND location_id = %s",
            [self.product.id, self.stock.id],
        )
        self.sweep()
        self.assertEqual(self.rows()[0].quantity_text, "5")
        self.assertTrue(self.rows()[0].is_defect)
        self.assertEqual(self.channel.defect_count, 1)
        self._age("lockgate_stock_ledger", "at", days=8)
        self.assertEqual(self.channel.defect_count, 0)

    def test_a_sweep_that_finds_nothing_counts_nothing(self):
        self.receive_and_turn(7)
        self.sweep()
        self.assertEqual(self.channel.defect_count, 0)

    def test_what_a_mark_told_of_is_no_defect_when_the_sweep_comes_with_it(self):
        self.receive_and_turn(7)
        self._age("lockgate_publication", "recheck_at", days=1)
        self.receive_and_turn(1)
        self.assertEqual(self.rows()[0].reason, "received")
        self.assertFalse(self.rows()[0].is_defect)

    def test_what_time_alone_changed_is_no_defect(self):
        policy = self.env["lockgate.exposure.policy"].create(
            {
                "name": "Until soon",
                "channel_id": self.channel.id,
                "ends_at": fields.Datetime.now() + timedelta(minutes=5),
            }
        )
        self.receive_and_turn(7)
        self.assertEqual(self.rows()[0].quantity_text, "7")
        self._age("lockgate_exposure_policy", "ends_at", minutes=6)
        self._age("lockgate_publication", "recheck_at", minutes=6)
        self.turn()
        self.assertEqual(self.rows()[0].quantity_text, "0")
        self.assertIn(policy.name, self.rows()[0].explanation)
        self.assertFalse(self.rows()[0].is_defect)

    def test_a_new_listings_second_computation_is_no_defect(self):
        listing = self._listing(self.unlisted)
        self.turn()
        self.receive(3, self.unlisted)
        self.sweep()
        row = self.rows(listing)[0]
        self.assertEqual((row.quantity_text, row.is_defect), ("3", False))

    def test_nobody_writes_the_ledger(self):
        self.receive_and_turn(7)
        row = self.rows()[0]
        operator = new_test_user(self.env, "ledger_operator", "lockgate.lockgate_group_operator")
        for rows in (row, row.with_user(operator)):
            with self.assertRaises(AccessError):
                rows.write({"reason": "nothing"})
            with self.assertRaises(AccessError):
                rows.unlink()
            with self.assertRaises(AccessError):
                rows.create({"listing_id": self.listing.id})
        self.assertEqual(row.with_user(operator).quantity_text, "7")

    def test_old_rows_go_and_the_newest_of_each_listing_stays(self):
        self.receive_and_turn(7)
        self._age("lockgate_stock_ledger", "at", days=400)
        self.receive_and_turn(1)
        self._age("lockgate_stock_ledger", "at", days=400)
        self.env["lockgate.stock.ledger"]._gc_ledger()
        self.assertEqual([row.quantity_text for row in self.rows()], ["8"])
