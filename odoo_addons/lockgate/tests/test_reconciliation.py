from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import file_open, mute_logger

from .common import LockgateCase, result


class ReconciliationCase(LockgateCase):
    """Three listings whose stock is settled: 10, 11 and 12."""

    def setUp(self):
        super().setUp()
        for number, listing in enumerate(self.listings):
            self.want(10 + number, listing)
        self.report(self.turn())
        self.pass_time(2)
        self.read_back(self.turn())
        self.pass_time(60)

    def read_back(self, leased, shown=None, **values):
        """Report each read-back: the channel shows `shown` by SKU, and else what is wanted."""
        reports = []
        for lease in leased["leases"]:
            self.assertEqual(lease["purpose"], "read")
            quantity = (shown or {}).get(lease["value"]["sku"], lease["value"]["quantity"])
            reading = {"aspect": "stock", "quantity": quantity}
            reports.append(result(leased, lease, "read", reading=reading))
        return self.turn(*reports, **values)

    def reconcile(self, user=None):
        action = self.channel.with_user(user or self.user_operator).action_reconcile()
        self.env.flush_all()
        return self.env["lockgate.reconciliation"].browse(action["res_id"])

    def catch_up(self):
        self.env["lockgate.reconciliation"]._catch_up(self.channel)
        self.env.flush_all()
        self.env.invalidate_all()

    def counts(self, reconciliation):
        self.env.invalidate_all()
        return {name: reconciliation[name] for name in ("finished", "total", "agreed", "differed", "unread")}


