from ..turn import values
from .common import LockgateCase


class TestBurst(LockgateCase):
    """Marks of a burst: those of a listing go together, and a turn stays bounded."""

    def consume(self, rows):
        marks, _scopes, _left = values.consume_marks(self.env.cr, self.channel.id, rows)
        return marks

    def test_a_turn_takes_all_marks_of_a_listing_as_one(self):
        for _round in range(3):
            self.mark(self.listings)
        self.assertEqual([mark.listing_id for mark in self.consume(1)], self.listings[0].ids)
        self.assertEqual([mark[0] for mark in self.marks()], self.listings[1:].ids * 3)

    def test_a_turn_takes_no_more_listings_than_it_may(self):
        for _round in range(3):
            self.mark(self.listings)
        self.assertEqual(len(self.consume(2)), 2)

    def test_a_turn_looks_no_further_ahead_than_it_may(self):
        for _round in range(2 * values.AHEAD):
            self.mark(self.listing)
        self.assertEqual(len(self.consume(1)), 1)
        self.assertEqual(len(self.marks()), values.AHEAD)

    def test_the_latest_reason_stands_and_a_persons_retry_above_it(self):
        for reason in ("shipped", "retry", "adjusted"):
            self.mark(self.listings[0], reason)
        for reason in ("shipped", "adjusted"):
            self.mark(self.listings[1], reason)
        reasons = {mark.listing_id: mark.reason for mark in self.consume(10)}
        self.assertEqual(reasons, {self.listings[0].id: "retry", self.listings[1].id: "adjusted"})

    def test_what_asks_for_a_second_computation_stands_above_all_but_a_persons_retry(self):
        for reason in ("shipped", "put back", "adjusted"):
            self.mark(self.listings[0], reason)
        for reason in ("retry", "mapping changed", "adjusted"):
            self.mark(self.listings[1], reason)
        reasons = {mark.listing_id: mark.reason for mark in self.consume(10)}
        self.assertEqual(reasons, {self.listings[0].id: "put back", self.listings[1].id: "retry"})

    def test_a_channel_without_marks_has_nothing_to_consume(self):
        self.assertEqual(self.consume(10), [])
