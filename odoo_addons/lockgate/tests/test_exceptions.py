from odoo.exceptions import AccessError

from .common import LockgateCase


class TestExceptions(LockgateCase):
    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner

    def test_a_refused_value_becomes_an_exception_in_plain_words(self):
        self.block(
            7, "SKU quay-0 is not in the catalogue.", answer='{"error": "unknown sku"}', request_id="r-1"
        )
        exception = self.catch_up()
        self.assertRecordValues(
            exception,
            [
                {
                    "display_name": "Quay: Stock Refused (quay-0)",
                    "category": "stock_refused",
                    "state": "open",
                    "message": "SKU quay-0 is not in the catalogue.",
                    "value": "7",
                    "answer": '{"error": "unknown sku"}',
                    "request_id": "r-1",
                    "count": 1,
                    "owner_id": self.user_owner.id,
                    "listing_id": self.listing.id,
                }
            ],
        )
        self.assertGreater(exception.deadline, exception.first_at)
        self.assertEqual(exception.activity_ids.user_id, self.user_owner)

    def test_one_failure_is_recorded_once(self):
        self.block()
        self.catch_up()
        self.assertRecordValues(self.catch_up(), [{"count": 1}])

    def test_the_same_failure_again_is_counted_on_the_same_exception(self):
        self.block()
        exception = self.catch_up()
        self.pass_time(10)
        exception.with_user(self.user_owner).action_retry()
        self.env.cr.flush()
        self.report(self.turn(), "rejected", message="The channel does not know it.")
        self.assertEqual(self.catch_up(), exception)
        self.assertRecordValues(exception, [{"count": 2, "listing_count": 1, "state": "open"}])

    def test_retry_sends_the_newest_value_and_resolves_when_the_channel_takes_it(self):
        self.block(7)
        exception = self.catch_up()
        self.pass_time(10)
        self.maker.quantities[self.listing.id] = 9
        exception.with_user(self.user_owner).action_retry()
        self.env.cr.flush()
        self.assertEqual(exception.state, "retrying")
        answer = self.turn()
        self.assertEqual([lease["value"]["quantity"] for lease in answer["leases"]], [9])
        self.report(answer)
        self.catch_up()
        self.assertEqual(exception.state, "resolved")
        self.assertTrue(exception.resolved_at)
        self.assertFalse(exception.activity_ids)
        self.assertIn("the channel took 9", exception.message_ids[0].body)

    def test_it_resolves_by_itself_when_a_newer_value_is_taken(self):
        self.block(7)
        exception = self.catch_up()
        self.pass_time(10)
        self.report(self.lease(8)[0])
        self.catch_up()
        self.assertEqual(exception.state, "resolved")

    def test_a_mended_mapping_sends_again(self):
        self.block(7)
        exception = self.catch_up()
        self.pass_time(10)
        self.assertEqual(exception.action_fix_mapping()["res_id"], self.listing.id)
        self.listing.with_user(self.user_owner).sku = "QUAY-00"
        self.env.cr.flush()
        (lease,) = self.turn()["leases"]
        self.assertEqual(lease["value"]["sku"], "QUAY-00")

    def test_an_ignored_exception_stays_closed_while_nothing_changes(self):
        self.block(7)
        exception = self.catch_up()
        self.ignore(exception, "Sold out for good.")
        self.assertEqual(self.catch_up(), exception)
        self.assertRecordValues(exception, [{"state": "ignored", "reason": "Sold out for good."}])
        self.assertIn("Sold out for good.", exception.message_ids[0].body)

    def test_a_later_failure_opens_an_ignored_matter_again(self):
        self.block(7)
        self.ignore(self.catch_up())
        self.pass_time(10)
        self.block(8)
        self.assertEqual(self.catch_up().mapped("state"), ["ignored", "open"])

    def test_a_resolved_exception_is_neither_retried_nor_ignored(self):
        self.block(7)
        exception = self.catch_up()
        self.pass_time(10)
        self.report(self.lease(8)[0])
        self.catch_up()
        self.env.cr.execute("DELETE FROM lockgate_outbox")
        exception.with_user(self.user_owner).action_retry()
        self.ignore(exception)
        self.assertEqual((exception.state, self.marks()), ("resolved", []))

    def test_the_cron_makes_good_what_an_exchange_could_not_write(self):
        self.block(7)
        self.run_cron("_cron_catch_up")
        self.assertEqual(self.exceptions().state, "open")

    def test_nobody_records_an_exception_by_hand(self):
        values = {
            "name": "Invented",
            "channel_id": self.channel.id,
            "fingerprint": "invented",
            "category": "stock_refused",
        }
        for user in (self.user_reader, self.user_operator, self.user_owner, self.user_manager):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["lockgate.exception"].with_user(user).create(values)

    def test_nobody_writes_the_facts_of_an_exception(self):
        self.block(7)
        exception = self.catch_up()
        for values in (
            {"state": "resolved"},
            {"message": "All is well."},
            {"count": 0},
            {"category": "drift"},
            {"failing_count": 0},
            {"revenue_at_risk": 0.0},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                exception.with_user(self.user_owner).write(values)

    def test_owner_and_due_time_are_edited(self):
        self.block(7)
        exception = self.catch_up()
        exception.with_user(self.user_owner).write(
            {"owner_id": self.user_manager.id, "deadline": "2030-01-01 12:00:00"}
        )
        self.assertEqual(exception.owner_id, self.user_manager)

    def test_only_exception_owners_press_the_buttons(self):
        self.block(7)
        exception = self.catch_up()
        for user in (self.user_reader, self.user_operator):
            with self.subTest(user=user.login):
                for button in ("retry", "retry_alike", "ignore", "skip", "assign_to_me"):
                    with self.assertRaises(AccessError):
                        getattr(exception.with_user(user), f"action_{button}")()
                with self.assertRaises(AccessError):
                    exception.failure_ids.with_user(user).action_retry()
                with self.assertRaises(AccessError):
                    self.ignore(exception, user=user)

    def test_exceptions_of_another_company_are_not_seen(self):
        self.block(7)
        exception = self.catch_up()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.user_owner.write({"company_ids": [(6, 0, company.ids)], "company_id": company.id})
        found = self.env["lockgate.exception"].with_user(self.user_owner).search([("id", "=", exception.id)])
        self.assertFalse(found)

    def test_nobody_writes_failures(self):
        self.block(7)
        failure = self.catch_up().failure_ids
        with self.assertRaises(AccessError):
            failure.write({"resolved_at": "2030-01-01 12:00:00"})
        with self.assertRaises(AccessError):
            failure.unlink()
        with self.assertRaises(AccessError):
            failure.copy()

    def test_nobody_deletes_an_exception(self):
        self.block(7)
        exception = self.catch_up()
        for user in (self.user_owner, self.user_manager):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                exception.with_user(user).unlink()