class TestReconciliation(ReconciliationCase):
    def test_what_is_settled_is_read_back_and_found_equal(self):
        reconciliation = self.reconcile()
        self.assertEqual(self.counts(reconciliation)["total"], 3)
        answer = self.turn()
        self.assertEqual([lease["purpose"] for lease in answer["leases"]], ["read"] * 3)
        self.assertEqual(self.counts(reconciliation)["finished"], 0)
        self.assertEqual(self.read_back(answer)["leases"], [])
        self.catch_up()
        self.assertEqual(
            self.counts(reconciliation),
            {"finished": 3, "total": 3, "agreed": 3, "differed": 0, "unread": 0},
        )
        self.assertRecordValues(reconciliation, [{"state": "done", "user_id": self.user_operator.id}])
        self.assertTrue(reconciliation.ended_at)
        self.assertIn("3 compared, 0 differed", self.channel.message_ids[0].body)

    def test_what_differs_is_counted_told_and_sent_again(self):
        reconciliation = self.reconcile()
        answer = self.read_back(self.turn(), {"quay-1": 4})
        (lease,) = answer["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"]), ("push", 11))
        self.report(answer)
        self.assertEqual(self.counts(reconciliation)["finished"], 3)
        self.pass_time(2)
        self.read_back(self.turn())
        self.catch_up()
        self.assertEqual(
            self.counts(reconciliation),
            {"finished": 3, "total": 3, "agreed": 2, "differed": 1, "unread": 0},
        )
        self.assertRecordValues(
            reconciliation.difference_ids,
            [
                {
                    "listing_id": self.listings[1].id,
                    "aspect": "stock",
                    "value_text": "11",
                    "reading_text": "4",
                    "publication_state": "settled",
                }
            ],
        )

    def test_a_listing_that_the_channel_lost_differs(self):
        reconciliation = self.reconcile()
        answer = self.turn()
        self.turn(*(result(answer, lease, "read", reading=None) for lease in answer["leases"]))
        self.assertEqual(self.counts(reconciliation)["differed"], 3)
        self.assertEqual(
            set(reconciliation.difference_ids.mapped("reading_text")), {"not known to the channel"}
        )

    def test_other_work_goes_first(self):
        self.reconcile()
        self.want(5)
        answer = self.turn(ceiling=1)
        self.assertEqual([lease["purpose"] for lease in answer["leases"]], ["push"])
        self.assertEqual(answer["more"]["bulk"], 1)
        self.assertEqual(self.turn(ceiling=3, work_class="routine")["leases"], [])

    def test_due_tells_of_it_as_bulk_work(self):
        self.reconcile()
        self.assertEqual(
            self.env["lockgate.turn"]._due()["channels"],
            [{"channel": "quay", "critical": 0, "routine": 0, "bulk": 1}],
        )

    def test_a_newer_value_meanwhile_is_left_out_because_it_is_read_back_on_its_own(self):
        reconciliation = self.reconcile()
        self.want(5)
        answer = self.turn()
        self.assertEqual(sorted(lease["purpose"] for lease in answer["leases"]), ["push", "read", "read"])
        reports = [
            result(answer, lease)
            if lease["purpose"] == "push"
            else result(
                answer,
                lease,
                "read",
                reading={"aspect": "stock", "quantity": lease["value"]["quantity"]},
            )
            for lease in answer["leases"]
        ]
        self.turn(*reports)
        self.pass_time(2)
        self.read_back(self.turn())
        self.catch_up()
        self.assertEqual(reconciliation.state, "done")
        self.assertEqual(
            self.counts(reconciliation),
            {"finished": 2, "total": 2, "agreed": 2, "differed": 0, "unread": 0},
        )

    def test_a_newer_value_while_it_is_read_is_sent_and_not_taken_for_a_difference(self):
        reconciliation = self.reconcile()
        answer = self.turn()
        self.want(5)
        after = self.read_back(answer)
        (lease,) = after["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"]), ("push", 5))
        self.catch_up()
        self.assertEqual(self.counts(reconciliation)["agreed"], 3)
        self.assertEqual(reconciliation.state, "done")

    def test_a_value_that_is_new_when_a_lost_read_back_is_asked_again_is_not_compared(self):
        reconciliation = self.reconcile()
        self.turn()
        self.pass_time(21)  # the worker died: its leases end
        self.want(5)
        answer = self.turn()
        self.assertEqual({lease["purpose"] for lease in answer["leases"]}, {"read"})
        after = self.read_back(answer, {"quay-0": 10})
        self.report(after)
        self.pass_time(2)
        self.read_back(self.turn())
        self.catch_up()
        self.assertEqual(
            self.counts(reconciliation),
            {"finished": 3, "total": 3, "agreed": 2, "differed": 0, "unread": 1},
        )
        self.assertEqual(reconciliation.state, "done")

    def test_a_read_back_that_brought_nothing_is_asked_again(self):
        reconciliation = self.reconcile()
        answer = self.turn()
        after = self.report(answer, "retry", retry_after=10.0, message="Too many requests.")
        self.assertEqual(after["leases"], [])
        self.catch_up()
        self.assertEqual(reconciliation.state, "running")
        self.assertEqual(self.counts(reconciliation)["total"], 3)
        self.pass_time(11)
        self.read_back(self.turn())
        self.catch_up()
        self.assertEqual(self.counts(reconciliation)["agreed"], 3)
        self.assertEqual(reconciliation.state, "done")

    def test_a_channel_that_cannot_be_reached_is_left_alone(self):
        self.reconcile()
        self.report(self.turn(), "down", retry_after=30.0, message="Connection refused.")
        self.assertEqual(self.turn()["leases"], [])
        self.assertEqual(self.env["lockgate.turn"]._due()["channels"], [])

    def test_what_the_channel_refuses_to_tell_is_counted_and_a_person_decides(self):
        reconciliation = self.reconcile()
        self.report(self.turn(), "attention", message="The credential is not accepted.")
        self.catch_up()
        self.assertEqual(
            self.counts(reconciliation),
            {"finished": 3, "total": 3, "agreed": 0, "differed": 0, "unread": 3},
        )
        self.assertEqual(reconciliation.state, "done")
        self.assertEqual(self.publication().state, "blocked")

    def test_a_value_that_was_withdrawn_does_not_keep_it_running(self):
        reconciliation = self.reconcile()
        self.turn()
        self.pass_time(21)
        for listing in self.listings:
            self.want(None, listing)
        self.turn(ceiling=0)
        self.catch_up()
        self.assertEqual(reconciliation.state, "done")

    def test_what_is_blocked_or_was_never_taken_is_not_compared(self):
        self.want(3)
        self.report(self.turn(), "rejected", message="No.")
        reconciliation = self.reconcile()
        self.assertEqual(self.counts(reconciliation)["total"], 2)
        skus = {lease["value"]["sku"] for lease in self.turn()["leases"]}
        self.assertEqual(skus, {"quay-1", "quay-2"})

    def test_stopped_it_asks_for_no_more_and_takes_what_was_asked(self):
        reconciliation = self.reconcile()
        answer = self.turn(ceiling=1)
        reconciliation.with_user(self.user_operator).action_stop()
        self.assertEqual(self.read_back(answer)["leases"], [])
        self.catch_up()
        self.assertEqual(reconciliation.state, "stopped")
        self.assertEqual(
            self.counts(reconciliation),
            {"finished": 1, "total": 1, "agreed": 1, "differed": 0, "unread": 0},
        )

    def test_paused_it_asks_for_no_more_until_it_is_resumed(self):
        reconciliation = self.reconcile()
        answer = self.turn(ceiling=1)
        mine = reconciliation.with_user(self.user_operator)
        mine.action_pause()
        self.assertEqual(self.read_back(answer)["leases"], [])
        self.assertEqual(self.env["lockgate.turn"]._due()["channels"], [])
        self.catch_up()
        self.assertEqual(reconciliation.state, "paused")
        self.assertEqual((reconciliation.finished, reconciliation.total), (1, 3))
        with self.assertRaisesRegex(UserError, "already running or paused"):
            self.reconcile()
        mine.action_resume()
        self.assertEqual(len(self.read_back(self.turn())["leases"]), 0)
        self.catch_up()
        self.assertEqual((reconciliation.state, reconciliation.agreed), ("done", 3))

    def test_one_that_has_ended_is_neither_paused_nor_resumed_nor_stopped(self):
        reconciliation = self.reconcile()
        self.read_back(self.turn())
        self.catch_up()
        for method in ("action_pause", "action_resume", "action_stop"):
            getattr(reconciliation, method)()
            self.assertEqual(reconciliation.state, "done")

    def test_a_second_comparison_reads_all_again(self):
        first = self.reconcile()
        self.read_back(self.turn())
        self.catch_up()
        self.pass_time(60)
        second = self.reconcile()
        self.read_back(self.turn(), {"quay-2": 0})
        self.assertEqual(self.counts(second)["differed"], 1)
        self.assertEqual(self.counts(first)["agreed"], 3)


