from odoo import fields
from odoo.exceptions import UserError
from odoo.service.model import call_kw

from ..models import exception_bulk
from ..models.exception_record import Seen
from .common import LockgateCase


class TestRetry(LockgateCase):
    """Retry sends what waits to be sent; of what waits for a decision it says so, and leaves it open."""

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner

    def undecided(self, cause="conflict:rule 7"):
        """Something that no try tells of and no value waits for, as a rule records it."""
        self.env["lockgate.exception"]._record(
            [
                Seen(
                    self.channel.id,
                    "conflict",
                    cause,
                    "rule 7 product 7",
                    None,
                    self.listing.id,
                    "stock",
                    fields.Datetime.now(),
                    "It has the SKU of another one.",
                )
            ]
        )
        return self.exceptions()[-1].with_user(self.user_owner)

    def call(self, records, method):
        """As the web client and scripts call it."""
        self.env.flush_all()
        return call_kw(records.browse(), method, [records.ids], {})

    def test_what_waits_for_a_decision_is_not_retried_whoever_calls_and_stays_open(self):
        exception = self.undecided()
        for records, method in (
            (exception, "action_retry"),
            (exception, "action_retry_alike"),
            (exception.failure_ids, "action_retry"),
        ):
            with (
                self.subTest(records=records, method=method),
                self.assertRaisesRegex(UserError, "a person decides"),
            ):
                self.call(records, method)
        self.assertEqual((exception.can_retry, exception.state, self.marks()), (False, "open", []))

    def test_what_was_refused_or_could_not_be_computed_is_retried(self):
        self.block_all(self.listings[:1])
        self.catch_up()
        self.env["lockgate.exception"]._report("internal", self.listings[1], "stock", "A pack of nothing.")
        exceptions = self.exceptions().with_user(self.user_owner)
        self.assertEqual(exceptions.mapped("category"), ["stock_refused", "internal"])
        self.assertEqual(exceptions.mapped("can_retry"), [True, True])
        self.call(exceptions, "action_retry")
        self.assertEqual(exceptions.mapped("state"), ["retrying", "retrying"])
        marked = {(listing_id, reason) for listing_id, _aspect, reason in self.marks()}
        self.assertEqual(marked, {(listing.id, "retry") for listing in self.listings[:2]})

    def test_of_several_only_what_can_be_sent_is_retried(self):
        self.block_all(self.listings[1:2])
        refused = self.catch_up()
        undecided = self.undecided()
        (refused + undecided).with_user(self.user_owner).action_retry()
        self.assertEqual((refused.state, undecided.state), ("retrying", "open"))
        self.assertEqual(self.marks(), [(self.listings[1].id, "stock", "retry")])

    def test_of_one_that_holds_both_only_what_can_be_sent_is_marked(self):
        self.block_all(self.listings[1:2])
        refused = self.catch_up()
        both = self.undecided(cause=refused.fingerprint)
        self.assertEqual((both, both.failing_count), (refused, 2))
        both.action_retry()
        self.assertEqual(self.marks(), [(self.listings[1].id, "stock", "retry")])

    def test_of_chosen_dead_letters_only_what_can_be_sent_is_retried(self):
        self.block_all(self.listings[1:2])
        self.catch_up()
        self.undecided()
        shown = self.exceptions().failure_ids.with_user(self.user_owner).action_retry()
        self.assertIn("1 values", shown["params"]["message"])
        self.assertEqual(self.marks(), [(self.listings[1].id, "stock", "retry")])

    def test_behind_as_at_once_what_waits_for_a_decision_is_left_out(self):
        self.patch(exception_bulk, "AT_ONCE", 1)
        undecided = self.undecided()
        for listing, words in zip(self.listings[:2], ("lots", "picture"), strict=True):
            self.block_all(listing, message=f"It has no {words}.")
        exceptions = self.catch_up()
        action = exceptions.with_user(self.user_owner).action_retry()
        self.assertEqual(self.env["lockgate.exception.bulk"].browse(action["res_id"]).total, 2)
        self.run_cron("_cron_run", "lockgate.exception.bulk")
        self.assertEqual(sorted(exceptions.mapped("state")), ["open", "retrying", "retrying"])
        self.assertEqual(undecided.state, "open")
