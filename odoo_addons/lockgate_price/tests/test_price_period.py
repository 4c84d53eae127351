from datetime import datetime, timedelta

from odoo import fields
from odoo.addons.lockgate.tests.common import request
from odoo.addons.lockgate.turn import leases
from odoo.exceptions import ValidationError

from .common import PriceCase

BERLIN, NEW_YORK, KOLKATA = "Europe/Berlin", "America/New_York", "Asia/Kolkata"


class TestLocalTime(PriceCase):
    """From and to as the clocks of a place show them, over the days on which they are changed."""

    def test_local_times_are_kept_in_utc_and_shown_with_the_zones_short_name(self):
        cases = {
            (BERLIN, "2026-01-05 08:00"): (datetime(2026, 1, 5, 7), "2026-01-05 08:00:00 CET"),
            (BERLIN, "2026-07-05 08:00"): (datetime(2026, 7, 5, 6), "2026-07-05 08:00:00 CEST"),
            (NEW_YORK, "2026-11-27"): (datetime(2026, 11, 27, 5), "2026-11-27 00:00:00 EST"),
            (KOLKATA, "2026-07-05 08:00:30"): (datetime(2026, 7, 5, 2, 30, 30), "2026-07-05 08:00:30 IST"),
            ("UTC", "2026-07-05 08:00"): (datetime(2026, 7, 5, 8), "2026-07-05 08:00:00 UTC"),
        }
        for (zone, text), (moment, shown) in cases.items():
            with self.subTest(zone=zone, text=text):
                change = self.draft(time_zone=zone, local_from=text)
                self.assertEqual((change.effective_from, change.local_from), (moment, shown))

    def test_a_time_that_clocks_skip_is_refused_in_words(self):
        with self.assertRaisesRegex(ValidationError, "does not happen in Europe/Berlin.*set forward"):
            self.draft(time_zone=BERLIN, local_from="2026-03-29 02:30")

    def test_a_time_that_clocks_show_twice_needs_its_short_name(self):
        with self.assertRaisesRegex(ValidationError, "happens twice.*CEST, CET"):
            self.draft(time_zone=BERLIN, local_from="2026-10-25 02:30")
        for name, hour in (("CEST", 0), ("CET", 1)):
            change = self.draft(time_zone=BERLIN, local_from=f"2026-10-25 02:30 {name}")
            self.assertEqual(change.effective_from, datetime(2026, 10, 25, hour, 30))

    def test_a_short_name_of_another_season_or_place_is_refused(self):
        for text in ("2026-01-05 08:00 CEST", "2026-01-05 08:00 EST"):
            with self.assertRaisesRegex(ValidationError, "does not happen"):
                self.draft(time_zone=BERLIN, local_from=text)

    def test_what_is_no_time_is_refused_with_an_example(self):
        for text in ("soon", "29.03.2026", "2026-02-30 08:00", "2026-03-29 25:00"):
            with self.subTest(text), self.assertRaisesRegex(ValidationError, "is not a time"):
                self.draft(local_from=text)

    def test_every_moment_comes_back_from_what_is_shown(self):
        start = datetime(2026, 1, 1, 0, 30)
        for zone in (
            BERLIN,
            NEW_YORK,
            KOLKATA,
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "Africa/Casablanca",
        ):
            change = self.draft(time_zone=zone)
            for hours in range(0, 365 * 24, 7):
                moment = start + timedelta(hours=hours)
                self.assertEqual(change._moment(change._local(moment)), moment, f"{moment} in {zone}")

    def test_another_zone_shows_the_same_moment(self):
        change = self.draft(time_zone=BERLIN, local_from="2026-01-05 08:00")
        change.time_zone = NEW_YORK
        self.assertEqual(change.local_from, "2026-01-05 02:00:00 EST")
        self.assertEqual(change.effective_from, datetime(2026, 1, 5, 7))

    def test_an_emptied_end_is_open(self):
        change = self.draft(time_zone=BERLIN, local_from="2026-01-05 08:00", local_to="2026-01-06")
        change.local_to = False
        self.assertFalse(change.effective_to)

    def test_an_import_takes_local_times(self):
        changes = self.env["lockgate.price.change"].with_user(self.analyst)
        result = changes.load(["time_zone", "local_from"], [[BERLIN, "2026-01-05 08:00"]])
        self.assertEqual(changes.browse(result["ids"]).effective_from, datetime(2026, 1, 5, 7))

    def test_a_day_is_as_long_as_its_clocks_say(self):
        change = self.draft(time_zone=BERLIN, local_from="2026-03-29", local_to="2026-03-30")
        self.assertEqual(change.effective_to - change.effective_from, timedelta(hours=23))