class TestRefresh(ReconciliationCase):
    """A full refresh sends again what agreed, too; what is settled is read first, where it can be."""

    def refresh(self):
        action = self.channel.with_user(self.user_operator).action_refresh()
        self.env.flush_all()
        return self.env["lockgate.reconciliation"].browse(action["res_id"])

    def verify(self):
        """Read back what was just sent, after the channel's lag."""
        self.pass_time(2)
        return self.read_back(self.turn())

    def purposes(self, answer):
        return [lease["purpose"] for lease in answer["leases"]]

    def test_everything_is_read_and_sent_again_and_read_back_once_more(self):
        refresh = self.refresh()
        answer = self.turn()
        self.assertEqual(self.purposes(answer), ["read"] * 3)
        answer = self.read_back(answer)
        self.assertEqual(self.purposes(answer), ["push"] * 3)
        self.assertEqual((refresh.finished, refresh.total, refresh.agreed), (0, 3, 3))
        self.catch_up()
        self.assertEqual(refresh.state, "running")
        self.report(answer)
        self.catch_up()
        self.assertEqual(refresh.state, "done")
        self.assertEqual(self.verify()["leases"], [])
        self.assertRecordValues(
            refresh,
            [{"finished": 3, "total": 3, "sent": 3, "agreed": 3, "differed": 0, "unread": 0}],
        )
        self.assertEqual(self.publication().state, "settled")

    def test_it_says_what_it_corrected(self):
        refresh = self.refresh()
        answer = self.read_back(self.turn(), {"quay-1": 4})
        self.assertEqual(self.purposes(answer), ["push"] * 3)
        self.report(answer)
        self.assertEqual(self.verify()["leases"], [])
        self.catch_up()
        self.assertRecordValues(
            refresh,
            [
                {
                    "state": "done",
                    "finished": 3,
                    "total": 3,
                    "sent": 2,
                    "agreed": 2,
                    "differed": 1,
                    "unread": 0,
                }
            ],
        )
        self.assertEqual(refresh.difference_ids.reading_text, "4")
        self.assertIn("1 differed and are sent anew", self.channel.message_ids[0].body)

    def test_a_channel_that_cannot_be_read_is_sent_everything_again(self):
        self.channel.connector_id.can_read_back = False
        refresh = self.refresh()
        answer = self.turn()
        self.assertEqual(self.purposes(answer), ["push"] * 3)
        self.assertEqual(self.report(answer)["leases"], [])
        self.catch_up()
        self.assertRecordValues(
            refresh, [{"state": "done", "reads": False, "sent": 3, "finished": 3, "total": 3}]
        )
        self.assertIn("nobody knows what was corrected", self.channel.message_ids[0].body)

    def test_other_work_goes_first(self):
        self.channel.connector_id.can_read_back = False
        self.refresh()
        self.want(5)
        (lease,) = self.turn(ceiling=1)["leases"]
        self.assertEqual(lease["value"]["quantity"], 5)
        self.assertEqual(self.turn(ceiling=3, work_class="routine")["leases"], [])

    def test_a_frozen_channel_is_read_and_sent_nothing_until_it_is_resumed(self):
        self.channel.action_freeze()
        refresh = self.refresh()
        self.assertEqual(self.read_back(self.turn())["leases"], [])
        self.assertEqual(self.env["lockgate.turn"]._due()["channels"], [])
        self.catch_up()
        self.assertEqual((refresh.state, refresh.finished, refresh.total), ("running", 0, 3))
        self.channel.action_resume()
        self.env.cr.flush()
        self.env.cr.execute("DELETE FROM lockgate_outbox")
        self.assertEqual(self.env["lockgate.turn"]._due()["channels"][0]["bulk"], 1)
        self.assertEqual(self.purposes(self.turn()), ["push"] * 3)

    def test_a_frozen_channel_that_cannot_be_read_is_sent_nothing_either(self):
        self.channel.connector_id.can_read_back = False
        self.channel.action_freeze()
        self.refresh()
        self.assertEqual(self.turn()["leases"], [])

    def test_frozen_while_a_push_waits_to_be_tried_again_it_is_not_sent(self):
        self.refresh()
        answer = self.read_back(self.turn())
        self.report(answer, "retry", retry_after=10.0, message="Too many requests.")
        self.channel.action_freeze()
        self.pass_time(11)
        self.assertEqual(self.turn()["leases"], [])
        self.channel.action_resume()
        self.assertEqual(self.purposes(self.turn()), ["push"] * 3)

    def test_a_push_that_must_be_tried_again_still_counts(self):
        refresh = self.refresh()
        answer = self.read_back(self.turn())
        self.report(answer, "retry", retry_after=10.0, message="Too many requests.")
        self.catch_up()
        self.assertEqual((refresh.state, refresh.finished, refresh.total), ("running", 0, 3))
        self.pass_time(11)
        self.report(self.turn())
        self.catch_up()
        self.assertEqual((refresh.state, refresh.sent), ("done", 3))

    def test_a_push_without_an_answer_is_settled_by_reading_and_not_sent_for_ever(self):
        refresh = self.refresh()
        answer = self.read_back(self.turn())
        self.report(answer, "unknown")
        self.pass_time(21)
        self.assertEqual(self.read_back(self.turn())["leases"], [])
        self.catch_up()
        self.assertRecordValues(refresh, [{"state": "done", "sent": 0, "agreed": 3, "finished": 3}])

    def test_what_the_channel_refuses_ends_as_an_exception_and_the_refresh_ends(self):
        self.channel.connector_id.can_read_back = False
        refresh = self.refresh()
        self.report(self.turn(), "rejected", message="No.")
        self.catch_up()
        self.assertRecordValues(
            refresh, [{"state": "done", "sent": 0, "unread": 3, "finished": 3, "total": 3}]
        )
        self.assertEqual(self.publication().state, "blocked")

    def test_a_newer_value_meanwhile_is_sent_once(self):
        refresh = self.refresh()
        self.want(5)
        answer = self.turn()
        self.assertEqual(sorted(self.purposes(answer)), ["push", "read", "read"])
        reports = [
            result(answer, lease)
            if lease["purpose"] == "push"
            else result(
                answer, lease, "read", reading={"aspect": "stock", "quantity": lease["value"]["quantity"]}
            )
            for lease in answer["leases"]
        ]
        self.report(self.turn(*reports))
        self.assertEqual(self.verify()["leases"], [])
        self.catch_up()
        self.assertRecordValues(refresh, [{"state": "done", "sent": 2, "finished": 2, "total": 2}])

    def test_paused_between_reading_and_sending_it_sends_nothing(self):
        refresh = self.refresh()
        answer = self.turn()
        refresh.action_pause()
        self.assertEqual(self.read_back(answer)["leases"], [])
        self.assertEqual((refresh.finished, refresh.total), (0, 3))
        refresh.action_resume()
        self.assertEqual(self.purposes(self.turn()), ["push"] * 3)

    def test_it_happens_as_often_as_the_channel_says(self):
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_values: 0)
        self.channel.connector_id.can_read_back = False
        self.channel.reconcile_hours = 6
        self.env["lockgate.reconciliation"]._cron_reconcile()
        self.assertFalse(self.channel.reconciliation_ids)
        self.channel.reconcile_kind = "refresh"
        self.env["lockgate.reconciliation"]._cron_reconcile()
        self.assertEqual(self.channel.reconciliation_ids.kind, "refresh")

    def test_only_an_operator_refreshes(self):
        for user in (self.user_reader, self.user_owner, self.user_internal, self.user_integration):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.channel.with_user(user).action_refresh()


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
        reconciliations._cron_reconcile()
        self.assertFalse(reconciliations.search([("channel_id", "=", self.channel.id)]))
        self.channel.reconcile_hours = 6
        reconciliations._cron_reconcile()
        first = reconciliations.search([("channel_id", "=", self.channel.id)])
        self.assertRecordValues(first, [{"state": "running", "user_id": self.env.uid}])
        self.read_back(self.turn())
        reconciliations._cron_reconcile()
        self.assertEqual(first.state, "done")
        self.pass_time(6 * 3600 + 1)
        reconciliations._cron_reconcile()
        self.assertEqual(len(reconciliations.search([("channel_id", "=", self.channel.id)])), 2)

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
