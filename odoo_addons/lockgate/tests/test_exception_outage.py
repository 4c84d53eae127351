from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from .common import LockgateCase, result


class TestOutage(LockgateCase):
    """A channel through which nothing goes for longer than its bound becomes one exception."""

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner

    def worker_says(self, outcome="down", cause="channel_down", message="It cannot be reached.", **values):
        """What the gateway does with a worker's results; returns the channel's exceptions."""
        for listing in self.listings:
            self.maker.quantities.setdefault(listing.id, 7)
        self.mark(self.listings, "retry")
        self.env.cr.execute("UPDATE lockgate_turn SET resume_at = NULL")
        answer = self.turn()
        results = [
            result(answer, lease, outcome, cause=cause, message=message, retry_after=1.0, **values)
            for lease in answer["leases"]
        ]
        self.turn(*results, ceiling=0)
        self.env["lockgate.outage"]._note(self.channel, results)
        return self.catch_up()

    def down(self):
        """The exception of a channel that has been down for long enough."""
        self.worker_says()
        self.pass_time(901)
        return self.worker_says()

    def attempts(self, **values):
        return self.env["lockgate.attempt"].search(
            [("channel_id", "=", self.channel.id), *((name, "=", value) for name, value in values.items())]
        )

    def test_a_short_outage_is_nobodys_matter(self):
        self.assertFalse(self.worker_says())
        self.pass_time(600)
        self.assertFalse(self.worker_says())

    def test_a_long_outage_is_one_exception_and_resolves_by_itself(self):
        self.worker_says()
        self.pass_time(901)
        exception = self.worker_says()
        self.assertRecordValues(
            exception,
            [
                {
                    "display_name": "Quay: Channel Down",
                    "category": "channel_down",
                    "severity": "3",
                    "state": "open",
                    "owner_id": self.user_owner.id,
                }
            ],
        )
        self.assertIn("It cannot be reached.", exception.message)
        self.pass_time(600)
        self.assertEqual(self.worker_says(), exception)
        self.worker_says("accepted", None, "")
        self.assertEqual(exception.state, "resolved")
        self.assertIn("works again", exception.message_ids[0].body)

    def test_a_channel_that_asks_to_wait_for_too_long_is_one_exception(self):
        self.worker_says("retry", "rate_limit", "It asked us to slow down.")
        self.pass_time(901)
        exception = self.worker_says("retry", "rate_limit", "It asked us to slow down.")
        self.assertEqual(exception.category, "rate_limit")

    def test_whatever_the_channel_says_meanwhile_it_is_one_outage(self):
        exception = self.down()
        self.assertEqual(self.worker_says("retry", "rate_limit", "It asked us to slow down."), exception)
        self.assertEqual(self.worker_says(), exception)
        self.assertEqual((exception.category, exception.state), ("channel_down", "open"))

    def test_while_it_lasts_it_tells_the_newest_and_how_often(self):
        exception = self.down()
        self.assertEqual(exception.count, 2)
        self.pass_time(60)
        self.worker_says("retry", "rate_limit", "It asked us to slow down.")
        self.assertIn("It asked us to slow down.", exception.message)
        self.assertEqual((exception.count, exception.last_at), (3, self.env.cr.now().replace(microsecond=0)))
        self.pass_time(60)
        seen = exception.last_at
        self.catch_up()
        self.assertEqual((exception.count, exception.last_at), (3, seen), "nothing was said since")

    def test_one_that_is_ignored_stays_ignored_while_it_lasts(self):
        exception = self.down()
        self.ignore(exception)
        self.pass_time(60)
        self.worker_says("retry", "rate_limit")
        self.run_cron("_cron_catch_up")
        self.assertEqual(self.exceptions(), exception)
        self.assertEqual(exception.state, "ignored")

    def test_the_outage_after_one_that_was_ignored_is_told_again(self):
        exception = self.down()
        self.ignore(exception)
        self.pass_time(60)
        self.worker_says("accepted", None, "")
        self.pass_time(60)
        self.assertEqual((self.down() - exception).state, "open")

    def test_it_counts_the_listings_that_wait(self):
        self.maker.quantities[self.listings[2].id] = None
        exception = self.down()
        self.run_cron("_cron_catch_up")
        self.assertEqual((exception.waiting_count, exception.failing_count), (2, 0))
        self.assertEqual(exception.display_name, "Quay: Channel Down (2 listings)")
        self.worker_says("accepted", None, "")
        self.assertRecordValues(
            exception, [{"state": "resolved", "waiting_count": 0, "display_name": "Quay: Channel Down"}]
        )

    def test_a_number_that_is_the_same_is_not_written_again(self):
        exception = self.down()
        self.run_cron("_cron_catch_up")
        self.assertEqual(exception.waiting_count, 3)
        before = self.stored(exception)
        self.run_cron("_cron_catch_up")
        self.assertEqual(self.stored(exception), before)

    def stored(self, exception):
        """Where its row is stored: another place after each write."""
        self.env.cr.execute("SELECT ctid FROM lockgate_exception WHERE id = %s", [exception.id])
        return self.env.cr.fetchone()

    def test_what_waits_is_no_part_of_an_exception_of_listings(self):
        self.block(7)
        refused = self.catch_up()
        outage = self.down() - refused
        self.run_cron("_cron_catch_up")
        self.assertEqual((outage.waiting_count, refused.waiting_count), (3, 0))
        self.assertEqual(refused.state, "open")

    def test_its_tries_are_those_of_the_channel_that_met_the_trouble(self):
        self.worker_says()  # an outage before
        self.pass_time(600)
        self.worker_says("accepted", None, "")
        self.pass_time(600)
        exception = self.down()
        tries = self.attempts(cause="channel_down")[:6]
        self.assertEqual(exception.attempt_ids, tries)
        self.worker_says("accepted", None, "")
        self.pass_time(600)
        self.worker_says()  # one after it
        self.assertEqual((exception.state, exception.attempt_ids), ("resolved", tries))
        opened = exception.with_user(self.user_owner).action_open_attempts()["domain"]
        self.assertEqual(self.attempts().search(opened), tries)

    def test_the_tries_of_listings_that_fail_are_their_own(self):
        self.want(3, self.listings[1])
        self.report(self.turn())
        self.block(7)
        exception = self.catch_up()
        self.assertEqual(exception.attempt_ids, self.attempts(publication_id=self.publication().id))
        opened = exception.with_user(self.user_owner).action_open_attempts()["domain"]
        self.assertEqual(self.attempts().search(opened), exception.attempt_ids)

    def test_listings_that_are_given_up_meanwhile_join_it(self):
        self.worker_says("retry", "rate_limit")
        self.pass_time(901)
        exception = self.worker_says("retry", "rate_limit")
        self.pass_time(2)
        self.block_all(outcome="attention", message="Given up after 8 tries.", cause="rate_limit")
        self.assertEqual(self.catch_up(), exception)
        self.assertEqual(exception.failing_count, 3)

    def test_one_good_answer_starts_the_time_afresh(self):
        self.worker_says()
        self.pass_time(600)
        self.worker_says("accepted", None, "")
        self.pass_time(600)
        self.assertFalse(self.worker_says())

    def test_a_lease_that_was_handed_back_unsent_says_nothing(self):
        self.worker_says()
        self.pass_time(901)
        self.assertTrue(self.worker_says("retry", None, "", seconds=0.0))

    def test_a_refused_value_shows_that_the_channel_works(self):
        self.worker_says()
        self.pass_time(901)
        self.assertEqual(self.worker_says("rejected", "stock_refused", "No.").category, "stock_refused")

    def test_a_refused_credential_shows_that_the_channel_answers(self):
        self.worker_says()
        self.worker_says("attention", "credentials", "Check the credential.")
        self.want(9)
        self.pass_time(901)
        self.assertEqual(self.catch_up().mapped("category"), ["credentials"])

    def test_a_credential_that_is_nowhere_says_nothing_of_the_channel(self):
        self.worker_says()
        missing = {"outcome": "attention", "cause": "settings", "retry_after": None, "message": "None."}
        self.env["lockgate.outage"]._note(self.channel, [missing])
        self.pass_time(901)
        self.assertEqual(self.worker_says().category, "channel_down")

    def retry(self, exception):
        return exception.with_user(self.user_owner).action_retry()["params"]["message"]

    def test_retry_asks_the_channel_with_one_listing_and_shows_whether_it_helped(self):
        exception = self.down()
        self.turn(ceiling=0)
        self.assertTrue(exception.can_retry)
        self.assertEqual(self.retry(exception), "The channel is asked again.")
        self.assertEqual((exception.state, [mark[2] for mark in self.marks()]), ("retrying", ["retry"]))
        self.env.cr.execute("UPDATE lockgate_turn SET resume_at = now() AT TIME ZONE 'UTC' + '1 hour'")
        self.assertEqual(len(self.turn()["leases"]), 1, "it was left alone for an hour")
        self.catch_up()
        self.assertEqual(exception.state, "retrying")
        self.pass_time(60)
        self.worker_says()
        self.assertEqual(exception.state, "open")

    def test_retry_of_what_is_over_asks_nobody(self):
        exception = self.down()
        self.worker_says("accepted", None, "")
        self.assertFalse(exception.can_retry)
        exception.with_user(self.user_owner).action_retry()
        self.assertEqual(self.marks(), [])

    def test_a_frozen_channel_is_not_asked_and_retry_says_so(self):
        exception = self.down()
        self.channel.action_freeze()
        self.assertFalse(exception.can_retry)
        with self.assertRaisesRegex(UserError, "Retry cannot mend this"):
            self.retry(exception)

    def test_only_who_decides_about_exceptions_asks_a_channel(self):
        exception = self.down()
        with self.assertRaises(AccessError):
            exception.with_user(self.user_reader).action_retry()
        self.assertEqual(exception.state, "open")

    def test_a_frozen_channel_is_not_missed(self):
        self.worker_says()
        self.channel.action_freeze()
        self.pass_time(901)
        self.assertFalse(self.catch_up())
        self.channel.action_resume()
        self.assertFalse(self.catch_up(), "the time that it was frozen counts for nothing")

    def test_a_channel_that_has_nothing_to_be_told_is_not_missed(self):
        self.worker_says()
        for listing in self.listings:
            self.maker.quantities[listing.id] = None
        self.mark(self.listings)
        self.turn()
        self.pass_time(901)
        self.assertFalse(self.catch_up())

    @mute_logger("odoo.sql_db")
    def test_an_outage_of_no_minutes_is_refused(self):
        with self.assertRaises(IntegrityError):
            self.channel.outage_minutes = 0
            self.env.flush_all()
