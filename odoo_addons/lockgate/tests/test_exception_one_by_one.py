from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.tools import mute_logger

from ..models import one_by_one
from .common import LockgateCase


class TestOneByOne(LockgateCase):
    """What a cron does to exceptions: an error on one of them stops neither the others nor the cron."""

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner
        for listing, words in zip(self.listings, ("lots", "picture", "weight"), strict=True):
            self.block_all(listing, message=f"It has no {words}.")
        self.catch_up()

    def fails_on_the_second(self, method, error):
        """A method of exceptions that fails for the second of them."""
        model = type(self.env["lockgate.exception"])
        original, second = getattr(model, method), self.exceptions()[1].id

        def fails(exception, *arguments):
            result = original(exception, *arguments)
            if exception.id == second:
                raise error
            return result

        return patch.object(model, method, fails)

    @mute_logger(one_by_one.__name__)
    def test_one_that_cannot_be_escalated_leaves_no_trace_and_the_others_are(self):
        for error in (SerializationFailure("written elsewhere"), ZeroDivisionError("a bug")):
            self.pass_time(4 * 3600 + 1)
            self.exceptions().write({"escalated_at": False, "deadline": fields.Datetime.now()})
            self.pass_time(1)
            with self.subTest(error=error), self.fails_on_the_second("_escalate", error):
                self.run_cron("_cron_escalate")
                self.assertEqual([bool(one.escalated_at) for one in self.exceptions()], [True, False, True])
        self.run_cron("_cron_escalate")
        self.assertTrue(all(self.exceptions().mapped("escalated_at")))

    @mute_logger(one_by_one.__name__)
    def test_one_that_cannot_be_woken_does_not_keep_the_others_asleep(self):
        self.exceptions().write({"state": "skipped", "skip_until": fields.Datetime.now()})
        with self.fails_on_the_second("_wake", SerializationFailure("written elsewhere")):
            self.run_cron("_cron_escalate")
        self.assertEqual(self.exceptions().mapped("state"), ["open", "skipped", "open"])

    @mute_logger(one_by_one.__name__)
    def test_sales_at_risk_of_one_that_is_being_edited_are_computed_by_the_next_run(self):
        with self.fails_on_the_second("_compute_impact", SerializationFailure("written elsewhere")):
            self.run_cron("_cron_catch_up")
        self.assertEqual([bool(one.impact_of) for one in self.exceptions()], [True, False, True])
        self.run_cron("_cron_catch_up")
        self.assertTrue(all(self.exceptions().mapped("impact_of")))

    @mute_logger(one_by_one.__name__)
    def test_a_channel_that_cannot_be_caught_up_with_does_not_fail_the_cron(self):
        with patch.object(type(self.env["lockgate.exception"]), "_news", side_effect=ZeroDivisionError):
            self.run_cron("_cron_catch_up")
        self.assertTrue(all(self.exceptions().mapped("impact_of")))

    def test_a_cron_whose_time_is_over_ends_between_two(self):
        self.pass_time(4 * 3600 + 1)
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=0):
            self.run_cron("_cron_escalate")
        self.assertEqual(len(self.exceptions().filtered("escalated_at")), 1)
