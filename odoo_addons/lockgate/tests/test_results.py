from ..turn import Refused
from .common import LockgateCase, result


class TestResults(LockgateCase):
    def reading(self, quantity):
        return {"aspect": "stock", "quantity": quantity}

    def test_an_accepted_value_is_published_and_waits_to_be_verified(self):
        self.report(self.lease(7)[0])
        publication = self.publication()
        self.assertEqual((publication.state, publication.confirmed["quantity"]), ("verify", 7))
        self.assertTrue(publication.confirmed_at)
        self.assertFalse(publication.verified_at)

    def test_an_accepted_value_is_read_back_after_the_lag(self):
        answer, _lease = self.lease(7)
        self.assertEqual(self.report(answer)["leases"], [])
        self.pass_time(2)
        (lease,) = self.turn()["leases"]
        self.assertEqual(lease["purpose"], "read")

    def test_what_it_took_is_read_back_behind_all_that_it_was_not_told(self):
        self.want(7, work_class="critical")
        answer = self.turn()
        (lease,) = answer["leases"]
        self.tell(answer)
        self.pass_time(2)
        self.want(8, self.listings[1])
        (first,) = self.turn(work_class="routine", ceiling=1)["leases"]
        self.assertEqual((first["purpose"], first["value"]["quantity"]), ("push", 8))
        (second,) = self.turn(work_class="bulk")["leases"]
        self.assertEqual((second["purpose"], second["publication"]), ("read", lease["publication"]))

    def test_a_value_that_came_meanwhile_keeps_its_class(self):
        answer, _lease = self.lease(7)
        self.want(0, work_class="critical")
        self.turn(work_class="critical", ceiling=0)
        (lease,) = self.turn(*(result(answer, lease) for lease in answer["leases"]), work_class="critical")[
            "leases"
        ]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"]), ("push", 0))

    def test_what_does_not_show_on_the_channel_is_sent_again_before_bulk(self):
        self.tell(self.lease(7)[0])
        self.pass_time(2)
        self.tell(self.turn(work_class="bulk"), "read", reading=self.reading(6))
        (lease,) = self.turn(work_class="routine")["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"]), ("push", 7))

    def test_an_equal_read_back_reconciles(self):
        self.settle(7)
        publication = self.publication()
        self.assertEqual((publication.state, publication.tries), ("settled", 0))
        self.assertEqual(publication.verified_version, publication.version)
        self.assertTrue(publication.verified_at)

    def test_why_it_did_not_end_well_is_kept_with_the_attempt(self):
        self.report(self.lease(7)[0], "attention", cause="credentials")
        self.assertEqual(self.publication().attempt_ids.cause, "credentials")

    def test_a_channel_that_cannot_be_read_is_settled_when_it_accepts(self):
        self.channel.connector_id.can_read_back = False
        self.report(self.lease(7)[0])
        publication = self.publication()
        self.assertEqual(publication.state, "settled")
        self.assertFalse(publication.verified_at)

    def test_a_different_read_back_pushes_again(self):
        self.report(self.lease(7)[0])
        self.pass_time(2)
        answer = self.turn()
        answer = self.report(answer, "read", reading=self.reading(6))
        (lease,) = answer["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"]), ("push", 7))
        self.assertEqual(self.publication().message, "The channel shows 6 where Lockgate sent 7.")

    def test_a_product_that_the_channel_does_not_know_is_told_so(self):
        self.report(self.lease(7)[0])
        self.pass_time(2)
        self.report(self.turn(), "read", reading=None)
        self.assertIn("no such product", self.publication().message)

    def test_a_read_back_that_differs_too_often_blocks(self):
        answer, _lease = self.lease(7)
        for _round in range(self.channel.most_tries):
            if self.publication().state == "blocked":
                break
            answer = self.report(answer)
            self.pass_time(2)
            answer = self.report(self.turn(), "read", reading=self.reading(6))
        self.assertEqual(self.publication().state, "blocked")
        self.assertEqual(self.catch_up().category, "drift")

    def test_a_value_whose_workers_never_come_back_is_blocked(self):
        self.lease(7)
        for _round in range(self.channel.most_tries - 1):
            self.end_leases()
            self.assertEqual(len(self.turn()["leases"]), 1)
        self.pass_time(21)
        self.assertEqual(self.turn()["leases"], [])
        self.assertEqual(self.publication().state, "blocked")
        self.assertRecordValues(self.catch_up(), [{"category": "internal", "state": "open"}])

    def test_an_unknown_value_found_on_the_channel_is_published_and_reconciled(self):
        self.report(self.lease(7)[0], "unknown")
        self.pass_time(21)
        answer = self.turn()
        self.assertEqual(answer["leases"][0]["purpose"], "read")
        self.report(answer, "read", reading=self.reading(7))
        publication = self.publication()
        self.assertEqual((publication.state, publication.confirmed["quantity"]), ("settled", 7))

    def test_an_unknown_value_is_read_no_earlier_than_the_channel_shows_what_landed_last(self):
        """20 seconds to land, and 1 of lag: what landed at 20 would not be seen at once."""
        for way in ("the worker said so", "no worker came back"):
            with self.subTest(way):
                answer, _lease = self.lease(7 if way == "the worker said so" else 8)
                if way == "the worker said so":
                    self.report(answer, "unknown")
                self.pass_time(20)
                self.assertEqual(self.turn()["leases"], [])
                self.pass_time(1)
                answer = self.turn()
                self.assertEqual([lease["purpose"] for lease in answer["leases"]], ["read"])
                self.report(answer, "read", reading=self.reading(answer["leases"][0]["value"]["quantity"]))

    def test_an_unknown_value_is_not_read_while_it_may_still_land(self):
        answer, _lease = self.lease(7)
        self.assertEqual(self.report(answer, "unknown")["leases"], [])
        self.pass_time(10)
        self.assertEqual(self.turn()["leases"], [])

    def test_a_refused_value_is_blocked_with_the_channels_words(self):
        self.block(7, "SKU quay-0 is not in the catalogue.")
        publication = self.publication()
        self.assertEqual(
            (publication.state, publication.message), ("blocked", "SKU quay-0 is not in the catalogue.")
        )
        self.pass_time(3600)
        self.assertEqual(self.turn()["leases"], [])

    def test_a_newer_value_lifts_blocked(self):
        self.block(7)
        self.want(8)
        (lease,) = self.turn()["leases"]
        self.assertEqual((lease["value"]["quantity"], lease["tries"]), (8, 1))

    def test_a_retry_is_due_later_and_carries_the_newest_value(self):
        answer, _lease = self.lease(7)
        after = self.report(answer, "retry", retry_after=60.0, message="The channel is overloaded.")
        self.assertEqual(after["leases"], [])
        self.maker.quantities[self.listing.id] = 9
        self.pass_time(61)
        self.mark(self.listing)
        (lease,) = self.turn()["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"]), ("push", 9))

    def test_a_newer_value_does_not_pass_the_channels_wish_to_wait(self):
        answer, _lease = self.lease(7)
        self.report(answer, "retry", retry_after=60.0, message="Too many requests.")
        self.want(8)
        self.assertEqual(self.turn()["leases"], [])
        self.pass_time(61)
        (lease,) = self.turn()["leases"]
        self.assertEqual(lease["value"]["quantity"], 8)

    def test_however_long_a_channel_asks_to_wait_the_newest_value_goes_out_in_a_quarter_of_an_hour(self):
        """Of what was sent, and of what went back with it unsent."""
        for listing, seconds in ((self.listings[0], 0.01), (self.listings[2], 0.0)):
            with self.subTest(seconds=seconds):
                self.want(7, listing)
                self.tell(self.turn(), "retry", cause="channel_down", retry_after=1e9, seconds=seconds)
                self.want(5, self.listings[1])
                self.tell(self.turn())
                self.want(8, listing, work_class="critical")
                self.turn(ceiling=0)
                self.pass_time(901)
                pushed = [lease["value"] for lease in self.turn()["leases"] if lease["purpose"] == "push"]
                self.assertIn({**pushed[0], "sku": listing.sku, "quantity": 8}, pushed)
                self.end_leases()

    def test_a_persons_retry_does_not_wait(self):
        answer, _lease = self.lease(7)
        self.report(answer, "retry", retry_after=60.0, message="Too many requests.")
        self.mark(self.listing, "retry")
        self.assertEqual(len(self.turn()["leases"]), 1)

    def test_tries_count_up_while_the_value_stays(self):
        answer, _lease = self.lease(7)
        self.report(answer, "retry", retry_after=10.0)
        self.pass_time(11)
        self.assertEqual([lease["tries"] for lease in self.turn()["leases"]], [2])

    def test_a_lease_handed_back_unsent_was_no_try(self):
        answer, _lease = self.lease(7)
        self.report(answer, "retry", retry_after=10.0, seconds=0.0)
        self.pass_time(11)
        self.assertEqual([lease["tries"] for lease in self.turn()["leases"]], [1])

    def test_confirming_an_older_value_leaves_the_newer_one_due(self):
        answer, lease = self.lease(5)
        self.want(6)
        self.turn()
        after = self.turn(result(answer, lease))
        publication = self.publication()
        self.assertEqual(publication.confirmed["quantity"], 5)
        (lease,) = after["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"], lease["tries"]), ("push", 6, 1))

    def test_refusing_an_older_value_leaves_the_newer_one_due(self):
        answer, lease = self.lease(5)
        self.want(6)
        self.turn()
        after = self.turn(result(answer, lease, "rejected", message="No."))
        (lease,) = after["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"], lease["tries"]), ("push", 6, 1))

    def test_a_result_for_a_withdrawn_value_settles(self):
        answer, lease = self.lease(5)
        self.want(None)
        self.turn()
        self.assertEqual(self.turn(result(answer, lease))["leases"], [])
        self.assertEqual(self.publication().state, "settled")

    def test_the_result_of_an_old_token_is_evidence_and_frees_nothing(self):
        old, old_lease = self.lease(7)
        self.end_leases()
        new = self.turn()
        self.turn(result(old, old_lease, "rejected", message="Too late."))
        publication = self.publication()
        self.assertEqual((publication.state, publication.lease_token), ("leased", new["token"]))
        self.assertFalse(publication.failed_at)
        self.assertIn("rejected", publication.attempt_ids.mapped("outcome"))

    def test_a_second_result_for_a_lease_changes_nothing(self):
        answer, lease = self.lease(7)
        self.turn(result(answer, lease))
        before = self.publication().read()
        self.turn(result(answer, lease, "rejected", message="Changed my mind."))
        self.assertEqual(self.publication().read(), before)
        self.assertEqual(self.publication().attempt_ids.outcome, "accepted")

    def test_a_result_for_a_lease_that_was_never_given_is_refused(self):
        answer, lease = self.lease(7)
        self.want(5, self.listings[1])
        forged = {**result(answer, lease), "token": "a-token-of-somebody-else"}
        with self.assertRaisesRegex(Refused, "never gave"), self.env.cr.savepoint():
            self.turn(result(answer, lease), forged)
        publication = self.publication()
        self.assertEqual((publication.state, publication.confirmed), ("leased", False))
        self.assertEqual(len(self.marks()), 1)

    def test_a_token_of_another_publication_is_refused(self):
        answer, lease = self.lease(7)
        with self.assertRaisesRegex(Refused, "never gave"), self.env.cr.savepoint():
            self.turn({**result(answer, lease), "publication": lease["publication"] + 1000000})

    def test_a_reading_is_no_answer_to_a_push(self):
        answer, lease = self.lease(7)
        with self.assertRaisesRegex(Refused, "kind"), self.env.cr.savepoint():
            self.turn(result(answer, lease, "read", reading=self.reading(7)))
        self.assertEqual(self.publication().state, "leased")

    def test_answers_of_a_batch_are_matched_by_key(self):
        for number, listing in enumerate(self.listings):
            self.want(number, listing)
        answer = self.turn()
        reports = [
            result(answer, lease, "rejected" if lease["value"]["quantity"] == 1 else "accepted")
            for lease in answer["leases"]
        ]
        self.turn(*reversed(reports))
        self.assertEqual(
            [self.publication(listing).state for listing in self.listings], ["verify", "blocked", "verify"]
        )

    def test_a_push_again_sends_what_is_settled_once_more(self):
        self.settle(7)
        self.publication().with_user(self.user_operator).action_push_again()
        self.env.cr.flush()
        (lease,) = self.turn()["leases"]
        self.assertEqual((lease["purpose"], lease["value"]["quantity"]), ("push", 7))
