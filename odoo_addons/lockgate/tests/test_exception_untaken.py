from odoo.exceptions import UserError

from .common import LockgateCase, result


class TestUntaken(LockgateCase):
    """What is due, and no worker takes, becomes an exception of its channel, though nobody can tell of it."""

    def minute(self, seconds=0):
        """So many seconds later the cron runs; returns the channel's exceptions."""
        self.pass_time(seconds)
        self.run_cron("_cron_catch_up")
        return self.exceptions()

    def test_what_no_worker_takes_is_one_exception_until_one_takes_it(self):
        self.want(7)
        self.assertFalse(self.minute(61))
        exception = self.minute(901)
        self.assertRecordValues(
            exception,
            [{"display_name": "Quay: Internal", "category": "internal", "severity": "2", "state": "open"}],
        )
        self.assertIn("No worker takes what is due", exception.message)
        self.assertEqual(self.minute(600), exception)
        self.turn(ceiling=0)
        self.assertEqual(self.minute().state, "resolved")
        self.assertIn("the sidecar works again", "".join(exception.message_ids.mapped("body")))

    def test_so_is_a_value_that_is_due(self):
        self.want(7)
        self.turn(ceiling=0)
        self.assertFalse(self.minute(61))
        self.assertEqual(self.minute(901).waiting_count, 1)

    def test_so_is_what_a_worker_that_died_had_leased(self):
        self.lease(7)
        self.pass_time(120)
        self.turn(ceiling=0)
        self.lease(8)
        self.assertFalse(self.minute(61))
        self.assertEqual(self.minute(901).category, "internal")

    def test_one_that_is_ignored_stays_ignored_until_a_worker_takes_it(self):
        self.want(7)
        self.minute(61)
        exception = self.minute(901)
        self.ignore(exception)
        self.assertEqual(self.minute(61), exception)
        self.turn(ceiling=0)
        self.minute(61)
        self.assertEqual((self.minute(901) - exception).state, "open")

    def test_what_a_worker_turned_to_meanwhile_is_taken(self):
        self.want(7)
        self.minute(61)
        self.pass_time(901)
        self.turn(ceiling=0)
        self.assertFalse(self.minute())

    def test_what_cannot_be_computed_is_another_matter_and_is_over_by_itself(self):
        self.want(7)
        self.minute(61)
        untaken = self.minute(901)
        exceptions = self.env["lockgate.exception"]
        exceptions._report("internal", self.listing, "stock", "The stock of it could not be computed.")
        exceptions._settle([f"internal stock {self.listing.id}"], self.channel)
        self.assertEqual((self.exceptions() - untaken).state, "resolved")
        self.assertEqual(untaken.state, "open")

    def test_what_is_due_later_is_missed_by_nobody(self):
        self.want(7)
        self.turn(ceiling=0)
        self.pass_time(130)  # a new listing has been computed again by then
        self.tell(self.turn(), "retry", retry_after=7200.0)
        self.assertFalse(self.minute(61))
        self.assertFalse(self.minute(901))

    def test_a_frozen_channel_is_not_missed(self):
        self.want(7)
        self.minute(61)
        self.channel.action_freeze()
        self.assertFalse(self.minute(901))
        self.channel.action_resume()
        self.assertFalse(self.minute(), "the time that it was frozen counts for nothing")

    def test_what_the_channel_itself_has_said_stands(self):
        self.want(7)
        answer = self.turn()
        results = [
            result(answer, lease, "retry", cause="rate_limit", retry_after=3600.0)
            for lease in answer["leases"]
        ]
        self.turn(*results, ceiling=0)
        self.env["lockgate.outage"]._note(self.channel, results)
        self.want(7, self.listings[1])
        self.minute(61)
        self.assertEqual(self.minute(901).category, "rate_limit")

    def test_what_the_channel_says_after_a_time_without_workers_begins_then(self):
        self.want(7)
        self.minute(61)
        untaken = self.minute(1200)
        slow = {"outcome": "retry", "cause": "rate_limit", "message": "It asked us to slow down."}
        self.env["lockgate.outage"]._note(self.channel, [slow])
        self.assertEqual((self.minute(600), untaken.state), (untaken, "resolved"))
        self.env["lockgate.outage"]._note(self.channel, [slow])
        exception = self.minute(301) - untaken
        self.assertEqual((exception.category, exception.count), ("rate_limit", 2))
        self.env["lockgate.outage"]._note(self.channel, [slow])
        self.assertEqual((self.minute(60), exception.count), (untaken + exception, 3))

    def test_retry_brings_no_worker_and_says_so(self):
        self.want(7)
        self.minute(61)
        exception = self.minute(901)
        self.assertFalse(exception.can_retry)
        with self.assertRaisesRegex(UserError, "Retry cannot mend this"):
            exception.with_user(self.user_owner).action_retry()

    def test_a_sidecar_of_another_version_says_more_than_none_and_the_channel_more_than_either(self):
        self.want(7)
        self.minute(61)
        self.env["lockgate.outage"]._note_sidecar("Install the sidecar that belongs to these add-ons.")
        exception = self.minute(901)
        self.assertEqual(exception.category, "settings")
        self.env["lockgate.outage"]._note(
            self.channel, [{"outcome": "down", "cause": "channel_down", "message": "It cannot be reached."}]
        )
        self.env["lockgate.outage"]._note_sidecar("Install the sidecar that belongs to these add-ons.")
        self.assertEqual((self.minute() - exception).category, "channel_down")
        self.assertEqual(exception.state, "resolved")
