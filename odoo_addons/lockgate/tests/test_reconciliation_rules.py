from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import file_open, mute_logger

from .reconciling import ReconciliationCase


class TestFrozen(ReconciliationCase):
    """S6: a frozen channel is read, and nothing is pushed."""

    def test_a_frozen_channel_is_compared_and_never_pushed(self):
        self.want(7)
        self.turn(ceiling=0)
        self.channel.action_freeze()
        reconciliation = self.reconcile()
        due = self.env["lockgate.turn"]._due()["channels"]
        self.assertEqual(due, [{"channel": "quay", "critical": 0, "routine": 0, "bulk": 1}])
        answer = self.turn()
        self.assertEqual((answer["state"], len(answer["leases"])), ("frozen", 2))
        after = self.read_back(answer, {"quay-1": 4})
        self.assertEqual((after["state"], after["leases"]), ("frozen", []))
        self.catch_up()
        self.assertEqual(self.counts(reconciliation)["differed"], 1)
        self.assertEqual(reconciliation.state, "done")
        self.pass_time(60)
        self.assertEqual(self.turn()["leases"], [])
        self.assertEqual(self.env["lockgate.turn"]._due()["channels"], [])
        self.assertIn("frozen", self.channel.message_ids.mapped("body")[1])

    def test_what_a_frozen_channel_must_be_asked_again_is_asked_again_and_still_not_pushed(self):
        self.channel.action_freeze()
        self.reconcile()
        self.report(self.turn(), "retry", retry_after=10.0, message="Too many requests.")
        self.want(7)
        self.pass_time(11)
        leases = self.turn()["leases"]
        self.assertEqual(
            sorted((lease["purpose"], lease["value"]["sku"]) for lease in leases),
            [("read", "quay-1"), ("read", "quay-2")],
        )

    def test_frozen_in_the_middle_it_goes_on_reading_and_sends_nothing(self):
        self.reconcile()
        answer = self.turn(ceiling=2)
        self.channel.action_freeze()
        after = self.read_back(answer, {"quay-0": 0, "quay-1": 0, "quay-2": 0})
        self.assertEqual([lease["purpose"] for lease in after["leases"]], ["read"])

    def test_a_connector_that_lost_its_reading_leads_to_no_push_on_a_frozen_channel(self):
        self.channel.action_freeze()
        self.reconcile()
        self.channel.connector_id.can_read_back = False
        self.assertEqual(self.turn()["leases"], [])

    def test_a_copy_stops_what_is_running(self):
        reconciliation = self.reconcile()
        with file_open("lockgate/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertEqual(reconciliation.state, "stopped")
        self.assertEqual(self.turn()["leases"], [])


class TestWhoReconciles(ReconciliationCase):
    def test_a_channel_that_cannot_be_read_is_refused_in_words(self):
        self.channel.connector_id.can_read_back = False
        with self.assertRaisesRegex(UserError, "Test Shop cannot ask it what it shows"):
            self.reconcile()

    def test_a_channel_that_was_not_started_or_has_nothing_settled_is_refused_in_words(self):
        draft = self.env["lockgate.channel"].create(
            {
                "name": "Draft",
                "code": "draft",
                "connector_id": self.channel.connector_id.id,
                "settings": {"url": "http://127.0.0.1:9"},
            }
        )
        with self.assertRaisesRegex(UserError, "has not been started"):
            draft.action_reconcile()
        draft.action_start()
        with self.assertRaisesRegex(UserError, "Nothing is settled"):
            draft.action_reconcile()

    def test_one_that_is_running_refuses_a_second(self):
        self.reconcile()
        with self.assertRaisesRegex(UserError, "already running"):
            self.reconcile()

    @mute_logger("odoo.sql_db")
    def test_two_that_begin_at_the_same_moment_cannot_both_be(self):
        values = {"channel_id": self.channel.id, "user_id": self.env.uid}
        self.env["lockgate.reconciliation"].create(values)
        with self.assertRaises(IntegrityError):
            self.env["lockgate.reconciliation"].create(values)
            self.env.flush_all()

    def test_only_an_operator_begins_pauses_resumes_or_stops_one(self):
        for user in (self.user_reader, self.user_owner, self.user_internal, self.user_integration):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.reconcile(user)
        reconciliation = self.reconcile()
        for user in (self.user_reader, self.user_owner, self.user_internal, self.user_integration):
            for method in ("action_pause", "action_resume", "action_stop"):
                with self.subTest(user=user.login, method=method), self.assertRaises(AccessError):
                    getattr(reconciliation.with_user(user), method)()
        self.assertEqual(reconciliation.state, "running")

    def test_nobody_writes_one_by_hand(self):
        reconciliation = self.reconcile()
        for user in (self.user_reader, self.user_operator, self.user_owner, self.user_manager):
            mine = reconciliation.with_user(user)
            with self.subTest(user=user.login):
                self.assertEqual(mine.read(["state"])[0]["state"], "running")
                with self.assertRaises(AccessError):
                    mine.write({"state": "done"})
                with self.assertRaises(AccessError):
                    mine.unlink()
                with self.assertRaises(AccessError):
                    mine.create({"channel_id": self.channel.id, "user_id": user.id})

    def test_another_company_neither_sees_nor_begins_nor_stops_one(self):
        reconciliation = self.reconcile()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(self.env, "stranger", "lockgate.lockgate_group_operator")
        stranger.write({"company_ids": [Command.set(company.ids)], "company_id": company.id})
        self.assertFalse(self.env["lockgate.reconciliation"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            reconciliation.with_user(stranger).action_stop()
        reconciliation.with_user(self.user_operator).action_stop()
        with self.assertRaises(AccessError):
            self.reconcile(stranger)

    def test_it_happens_as_often_as_the_channel_says(self):
        reconciliations = self.env["lockgate.reconciliation"]
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_values: 0)
        self.channel.reconcile_hours = 6
        reconciliations._cron_reconcile()
        self.assertFalse(reconciliations.search([("channel_id", "=", self.channel.id)]))
        self.created(hours=7)
        reconciliations._cron_reconcile()
        first = reconciliations.search([("channel_id", "=", self.channel.id)])
        self.assertRecordValues(first, [{"state": "running", "user_id": self.env.uid}])
        self.read_back(self.turn())
        reconciliations._cron_reconcile()
        self.assertEqual(first.state, "done")
        self.pass_time(6 * 3600 + 1)
        reconciliations._cron_reconcile()
        self.assertEqual(len(reconciliations.search([("channel_id", "=", self.channel.id)])), 2)

    def test_a_channel_is_compared_once_a_day_where_nobody_says_otherwise(self):
        self.created(hours=23)
        self.assertFalse(self.channel._reconciliation_due())
        self.created(hours=25)
        self.assertTrue(self.channel._reconciliation_due())

    def test_by_hand_alone_is_a_rhythm_too(self):
        self.created(hours=1000)
        self.channel.reconcile_hours = 0
        self.assertFalse(self.channel._reconciliation_due())

    @mute_logger("odoo.sql_db")
    def test_a_rhythm_below_zero_is_refused(self):
        with self.assertRaises(IntegrityError):
            self.channel.reconcile_hours = -1
            self.env.flush_all()

    def test_it_is_kept_as_long_as_its_evidence(self):
        reconciliation = self.reconcile()
        self.read_back(self.turn())
        self.catch_up()
        reconciliation._gc_reconciliations()
        self.assertTrue(reconciliation.exists())
        self.env.cr.execute("DELETE FROM lockgate_attempt WHERE reconciliation_id IS NOT NULL")
        reconciliation._gc_reconciliations()
        self.env.invalidate_all()
        self.assertFalse(reconciliation.exists())

    def test_its_buttons_open_what_was_read(self):
        reconciliation = self.reconcile()
        self.read_back(self.turn(), {"quay-1": 4})
        found = reconciliation.with_user(self.user_reader)
        for method, number in (("action_open_differences", 1), ("action_open_attempts", 3)):
            action = getattr(found, method)()
            self.assertEqual(self.env["lockgate.attempt"].search_count(action["domain"]), number)
