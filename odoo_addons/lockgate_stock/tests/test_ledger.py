from datetime import timedelta

from odoo import fields
from odoo.addons.lockgate.tests.common import request, result
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

    def test_another_reason_for_the_same_number_is_kept(self):
        """Sold out at ten, 100 received at twelve while nothing is shown: at two it is not sold out."""
        self.receive_and_turn(7)
        self.channel.write({"reduced_to": 0})
        self.channel.action_start()
        self.channel.action_reduce()
        self.turn()
        self._done(self.order(7))
        self.turn()
        self.assertIn("0 on hand", self.rows()[0].explanation)
        self.receive_and_turn(100)
        row = self.rows()[0]
        self.assertEqual((row.quantity_text, row.reason, row.is_defect), ("0", "received", False))
        self.assertIn("100 on hand − 0 promised", row.explanation)
        self.assertIn("while the channel is reduced", row.explanation)
        count = len(self.rows())
        self.receive_and_turn(20)
        self.assertEqual(len(self.rows()), count)

    def test_what_is_never_in_stock_leaves_one_row(self):
        self.env["lockgate.exposure.policy"].create(
            {"name": "Never", "channel_id": self.channel.id, "shows": "never"}
        )
        self.turn()
        count = len(self.rows())
        for quantity in (7, 0, 3):
            self.count(quantity)
            self.turn()
        self.assertEqual(len(self.rows()), count)

    def test_what_is_told_nothing_leaves_no_row(self):
        service = self._listing(self._product("Piloting", type="service", is_storable=False))
        self.turn()
        self.env["lockgate.outbox"]._mark_listings("stock", service.ids, "again")
        self.turn()
        self.assertFalse(self.rows(service))

    def test_it_tells_what_the_channel_had_taken(self):
        self.channel.action_start()
        self.receive(7)
        self.send()
        self._age("lockgate_stock_ledger", "at", hours=2)
        self._age("lockgate_attempt", "leased_at", hours=2)
        self.env.cr.execute("UPDATE lockgate_attempt SET reported_at = '2026-05-04 10:00:00'")
        self.channel.action_freeze()
        self._done(self.order(7))
        self.turn()
        frozen, taken = self.rows()[:2]
        self.assertEqual((taken.quantity_text, frozen.quantity_text), ("7", "0"))
        self.assertRegex(taken.channel_text, r"^nothing until 05/04/2026 .*, then 7$")
        self.assertEqual(frozen.channel_text, "7: 0 was not taken")
        self.channel.action_resume()
        self.send()
        self.assertRegex(self.rows()[0].channel_text, "^7 until .*, then 0$")

    def test_it_tells_so_when_the_attempts_are_gone(self):
        self.channel.action_start()
        self.receive(7)
        self.send()
        self._done(self.order(7))
        self.send()
        self.env.cr.execute("DELETE FROM lockgate_attempt")
        now, before = self.rows()[:2]
        self.assertEqual((before.channel_text, now.channel_text), ("nothing, then 7", "7, then 0"))

    def test_a_number_that_the_channel_had_already_is_said_so(self):
        self.channel.action_start()
        self.receive(7)
        self.send()
        self.env["lockgate.exposure.policy"].create(
            {"name": "Most", "channel_id": self.channel.id, "most": 7}
        )
        self.receive_and_turn(3)
        self.assertEqual(self.rows()[0].quantity_text, "7")
        self.assertEqual(self.rows()[0].channel_text, "7")

    def send(self):
        """A turn leases what is wanted, and the channel takes it."""
        self.env.cr.flush()
        take = self.env["lockgate.turn"]._take
        answer = take(request(self.channel))
        take(request(self.channel, [result(answer, lease) for lease in answer["leases"]], ceiling=0))
        self.env.invalidate_all()

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
