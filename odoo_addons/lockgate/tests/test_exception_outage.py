from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
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


class TestRouting(LockgateCase):
    """Who gets an exception, until when, and who does when it is overdue."""

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner
        self.pricing = new_test_user(self.env, "pricing", "lockgate.lockgate_group_exception_owner")
        self.boss = new_test_user(self.env, "boss", "lockgate.lockgate_group_exception_owner")

    def rule(self, **values):
        return self.env["lockgate.exception.rule"].with_user(self.user_manager).create(values)

    def hours(self, exception):
        return (exception.deadline - exception.first_at).total_seconds() / 3600

    def test_without_a_rule_the_channels_owner_has_as_long_as_the_severity_gives(self):
        self.block(7)
        exception = self.catch_up()
        self.assertEqual((exception.owner_id, self.hours(exception)), (self.user_owner, 4))

    def test_a_category_has_its_own_owner_and_due_time(self):
        self.rule(category="stock_refused", owner_id=self.pricing.id, due_hours=2)
        self.block(7)
        exception = self.catch_up()
        self.assertEqual((exception.owner_id, self.hours(exception)), (self.pricing, 2))

    def test_a_channels_own_rule_stands_above_the_one_of_every_channel(self):
        self.rule(category="stock_refused", owner_id=self.boss.id)
        self.rule(category="stock_refused", owner_id=self.pricing.id, channel_id=self.channel.id)
        self.rule(category="price_refused", owner_id=self.user_manager.id, channel_id=self.channel.id)
        self.block(7)
        self.assertEqual(self.catch_up().owner_id, self.pricing)

    def test_a_rule_never_gives_an_exception_to_a_stranger_to_its_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.pricing.write({"company_ids": [(6, 0, company.ids)], "company_id": company.id})
        self.rule(category="stock_refused", owner_id=self.pricing.id)
        self.block(7)
        self.assertEqual(self.catch_up().owner_id, self.user_owner)

    @mute_logger("odoo.sql_db")
    def test_two_rules_for_the_same_are_refused(self):
        self.rule(category="drift")
        with self.assertRaises(IntegrityError):
            self.rule(category="drift")

    def test_only_administrators_keep_rules(self):
        for user in (self.user_reader, self.user_operator, self.user_owner):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["lockgate.exception.rule"].with_user(user).create({"category": "drift"})

    def test_what_is_overdue_goes_to_the_next_owner_once_with_mail_and_an_activity(self):
        self.rule(category="stock_refused", escalate_to_id=self.boss.id)
        self.block(7)
        exception = self.catch_up()
        self.escalate()
        self.assertFalse(exception.escalated_at)
        self.pass_time(4 * 3600 + 1)
        self.escalate()
        self.assertEqual(exception.owner_id, self.boss)
        self.assertEqual(exception.activity_ids.user_id, self.boss)
        told = exception.message_ids.filtered(lambda message: "Overdue" in (message.body or ""))
        self.assertEqual(told.notified_partner_ids, self.boss.partner_id | self.user_owner.partner_id)
        self.escalate()
        self.assertEqual(len(exception.message_ids.filtered(lambda m: "Overdue" in (m.body or ""))), 1)

    def test_without_a_next_owner_its_owner_is_reminded(self):
        self.block(7)
        exception = self.catch_up()
        self.pass_time(4 * 3600 + 1)
        self.escalate()
        self.assertEqual(exception.owner_id, self.user_owner)
        self.assertEqual(exception.message_ids[0].notified_partner_ids, self.user_owner.partner_id)

    def test_what_is_over_is_not_escalated(self):
        self.block(7)
        exception = self.catch_up()
        self.ignore(exception)
        self.pass_time(4 * 3600 + 1)
        self.escalate()
        self.assertFalse(exception.escalated_at)

    def escalate(self):
        self.run_cron("_cron_escalate")
