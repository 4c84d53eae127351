from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..models import exception_bulk
from .common import LockgateCase

MANY = 3_000


class TestBulk(LockgateCase):
    """What is decided about thousands of exceptions is done behind, in slices, while people see how far."""

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner

    def failing(self, count):
        """That many open exceptions, each with one failure of a listing; by SQL, which takes no minute."""
        self.env.cr.execute(
            """
            INSERT INTO lockgate_exception (
                   name, channel_id, company_id, category, severity, fingerprint, state, first_at, last_at,
                   listing_count, failing_count)
            SELECT 'Quay: Internal', id, company_id, 'internal', '2', 'cause ' || number, 'open', now(),
                   now(), 1, 1
              FROM lockgate_channel, generate_series(1, %(count)s) AS number WHERE id = %(channel)s
         RETURNING id
            """,
            {"count": count, "channel": self.channel.id},
        )
        ids = [exception_id for (exception_id,) in self.env.cr.fetchall()]
        self.env.cr.execute(
            """
            INSERT INTO lockgate_exception_failure (
                   exception_id, channel_id, category, subject, listing_id, aspect, first_at, last_at, count)
            SELECT id, channel_id, category, fingerprint, %s, 'stock', first_at, last_at, 1
              FROM lockgate_exception WHERE id = ANY(%s)
            """,
            [self.listing.id, ids],
        )
        return self.env["lockgate.exception"].with_user(self.user_owner).browse(sorted(ids))

    def bulk(self, action):
        return self.env["lockgate.exception.bulk"].with_user(self.user_owner).browse(action["res_id"])

    def run_behind(self):
        self.run_cron("_cron_run", "lockgate.exception.bulk")

    def states(self, exceptions):
        self.env.invalidate_all()
        return dict(exceptions._read_group([("id", "in", exceptions.ids)], ["state"], ["__count"]))

    def test_three_thousand_are_retried_behind_and_their_progress_is_seen(self):
        exceptions = self.failing(MANY)
        bulk = self.bulk(exceptions.action_retry())
        self.assertEqual((bulk.total, bulk.progress, bulk.state), (MANY, 0, "running"))
        self.assertEqual(self.states(exceptions), {"open": MANY})
        seen, commit = [], type(self.env["ir.cron"])._commit_progress

        def looks(cron, *arguments, **values):
            left = commit(cron, *arguments, **values)
            seen.append(cron.env["lockgate.exception.bulk"].browse(bulk.id).progress)
            return left

        with patch.object(type(self.env["ir.cron"]), "_commit_progress", looks):
            self.run_behind()
        self.assertEqual(self.states(exceptions), {"retrying": MANY})
        self.assertEqual(seen, sorted(seen))
        self.assertGreaterEqual(len(set(seen)), MANY // exception_bulk.SLICE)
        self.assertRecordValues(bulk, [{"state": "done", "done": MANY, "failed": 0, "progress": 100}])
        self.assertFalse(bulk.exception_ids)
        note = exceptions[0].message_ids
        self.assertEqual(note.author_id, self.user_owner.partner_id)
        self.assertIn("Retry: 3000 at once", note.body)

    def test_a_few_are_done_at_once(self):
        exceptions = self.failing(3)
        self.assertEqual(exceptions.action_retry()["tag"], "display_notification")
        self.assertEqual(self.states(exceptions), {"retrying": 3})
        self.assertFalse(self.env["lockgate.exception.bulk"].search([]))

    def few_are_many(self):
        self.patch(exception_bulk, "AT_ONCE", 3)
        self.patch(exception_bulk, "SLICE", 2)

    def test_each_decision_of_the_dialog_is_done_behind_too(self):
        self.few_are_many()
        colleague = new_test_user(self.env, "colleague", "lockgate.lockgate_group_exception_owner")
        in_an_hour = fields.Datetime.now() + timedelta(hours=1)
        exceptions = self.failing(5)
        for values, expected in (
            ({"kind": "assign", "owner_id": colleague.id}, {"owner_id": colleague.id, "state": "open"}),
            ({"kind": "skip", "until": in_an_hour}, {"skip_until": in_an_hour, "state": "skipped"}),
            ({"kind": "ignore"}, {"reason": "Later.", "state": "ignored"}),
        ):
            with self.subTest(values=values):
                decision = self.env["lockgate.exception.decision"].with_user(self.user_owner)
                action = decision.create(
                    {"exception_ids": exceptions.ids, "reason": "Later.", **values}
                ).action_apply()
                self.run_behind()
                self.assertEqual((self.bulk(action).done, self.bulk(action).state), (5, "done"))
                self.assertRecordValues(exceptions, [expected] * 5)
        self.assertIn("Ignored by clerk", "".join(exceptions[0].message_ids.mapped("body")))

    @mute_logger(exception_bulk.__name__)
    def test_one_that_cannot_be_done_is_left_and_named_and_the_others_are_done(self):
        self.few_are_many()
        exceptions = self.failing(5)
        bulk, bad = self.bulk(exceptions.action_retry()), exceptions[2].id
        mark = type(exceptions)._mark_failing

        def fails(self):
            if bad in self.ids:
                raise ZeroDivisionError("a bug")
            return mark(self)

        with patch.object(type(exceptions), "_mark_failing", fails):
            self.run_behind()
        self.assertEqual(self.states(exceptions), {"retrying": 4, "open": 1})
        self.assertRecordValues(bulk, [{"state": "done", "done": 4, "failed": 1}])
        self.assertIn("a bug", bulk.message)

    def test_it_is_done_with_the_rights_of_who_pressed(self):
        self.few_are_many()
        exceptions = self.failing(4)
        bulk = self.bulk(exceptions.action_retry())
        self.user_owner.group_ids = self.env.ref("lockgate.lockgate_group_user")
        self.run_behind()
        self.assertEqual(self.states(exceptions.sudo()), {"open": 4})
        self.assertEqual((bulk.sudo().done, bulk.sudo().failed), (0, 4))

    def test_a_cron_whose_time_is_over_goes_on_where_it_was(self):
        self.few_are_many()
        exceptions = self.failing(5)
        bulk = self.bulk(exceptions.action_retry())
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=0):
            self.run_behind()
        self.assertEqual((bulk.done, bulk.state), (2, "running"))
        self.run_behind()
        self.assertEqual((bulk.done, bulk.state), (5, "done"))

    def test_nobody_writes_a_bulk_action_by_hand_or_sees_that_of_others(self):
        self.few_are_many()
        bulk = self.bulk(self.failing(4).action_retry())
        with self.assertRaises(AccessError):
            bulk.write({"state": "done"})
        with self.assertRaises(AccessError):
            bulk.create({"kind": "retry", "user_id": self.user_owner.id})
        colleague = new_test_user(self.env, "colleague", "lockgate.lockgate_group_exception_owner")
        self.assertFalse(bulk.with_user(colleague).search([]))

    def test_three_thousand_listings_of_one_cause_are_marked_in_one_statement(self):
        (exception,) = self.failing(1)
        self.env.cr.execute(
            """
            WITH listed AS (
                INSERT INTO lockgate_listing (channel_id, company_id, product_id, uom_id, sku, active)
                SELECT channel_id, company_id, product_id, uom_id, 'many-' || number, true
                  FROM lockgate_listing, generate_series(1, %(many)s) AS number WHERE id = %(listing)s
             RETURNING id, channel_id)
            INSERT INTO lockgate_exception_failure (
                   exception_id, channel_id, category, subject, listing_id, aspect, first_at, last_at, count)
            SELECT %(exception)s, channel_id, 'internal', 'many ' || id, id, 'stock', now(), now(), 1
              FROM listed
            """,
            {"many": MANY, "listing": self.listing.id, "exception": exception.id},
        )
        exception.action_retry()
        self.assertEqual(len(self.marks()), MANY + 1)