class TestDue(PriceCase):
    """Seals that begin or end are found by their moment: no cron, no poll of every listing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["lockgate.channel"].search([]).write({"active": False})
        cls.channel.active = True

    def setUp(self):
        super().setUp()
        self.env.cr.execute("DELETE FROM lockgate_outbox")
        self.baseline()
        self.channel.action_start()
        self.execute("UPDATE lockgate_connector SET can_read_back = false")
        self.now = fields.Datetime.now()
        self.start = self.now + timedelta(hours=2)

    def turn(self, at):
        """One turn at that moment; returns the amounts leased by SKU."""
        turns = self.env["lockgate.turn"]
        self.env.flush_all()
        self.env.cr.precommit.run()
        lock = type(turns)._lock

        def lock_at(turn, code):
            return (at, lock(turn, code)[1])

        self.patch(type(turns), "_lock", lock_at)
        leased = turns._take(request(self.channel))
        self.patch(type(turns), "_lock", lock)
        self.env.cr.execute("UPDATE lockgate_publication SET state = 'settled', lease_token = NULL")
        return {
            lease["value"]["sku"]: lease["value"]["amount"]
            for lease in leased["leases"]
            if lease["value"]["aspect"] == "price"
        }

    def next_in(self, at):
        return leases.next_in(self.env.cr, at)

    def due(self, at):
        return bool(leases.due(self.env.cr, at, self.channel.code))

    def settle(self):
        """Past the second look that every new listing gets."""
        self.turn(self.now)
        return self.turn(self.now + timedelta(minutes=5))

    def test_the_pacer_is_told_the_second_in_which_a_price_begins_and_is_given_it_then(self):
        self.approved(effective_from=self.start)
        self.settle()
        before = self.start - timedelta(seconds=3)
        self.assertEqual(self.turn(before), {})
        self.assertEqual((self.next_in(before), self.due(before)), (3.0, False))
        self.assertTrue(self.due(self.start))
        self.assertEqual(self.turn(self.start), {"test-1": "12.50"})

    def test_it_is_told_the_second_in_which_a_price_ends(self):
        end = self.start + timedelta(hours=1)
        self.approved(effective_from=self.start, effective_to=end)
        self.settle()
        self.turn(self.start)
        self.assertEqual(self.next_in(end - timedelta(seconds=2)), 2.0)
        self.assertEqual(self.turn(end), {"test-1": "10.00"})

    def test_started_late_it_catches_up_with_the_newest_and_sends_nothing_that_is_over(self):
        for hours, price in ((1, 11), (2, 12), (3, 13)):
            self.approved({self.product: price}, effective_from=self.now + timedelta(hours=hours))
        self.approved(
            {self.second: 21},
            effective_from=self.now + timedelta(hours=1),
            effective_to=self.now + timedelta(hours=2),
        )
        self.settle()
        late = self.now + timedelta(hours=2, minutes=30)
        self.assertEqual(self.turn(late), {"test-1": "12.00"})
        self.assertEqual(self.turn(self.now + timedelta(hours=3)), {"test-1": "13.00"})

    def test_a_channel_with_a_lead_gets_prices_ahead_by_it_and_a_revocation_takes_them_back(self):
        self.channel.price_lead = 600
        change = self.approved(effective_from=self.start)
        self.settle()
        ahead = self.start - timedelta(minutes=10)
        self.assertEqual(self.next_in(ahead - timedelta(seconds=4)), 4.0)
        self.assertEqual(self.turn(ahead), {"test-1": "12.50"})
        change.with_user(self.approver).action_cancel()
        self.assertEqual(self.turn(ahead + timedelta(minutes=1)), {"test-1": "10.00"})

    def test_another_lead_is_minded_at_once(self):
        self.approved(effective_from=self.start)
        self.settle()
        self.channel.price_lead = 3600 * 3
        self.assertEqual(self.turn(self.now + timedelta(minutes=6)), {"test-1": "12.50"})


class TestPending(PriceCase):
    def test_a_product_shows_what_is_pending(self):
        template = self.product.product_tmpl_id
        self.assertEqual(
            (self.product.lockgate_pending_change_count, template.lockgate_pending_change_count), (0, 0)
        )
        coming = self.approved(effective_from=fields.Datetime.now() + timedelta(days=1))
        above = [fields.Command.set(coming.ids)]
        self.approved(above_ids=above)
        draft, requested = self.draft(), self.requested(above_ids=above)
        self.env.invalidate_all()
        self.assertEqual(
            (self.product.lockgate_pending_change_count, template.lockgate_pending_change_count), (3, 3)
        )
        for record in (self.product, template):
            domain = record.with_user(self.analyst).action_open_lockgate_pending_changes()["domain"]
            self.assertEqual(draft.search(domain), requested + draft + coming)
        self.assertFalse(self.third.lockgate_pending_change_count)

    def test_a_product_counts_the_changes_that_name_its_whole_book_too(self):
        line = {"applies_to": "book", "base": "in_force", "percent": -5}
        self.baseline()
        baseline = self.env["lockgate.price.change"].search([("book_ids", "in", self.book.ids)])
        change = self.draft({}, line_ids=[fields.Command.create(line)])
        self.env.invalidate_all()
        for record in (self.product, self.product.product_tmpl_id):
            with self.subTest(model=record._name):
                self.assertEqual(record.lockgate_price_change_count, 2)
                domain = record.with_user(self.analyst).action_open_lockgate_price_changes()["domain"]
                self.assertEqual(change.search(domain), change + baseline)
