from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user
from odoo.tools import file_open

from ..models.exception_category import CATEGORIES
from ..models.exception_record import Seen
from .common import LockgateCase, make_channel, request


class TestDecisions(LockgateCase):
    """What people decide about exceptions, and who may."""

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner

    def decision(self, exceptions, user=None, **values):
        return (
            self.env["lockgate.exception.decision"]
            .with_user(user or self.user_owner)
            .create({"exception_ids": exceptions.ids, "reason": "Later.", **values})
        )

    def in_an_hour(self):
        return fields.Datetime.now() + timedelta(hours=1)

    def test_retry_marks_every_listing_that_fails_and_no_other(self):
        self.block_all(self.listings[:2])
        exception = self.catch_up()
        exception.with_user(self.user_owner).action_retry()
        self.assertEqual(
            sorted(self.marks()),
            [(listing.id, "stock", "retry") for listing in self.listings[:2].sorted("id")],
        )

    def test_retry_all_like_this_takes_its_category_on_its_channel(self):
        self.block_all(self.listings[:1], message="It is sold in lots.")
        self.block_all(self.listings[1:2], message="It has no picture.")
        self.block_all(self.listings[2:3], message="The session ended.", cause="credentials")
        exceptions = self.catch_up()
        exceptions[0].with_user(self.user_owner).action_retry_alike()
        self.assertEqual(exceptions.mapped("state"), ["retrying", "retrying", "open"])

    def test_retry_all_like_these_takes_each_category_on_its_own_channel_only(self):
        here, there = self.catch_up_of_two_channels()
        (here[0] + there[1]).with_user(self.user_owner).action_retry_alike()
        self.assertEqual(here.mapped("state"), ["retrying", "open"])
        self.assertEqual(there.mapped("state"), ["open", "retrying"])

    def catch_up_of_two_channels(self):
        """Exceptions of the categories conflict and drift on each of two channels."""
        there = make_channel(self.env, "pier")
        for channel in (self.channel, there):
            self.want(7, channel.listing_ids[0])
            self.env["lockgate.turn"]._take(request(channel, ceiling=0))
        self.env.invalidate_all()
        causes = [
            Seen(
                channel.id,
                category,
                category,
                f"{category} {channel.id}",
                channel.listing_ids[0].publication_ids.id,
                channel.listing_ids[0].id,
                "stock",
                fields.Datetime.now(),
                "It failed.",
            )
            for channel in (self.channel, there)
            for category in ("conflict", "drift")
        ]
        self.env["lockgate.exception"]._record(causes)
        found = self.env["lockgate.exception"].search(
            [("channel_id", "in", (self.channel + there).ids)], order="id"
        )
        return found[:2], found[2:]

    def test_one_listing_of_many_is_retried_alone(self):
        self.block_all()
        exception = self.catch_up()
        failure = exception.failure_ids.filtered(lambda failure: failure.listing_id == self.listing)
        failure.with_user(self.user_owner).action_retry()
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "retry")])

    def test_fix_mapping_opens_the_listings_that_fail(self):
        self.block_all(self.listings[:2])
        action = self.catch_up().with_user(self.user_owner).action_fix_mapping()
        self.assertEqual(action["res_model"], "lockgate.listing")
        self.assertEqual(set(action["domain"][0][2]), set(self.listings[:2].ids))

    def test_what_is_skipped_is_left_alone_until_its_time_and_then_comes_back(self):
        self.block(7)
        exception = self.catch_up()
        self.decision(exception, kind="skip", until=self.in_an_hour()).action_apply()
        self.assertEqual(exception.state, "skipped")
        self.assertFalse(exception.activity_ids)
        self.run_cron("_cron_escalate")
        self.assertEqual(exception.state, "skipped")
        self.pass_time(3601)
        self.run_cron("_cron_escalate")
        self.assertRecordValues(exception, [{"state": "open", "skip_until": False}])
        self.assertEqual(exception.activity_ids.user_id, self.user_owner)

    def skip(self, exception, hours):
        until = fields.Datetime.now() + timedelta(hours=hours)
        self.decision(exception, kind="skip", until=until).action_apply()

    def test_what_was_skipped_beyond_its_due_time_is_due_anew_from_when_it_comes_back(self):
        """Of severity high it is due 4 hours after it began."""
        self.env["lockgate.exception.rule"].create(
            {"category": "stock_refused", "escalate_to_id": self.user_manager.id}
        )
        self.block(7)
        exception = self.catch_up()
        self.skip(exception, 10)
        self.pass_time(10 * 3600 + 1)
        self.run_cron("_cron_escalate")
        self.assertRecordValues(
            exception, [{"state": "open", "escalated_at": False, "owner_id": self.user_owner.id}]
        )
        self.assertFalse(exception.message_ids.filtered(lambda note: "Overdue" in (note.subject or "")))
        self.assertEqual(exception.activity_ids.user_id, self.user_owner)
        self.pass_time(4 * 3600 - 60)
        self.run_cron("_cron_escalate")
        self.assertFalse(exception.escalated_at)
        self.pass_time(120)
        self.run_cron("_cron_escalate")
        self.assertTrue(exception.escalated_at)
        self.assertEqual(exception.owner_id, self.user_manager)

    def test_what_is_retried_before_its_skip_is_over_is_due_anew_from_then(self):
        self.block(7)
        exception = self.catch_up()
        self.skip(exception, 10)
        self.pass_time(5 * 3600)
        exception.with_user(self.user_owner).action_retry()
        self.run_cron("_cron_escalate")
        self.assertRecordValues(exception, [{"state": "retrying", "escalated_at": False}])

    def test_a_later_due_time_that_a_person_set_outlasts_a_skip(self):
        self.block(7)
        exception = self.catch_up()
        exception.with_user(self.user_owner).deadline = fields.Datetime.now() + timedelta(days=9)
        self.skip(exception, 10)
        self.pass_time(10 * 3600 + 1)
        due = exception.deadline
        self.run_cron("_cron_escalate")
        self.assertRecordValues(exception, [{"state": "open", "deadline": due}])

    def test_a_failure_of_the_same_cause_joins_what_is_skipped_without_waking_it(self):
        self.block_all(self.listings[:1])
        exception = self.catch_up()
        self.decision(exception, kind="skip", until=self.in_an_hour()).action_apply()
        self.block_all(self.listings[1:])
        self.assertRecordValues(self.catch_up(), [{"state": "skipped", "failing_count": 3}])

    def test_what_is_skipped_still_resolves_by_itself(self):
        self.block(7)
        exception = self.catch_up()
        self.decision(exception, kind="skip", until=self.in_an_hour()).action_apply()
        self.pass_time(10)
        self.report(self.lease(8)[0])
        self.catch_up()
        self.assertEqual(exception.state, "resolved")

    def test_a_decision_without_a_reason_or_a_time_to_come_is_refused(self):
        self.block(7)
        exception = self.catch_up()
        for values in (
            {"kind": "ignore", "reason": "  "},
            {"kind": "skip"},
            {"kind": "skip", "until": fields.Datetime.now() - timedelta(hours=1)},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                self.decision(exception, **values).action_apply()
        self.assertEqual(exception.state, "open")

    def test_the_dialog_of_a_button_holds_what_was_chosen(self):
        self.block(7)
        exception = self.catch_up()
        action = exception.with_user(self.user_owner).action_skip()
        decisions = self.env["lockgate.exception.decision"].with_user(self.user_owner)
        form = Form(decisions.with_context(**action["context"]))
        form.reason, form.until = "The shop is being rebuilt.", self.in_an_hour()
        form.save().action_apply()
        self.assertRecordValues(exception, [{"state": "skipped", "reason": "The shop is being rebuilt."}])

    def test_exceptions_of_another_company_are_not_decided_about(self):
        self.block(7)
        exception = self.catch_up()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env, "stranger", "lockgate.lockgate_group_exception_owner", company_id=company.id
        )
        with self.assertRaises(AccessError):
            self.decision(exception, stranger, kind="ignore").action_apply()
        self.assertEqual(exception.state, "open")

    def test_many_are_ignored_at_once(self):
        for listing, words in zip(self.listings, ("lots", "picture", "weight"), strict=True):
            self.block_all(listing, message=f"It has no {words}.")
        exceptions = self.catch_up()
        self.ignore(exceptions)
        self.assertEqual(exceptions.mapped("state"), ["ignored"] * 3)
        self.assertFalse(exceptions.failure_ids.filtered(lambda failure: not failure.resolved_at))

    def test_assign_to_me_hands_over_the_activity(self):
        self.block(7)
        exception = self.catch_up()
        colleague = new_test_user(self.env, "colleague", "lockgate.lockgate_group_exception_owner")
        exception.with_user(colleague).action_assign_to_me()
        self.assertEqual(exception.owner_id, colleague)
        self.assertEqual(exception.activity_ids.user_id, colleague)

    def test_they_are_assigned_to_somebody_else(self):
        self.block(7)
        exception = self.catch_up()
        colleague = new_test_user(self.env, "colleague", "lockgate.lockgate_group_exception_owner")
        with self.assertRaisesRegex(UserError, "who gets"):
            self.decision(exception, kind="assign").action_apply()
        self.decision(exception, kind="assign", owner_id=colleague.id).action_apply()
        self.assertEqual(exception.owner_id, colleague)
        self.assertEqual(exception.activity_ids.user_id, colleague)

    def test_only_who_may_write_the_channel_freezes_it(self):
        self.block(7)
        exception = self.catch_up()
        with self.assertRaises(AccessError):
            exception.with_user(self.user_owner).action_freeze_channel()
        self.assertEqual(self.channel.state, "running")
        exception.with_user(self.user_operator).action_freeze_channel()
        self.assertEqual(self.channel.state, "frozen")
        with self.assertRaisesRegex(UserError, "nothing to freeze"):
            exception.with_user(self.user_operator).action_freeze_channel()

    def test_my_open_exceptions_are_counted_for_the_badge(self):
        self.block(7)
        exception = self.catch_up()
        count = self.env["lockgate.exception"].with_user(self.user_owner).my_open_count
        self.assertEqual(count(), 1)
        self.decision(exception, kind="skip", until=self.in_an_hour()).action_apply()
        self.assertEqual(count(), 0)
        with self.assertRaises(AccessError):
            self.env["lockgate.exception"].with_user(self.user_internal).my_open_count()

    def test_the_form_says_what_to_do_and_links_the_page_that_odoo_serves(self):
        self.block(7)
        exception = self.catch_up()
        self.assertIn('href="/lockgate/static/runbooks/stock_refused.html"', exception.runbook)
        for category, _label in CATEGORIES:
            with (
                self.subTest(category=category),
                file_open(f"lockgate/static/runbooks/{category}.html") as page,
            ):
                self.assertIn("What to do", page.read())
