from odoo.exceptions import AccessError

from .common import result
from .reconciling import ReconciliationCase


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
        self.created(hours=7)
        self.env["lockgate.reconciliation"]._cron_reconcile()
        self.assertFalse(self.channel.reconciliation_ids)
        self.channel.reconcile_kind = "refresh"
        self.env["lockgate.reconciliation"]._cron_reconcile()
        self.assertEqual(self.channel.reconciliation_ids.kind, "refresh")

    def test_only_an_operator_refreshes(self):
        for user in (self.user_reader, self.user_owner, self.user_internal, self.user_integration):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.channel.with_user(user).action_refresh()
