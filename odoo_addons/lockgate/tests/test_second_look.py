"""A request that lands later than its lease lasted is found: what was in doubt is looked at once more."""

from .common import LockgateCase, result

LEASE = 20  # seconds: 5 to send within, 10 the deadline, 5 the late bound
LAG = 2


class TestSecondLook(LockgateCase):
    def look(self, quantity):
        """Lease what is due, a read-back, and report that the channel shows this."""
        answer = self.turn()
        self.assertEqual([lease["purpose"] for lease in answer["leases"]], ["read"])
        return self.report(answer, "read", reading={"aspect": "stock", "quantity": quantity})

    def settle_in_doubt(self):
        """5 gets no answer; when its lease has ended, 7 takes its place, is verified and settled."""
        self.report(self.lease(5)[0], "unknown")
        self.pass_time(LEASE)
        self.want(7)
        self.report(self.report(self.turn(), "read", reading={"aspect": "stock", "quantity": 3}))
        self.pass_time(2)
        self.look(7)
        self.assertEqual(self.publication().state, "settled")

    def test_what_lands_late_is_found_and_repaired(self):
        self.settle_in_doubt()
        self.assertEqual(self.turn()["leases"], [])
        self.pass_time(2 * LEASE)
        (lease,) = self.look(5)["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"]), ("push", 7))

    def test_it_is_looked_at_once(self):
        self.settle_in_doubt()
        self.pass_time(2 * LEASE)
        self.assertEqual(self.look(7)["leases"], [])
        self.assertFalse(self.publication().look_at)
        self.pass_time(10 * LEASE)
        self.assertEqual(self.turn()["leases"], [])

    def test_the_pacer_hears_of_it_as_bulk_work(self):
        self.settle_in_doubt()
        turn = self.env["lockgate.turn"]
        self.assertEqual(turn._due()["channels"], [])
        self.assertLessEqual(turn._due()["next_in"], 2 * LEASE - 2)
        self.pass_time(2 * LEASE)
        due = {"channel": "quay", "critical": 0, "routine": 0, "bulk": 1}
        self.assertEqual(turn._due()["channels"], [due])

    def test_a_newer_value_meanwhile_does_not_end_the_doubt(self):
        self.settle_in_doubt()
        self.settle(9)
        self.assertEqual(self.turn()["leases"], [])
        self.pass_time(2 * LEASE)
        (lease,) = self.look(5)["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"]), ("push", 9))

    def test_a_lease_that_nobody_reported_on_is_in_doubt_too(self):
        self.lease(5)
        self.pass_time(LEASE + LAG)
        self.look(5)
        self.pass_time(2 * LEASE)
        self.assertEqual(self.look(5)["leases"], [])

    def test_an_answer_after_the_lease_has_ended_is_looked_at_at_once(self):
        """A worker woke from a pause, and sent what it held: nobody knows how long it slept."""
        asleep, lease = self.lease(5)
        self.pass_time(LEASE + LAG)
        self.look(5)
        self.settle(7)
        self.pass_time(20 * LEASE)
        self.look(7)
        self.turn(result(asleep, lease))
        self.pass_time(2)
        (lease,) = self.look(5)["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"]), ("push", 7))

    def hand_over(self):
        """The SKU goes to another listing, whose number is sent and verified while the old one is out."""
        other = self.listings[1]
        out, lease = self.lease(5)
        sku, self.listing.sku = self.listing.sku, "elsewhere"
        other.sku = sku
        self.want(8, other)
        answer = self.turn()
        self.assertEqual([each["value"]["sku"] for each in answer["leases"]], [sku])
        self.tell(answer)
        self.pass_time(2)
        self.tell(self.turn(), "read", reading={"aspect": "stock", "quantity": 8})
        self.assertEqual(self.publication(other).state, "settled")
        return other, out, lease

    def read_again(self, listing):
        leases = self.turn()["leases"]
        read = [lease["publication"] for lease in leases if lease["purpose"] == "read"]
        return read == self.publication(listing).ids

    def test_what_was_sent_to_a_sku_that_another_listing_has_by_now_is_looked_at_there(self):
        """Its answer came in time, and after that of the other: nobody knows which landed last."""
        other, out, lease = self.hand_over()
        self.turn(result(out, lease), ceiling=0)
        self.pass_time(1)
        self.assertTrue(self.read_again(other))

    def test_so_is_what_never_had_an_answer(self):
        other, _out, _lease = self.hand_over()
        self.pass_time(LEASE)
        self.turn(ceiling=0)
        self.listing.active = False
        self.want(None)
        self.turn(ceiling=0)
        self.pass_time(2 * LEASE)
        self.assertTrue(self.read_again(other))

    def test_what_is_answered_in_time_is_not_in_doubt(self):
        self.settle()
        self.pass_time(20 * LEASE)
        self.assertEqual(self.turn()["leases"], [])

    def test_a_read_back_without_an_answer_is_not_in_doubt(self):
        self.report(self.lease()[0])
        self.pass_time(2)
        self.report(self.turn(), "unknown")
        self.pass_time(LEASE + LAG)
        self.look(7)
        self.assertFalse(self.publication().look_at)

    def test_a_channel_that_cannot_be_read_is_sent_its_value_once_more(self):
        self.channel.connector_id.can_read_back = False
        self.report(self.lease(5)[0], "unknown")
        self.pass_time(LEASE)
        self.report(self.turn())
        self.pass_time(2 * LEASE)
        answer = self.turn()
        self.assertEqual([lease["purpose"] for lease in answer["leases"]], ["push"])
        self.report(answer)
        self.pass_time(20 * LEASE)
        self.assertEqual(self.turn()["leases"], [])

    def test_what_is_not_sold_any_more_is_not_looked_at(self):
        self.settle_in_doubt()
        self.want(None)
        self.pass_time(20 * LEASE)
        self.assertEqual(self.turn()["leases"], [])

    def test_a_frozen_channel_is_looked_at_when_it_is_resumed(self):
        self.settle_in_doubt()
        self.channel.action_freeze()
        self.pass_time(2 * LEASE)
        self.assertEqual(self.turn()["leases"], [])
        self.channel.action_resume()
        self.assertEqual([lease["purpose"] for lease in self.turn()["leases"]], ["read"])
