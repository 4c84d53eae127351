from ..turn import values
from .common import LockgateCase


class TestScopedMarks(LockgateCase):
    """What asks for a whole channel is one mark, which turns expand in slices behind all others."""

    LISTINGS = 5
    ROWS = 2

    def setUp(self):
        super().setUp()
        self.computed = []
        self.patch(type(self.env["lockgate.turn"]), "_wanted_makers", lambda turn: {"stock": self.make})
        self.numbers = {listing.id: number for number, listing in enumerate(self.listings.sorted("id"))}

    def make(self, channel, listings, now, reasons):
        self.computed.append({self.numbers[listing.id]: reasons[listing.id] for listing in listings})
        return self.maker(channel, listings, now, reasons)

    def mark_all(self, reason="policy changed"):
        self.env["lockgate.outbox"]._mark_channels(self.channel.ids, reason)
        self.env.cr.flush()

    def turns(self, number, **values):
        self.computed.clear()
        for _turn in range(number):
            self.turn(ceiling=0, **values)
        return self.computed

    def test_it_is_one_row_whatever_is_listed(self):
        self.mark_all()
        self.assertEqual(self.marks(), [(None, "stock", "policy changed")])

    def test_each_listing_is_computed_once_in_slices(self):
        self.mark_all()
        word = "policy changed"
        self.assertEqual(self.turns(4), [{0: word, 1: word}, {2: word, 3: word}, {4: word}])
        self.assertEqual(self.marks(), [])
        self.assertEqual(self.env["lockgate.turn"]._due()["channels"], [])

    def test_a_listing_that_is_marked_later_does_not_wait_for_it(self):
        self.mark_all()
        self.turn(ceiling=0)
        self.mark(self.listings.sorted("id")[4], "shipped")
        self.assertEqual(self.turns(1, work_class="critical"), [{4: "shipped"}])
        self.mark(self.listings.sorted("id")[4], "shipped")
        self.assertIn(4, self.turns(1)[0])

    def test_what_is_marked_goes_first_when_a_turn_is_full(self):
        self.mark_all()
        marked = self.listings.sorted("id")[2:]
        self.mark(marked, "shipped")
        self.env["lockgate.turn"]._take(
            {
                "channel": self.channel.code,
                "work_class": "routine",
                "exchange_id": "few-rows",
                "results": [],
                "ceiling": 0,
            },
            rows=2,
        )
        self.assertEqual(self.computed, [{2: "shipped", 3: "shipped"}])

    def test_its_own_mark_says_better_why(self):
        self.mark_all()
        self.mark(self.listings.sorted("id")[0], "retry")
        self.assertEqual(self.turns(2), [{0: "retry"}, {1: "policy changed", 2: "policy changed"}])

    def test_it_is_routine_work_and_never_takes_a_turn_for_critical_work(self):
        self.mark_all()
        (due,) = self.env["lockgate.turn"]._due()["channels"]
        self.assertEqual((due["critical"], due["routine"]), (0, 1))
        self.assertEqual(self.turns(1, work_class="critical"), [])

    def test_one_that_comes_meanwhile_computes_all_again_and_none_thrice(self):
        self.mark_all("policy added")
        self.turn(ceiling=0)
        self.mark_all("policy changed")
        self.mark_all("warehouses changed")
        computed = self.turns(7)
        first, later = "policy added", "warehouses changed"
        self.assertEqual(computed[:2], [{2: first, 3: first}, {4: first}])
        self.assertEqual(computed[2:], [{0: later, 1: later}, {2: later, 3: later}, {4: later}])

    def test_of_several_the_latest_says_why_and_that_the_channel_was_put_back_above_it(self):
        self.mark_all("policy changed")
        self.mark_all("unit changed")
        self.assertEqual(set(self.turns(1)[0].values()), {"unit changed"})
        self.turns(3)
        self.mark_all("put back")
        self.mark_all("unit changed")
        self.assertEqual(set(self.turns(1)[0].values()), {"put back"})

    def test_a_listing_that_waits_for_it_says_so(self):
        self.mark_all()
        self.turn(ceiling=0)
        self.env.invalidate_all()
        waiting = [bool(listing.waiting) for listing in self.listings.sorted("id")]
        self.assertEqual(waiting, [False, False, True, True, True])

    def test_a_channel_without_listings_is_done_at_once(self):
        self.listings.unlink()
        self.env.cr.execute("DELETE FROM lockgate_outbox")
        self.mark_all()
        self.turn(ceiling=0)
        self.assertEqual(self.marks(), [])

    def test_a_recheck_among_marks_that_wait_unread_is_told_from_one_without_any(self):
        """The mark that explains what it finds may be among those."""
        self.mark(self.listings)
        self.turns(3)
        self.env.cr.execute("UPDATE lockgate_publication SET recheck_at = '2020-01-01'")
        self.assertEqual([set(reasons.values()) for reasons in self.turns(3)], [{"recheck"}] * 3)
        first = self.listings.sorted("id")[0]
        self.env.cr.execute(
            "UPDATE lockgate_publication SET recheck_at = '2020-01-01' WHERE listing_id = %s", [first.id]
        )
        self.env["lockgate.turn"].flush_model()
        self.env.cr.execute(
            """
            INSERT INTO lockgate_outbox (channel_id, listing_id, aspect, reason, marked_at)
            SELECT %s, %s, 'stock', 'shipped', now() FROM generate_series(1, %s)
            """,
            [self.channel.id, self.listings.sorted("id")[1].id, self.ROWS * values.AHEAD],
        )
        self.computed.clear()
        self.turn(ceiling=0)
        self.assertEqual(self.computed, [{0: "recheck among marks", 1: "shipped"}])
