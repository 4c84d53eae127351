from datetime import timedelta

from .common import LockgateCase


class TestWaiting(LockgateCase):
    """A value that replaces one which still waits takes over its place in time."""

    def setUp(self):
        super().setUp()
        self.channel.routine_window = 60

    def test_changes_that_keep_coming_do_not_put_off_the_push(self):
        self.want(1)
        self.assertEqual(self.turn()["leases"], [])
        self.pass_time(40)
        self.want(2)
        self.assertEqual(self.turn()["leases"], [])
        self.pass_time(21)
        (lease,) = self.turn()["leases"]
        self.assertEqual(lease["value"]["quantity"], 2)

    def test_a_routine_change_does_not_slow_a_critical_one_that_waits(self):
        self.want(0, work_class="critical")
        self.turn(ceiling=0)
        self.want(1)
        (lease,) = self.turn(work_class="critical")["leases"]
        self.assertEqual(lease["value"]["quantity"], 1)

    def test_a_critical_change_does_not_wait_for_the_window_of_a_routine_one(self):
        self.want(1)
        self.turn()
        self.want(0, work_class="critical")
        (lease,) = self.turn(work_class="critical")["leases"]
        self.assertEqual(lease["value"]["quantity"], 0)

    def test_a_value_that_changed_while_it_was_sent_waits_the_window_too(self):
        self.want(1)
        self.turn()
        self.pass_time(61)
        answer = self.turn()
        self.want(2)
        self.turn()
        self.assertEqual(self.report(answer)["leases"], [])
        self.pass_time(61)
        (lease,) = self.turn()["leases"]
        self.assertEqual(lease["value"]["quantity"], 2)

    def test_one_that_became_critical_while_it_was_sent_does_not_wait(self):
        self.want(1)
        self.turn()
        self.pass_time(61)
        answer = self.turn()
        self.want(0, work_class="critical")
        (lease,) = self.report(answer)["leases"]
        self.assertEqual(lease["value"]["quantity"], 0)

    def test_a_newer_value_keeps_the_wait_that_the_channel_asked_for(self):
        self.channel.routine_window = 0
        answer, _lease = self.lease(1)
        self.report(answer, "retry", retry_after=30.0)
        self.want(2, work_class="critical")
        self.assertEqual(self.turn()["leases"], [])
        self.pass_time(31)
        (lease,) = self.turn()["leases"]
        self.assertEqual(lease["value"]["quantity"], 2)

    def test_a_retry_by_hand_does_not_wait(self):
        self.channel.routine_window = 0
        answer, _lease = self.lease(1)
        self.report(answer, "retry", retry_after=3000.0)
        self.mark(self.listing, "retry")
        self.assertEqual(len(self.turn()["leases"]), 1)

    def test_a_retry_by_hand_is_not_lost_on_a_recheck_that_is_due_at_once(self):
        self.channel.routine_window = 0
        answer, _lease = self.lease(1)
        self.report(answer, "retry", retry_after=3000.0)
        self.env.cr.execute(
            "UPDATE lockgate_publication SET recheck_at = now() AT TIME ZONE 'UTC' - interval '1 s'"
            " WHERE listing_id = %s",
            [self.listing.id],
        )
        self.mark(self.listing, "retry")
        self.assertEqual(len(self.turn()["leases"]), 1)

    def test_a_value_that_no_worker_comes_back_with_becomes_a_persons_matter(self):
        self.channel.routine_window = 0
        self.lease(7)
        for _try in range(self.channel.most_tries):
            self.assertEqual(self.publication().state, "leased")
            self.end_leases()
            self.turn()
        self.assertEqual(self.publication().state, "blocked")
        exception = self.catch_up()
        self.assertEqual((exception.category, exception.count), ("internal", 1))
        self.assertIn("worker", exception.message)

    def test_an_archived_channel_leases_nothing(self):
        self.channel.routine_window = 0
        self.channel.active = False
        self.want(7)
        answer = self.turn()
        self.assertEqual((answer["state"], answer["leases"]), ("frozen", []))

    def test_a_listing_that_its_maker_forgot_is_not_asked_for_again_and_again(self):
        self.maker.rechecks[self.listing.id] = self.env.cr.now() + timedelta(seconds=30)
        self.want(7)
        self.turn()
        self.patch(type(self.env["lockgate.turn"]), "_wanted_makers", self.nothing_made)
        self.pass_time(300)
        self.turn()
        self.assertFalse(self.publication().recheck_at)

    @staticmethod
    def nothing_made(_turn):
        return {"stock": lambda channel, listings, now, reasons: []}
