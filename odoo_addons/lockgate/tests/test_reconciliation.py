from odoo.exceptions import UserError

from .common import result
from .reconciling import ReconciliationCase


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
        self.end_leases()  # the worker died
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
