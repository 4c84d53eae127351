from ast import literal_eval

from lxml import etree

from odoo import SUPERUSER_ID, api

from ..models import exception_record
from ..models.exception_category import BY_CAUSE, CATEGORIES, DUE_HOURS, SEVERITY, category_of
from ..models.exception_fingerprint import fingerprint, normalise
from ..models.exception_runbook import FIRST_STEPS
from .common import LockgateCase


class TestCauses(LockgateCase):
    """What has the same cause is one exception, however many listings it hits."""

    LISTINGS = 30

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner

    def take_all(self):
        """Retry the newest exception, and let the channel take everything."""
        self.pass_time(10)
        self.mark(self.listings, "retry")
        self.report(self.turn(ceiling=5000))

    def test_one_cause_on_many_listings_is_one_exception(self):
        self.block_all(message="The shop has no product with SKU {sku}.", cause="unknown_product")
        exception = self.catch_up()
        self.assertRecordValues(
            exception,
            [{"category": "unknown_product", "listing_count": 30, "failing_count": 30, "count": 30}],
        )
        self.assertEqual(exception.display_name, "Quay: Product Unknown at the Channel (30 listings)")
        self.assertEqual(exception.failure_ids.listing_id, self.listings)
        self.assertEqual(len(exception.activity_ids), 1)

    def test_catching_up_takes_as_many_statements_for_thirty_failures_as_for_three(self):
        self.block_all(self.listings[:1])
        self.statements()  # what is read once and remembered
        self.block_all(self.listings[1:4], message="Something else about {sku}.")
        few = self.statements()
        self.block_all(self.listings[4:], message="A third matter of {sku}.")
        self.assertEqual(self.statements(), few)

    def statements(self):
        before = self.env.cr.sql_log_count
        self.env["lockgate.exception"]._catch_up(self.channel)
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_other_words_are_another_cause(self):
        self.block_all(self.listings[:2], message="{sku} costs less than the shop's minimum.")
        self.block_all(self.listings[2:4], message="{sku} is sold in lots only.")
        self.assertEqual(self.catch_up().mapped("failing_count"), [2, 2])

    def test_a_wrong_credential_is_one_exception_whatever_each_answer_says(self):
        self.block_all(self.listings[:2], "attention", "401 for {sku}", cause="credentials")
        self.block_all(self.listings[2:4], "attention", "The session has ended.", cause="credentials")
        self.assertEqual(self.catch_up().mapped("failing_count"), [4])

    def test_a_category_with_too_many_causes_keeps_the_rest_in_one(self):
        self.patch(exception_record, "MOST_CAUSES", 3)
        words = "abcdefghij"
        for listing, word in zip(self.listings[:10], words, strict=True):
            self.block_all(listing, message=f"Odd word {word * 5}.")
        self.assertEqual(sorted(self.catch_up().mapped("failing_count")), [1, 1, 1, 7])

    def test_it_resolves_when_the_last_of_its_listings_is_mended(self):
        self.block_all()
        exception = self.catch_up()
        self.pass_time(10)
        self.mark(self.listings[1:], "retry")
        self.report(self.turn(ceiling=5000))
        self.catch_up()
        self.assertRecordValues(exception, [{"state": "open", "failing_count": 1, "listing_count": 30}])
        self.assertAlmostEqual(exception.progress, 96.7, 1)
        self.mark(self.listing, "retry")
        self.report(self.turn(ceiling=5000))
        self.catch_up()
        self.assertRecordValues(exception, [{"state": "resolved", "failing_count": 0}])
        self.assertIn("took all 30 values", exception.message_ids[0].body)
        self.assertGreater(exception.hours_to_resolve, 0)
        self.assertFalse(exception.activity_ids)

    def test_the_average_of_resolution_times_leaves_out_what_is_open(self):
        self.block()
        over = self.catch_up()
        self.pass_time(7200)
        self.report(self.lease(8)[0])
        self.catch_up()
        self.block_all(self.listings[1:])
        self.catch_up()
        [(average,)] = self.env["lockgate.exception"]._read_group(
            [("channel_id", "=", self.channel.id)], [], ["hours_to_resolve:avg"]
        )
        self.assertAlmostEqual(average, over.hours_to_resolve)

    def test_a_listing_that_fails_for_another_reason_moves_to_that_exception(self):
        self.block_all(self.listings[:1], message="The price is too low.")
        first = self.catch_up()
        self.pass_time(10)
        self.block_all(self.listings[:1], message="The session has ended.", cause="credentials")
        second = self.catch_up() - first
        self.assertRecordValues(second, [{"state": "open", "category": "credentials", "failing_count": 1}])
        self.assertEqual(first.state, "resolved")
        self.assertIn("another reason", first.message_ids[0].body)

    def test_a_value_that_is_wanted_no_more_resolves_its_exception(self):
        self.block(7)
        exception = self.catch_up()
        self.want(None)
        self.turn()
        self.catch_up()
        self.assertEqual(exception.state, "resolved")
        self.assertIn("nothing to send", exception.message_ids[0].body)

    def test_catching_up_twice_changes_nothing(self):
        self.block_all()
        exception = self.catch_up()
        before = exception.read(["count", "listing_count", "state", "last_at"])
        self.catch_up()
        self.assertEqual(exception.read(["count", "listing_count", "state", "last_at"]), before)

    def test_more_failures_than_one_transaction_takes_are_taken_by_the_next(self):
        self.patch(exception_record, "SLICE", 20)
        self.block_all()
        self.registry_enter_test_mode()
        with self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["lockgate.exception"]._cron_catch_up()
        self.assertEqual(self.exceptions().mapped("failing_count"), [30])

    def test_what_is_reported_without_an_attempt_is_over_when_it_is_settled(self):
        exceptions = self.env["lockgate.exception"]
        exceptions._report("ungoverned_price", self.listings[:2], "price", "Odoo's price was changed by SQL.")
        exceptions._report("ungoverned_price", self.listing, "price", "Odoo's price was changed by SQL.")
        exception = self.exceptions()
        self.assertRecordValues(
            exception, [{"category": "ungoverned_price", "severity": "3", "failing_count": 2, "count": 3}]
        )
        subjects = [f"ungoverned_price price {listing.id}" for listing in self.listings[:2]]
        exceptions._settle(subjects[:1], self.channel)
        self.assertEqual(exception.state, "open")
        exceptions._settle(subjects, self.channel)
        self.assertEqual(self.exceptions().state, "resolved")

    def test_what_was_ignored_is_known_for_good_and_what_else_ended_as_long_as_tries(self):
        exceptions, listings = self.env["lockgate.exception"], self.listings
        exceptions._report("drift", listings[:1], "price", "Odoo gives another price.")
        self.ignore(self.exceptions(), user=self.env.user)
        exceptions._report("drift", listings[1:2], "price", "Odoo gives another price.")
        exceptions._settle([f"drift price {listings[1].id}"], self.channel)
        self.block_all(listings[2:3])
        self.ignore(self.catch_up(), user=self.env.user)
        self.want(9, listings[2])
        self.report(self.turn())
        self.env.cr.execute("UPDATE lockgate_exception_failure SET resolved_at = now() - interval '91 days'")
        self.env["lockgate.exception.failure"]._gc_failures()
        self.env.invalidate_all()
        self.assertEqual(self.exceptions().failure_ids.listing_id, listings[0])
        subjects = [f"drift price {listing.id}" for listing in listings[:2]]
        self.assertEqual(exceptions._unknown(subjects), set(subjects[1:]))

    def dead_letters(self):
        arch = etree.fromstring(self.env.ref("lockgate.lockgate_exception_failure_view_search").arch)
        domain = literal_eval(arch.find(".//filter[@name='failing']").get("domain"))
        return self.env["lockgate.exception.failure"].search(
            [*domain, ("channel_id", "=", self.channel.id)], order="listing_id"
        )

    def test_dead_letters_are_what_is_not_sent(self):
        exceptions = self.env["lockgate.exception"]
        self.block_all(self.listings[:2])
        self.catch_up()
        exceptions._report("internal", self.listings[2], "stock", "It could not be computed.")
        exceptions._report("ungoverned_price", self.listings[3], "price", "No price was ever approved.")
        self.assertEqual(self.dead_letters().listing_id, self.listings[:4])
        self.want(9, self.listings[1])
        self.turn(ceiling=0)
        self.assertEqual(self.dead_letters().listing_id, self.listings[0] + self.listings[2:4])

    def test_what_differs_in_odoo_alone_is_no_dead_letter(self):
        exceptions = self.env["lockgate.exception"]
        exceptions._report("drift", self.listings[0], "price", "Odoo gives another price.")
        exceptions._report("conflict", self.listings[1], "stock", "It is in the way of another product.")
        self.assertEqual(len(self.exceptions()), 2)
        self.assertFalse(self.dead_letters())

    def test_a_product_that_the_channel_does_not_show_is_unknown_there(self):
        answer = self.lease(7)[0]
        while answer["leases"]:
            read = answer["leases"][0]["purpose"] == "read"
            self.tell(answer, "read" if read else "accepted")
            self.pass_time(2)
            answer = self.turn()
        self.assertEqual(self.catch_up().category, "unknown_product")

    def test_every_category_has_a_severity_first_steps_and_every_cause_a_category(self):
        categories = {key for key, _label in CATEGORIES}
        self.assertEqual(set(SEVERITY), categories)
        self.assertEqual(set(FIRST_STEPS), categories)
        self.assertLessEqual(set(SEVERITY.values()), set(DUE_HOURS))
        causes = {key for key, _label in self.env["lockgate.attempt"]._fields["cause"].selection}
        self.assertLessEqual({BY_CAUSE.get(cause, cause) for cause in causes}, categories)

    def test_a_category_follows_from_outcome_and_cause(self):
        for outcome, cause, aspect, reading, category in (
            ("rejected", "price_refused", "price", None, "price_refused"),
            ("rejected", None, "price", None, "price_refused"),
            ("rejected", None, "stock", None, "stock_refused"),
            ("rejected", "unknown_product", "stock", None, "unknown_product"),
            ("attention", "permission", "price", None, "permission"),
            ("attention", "no_answer", "price", None, "channel_down"),
            ("attention", None, "price", None, "internal"),
            ("read", None, "stock", {"aspect": "stock", "quantity": 0}, "drift"),
            ("read", None, "stock", None, "unknown_product"),
            (None, None, "stock", None, "internal"),
        ):
            with self.subTest(outcome=outcome, cause=cause, aspect=aspect, reading=reading):
                self.assertEqual(category_of(outcome, cause, aspect, reading), category)

    def test_names_and_numbers_do_not_make_another_cause(self):
        for one, names, other, other_names in (
            ("No SKU QUAY here.", ["QUAY"], "No SKU HARBOUR here.", ["HARBOUR"]),
            ("It shows 6, not 7.", [], "It shows 16.50 EUR, not 17.20 EUR.".replace(" EUR", ""), []),
            ("A is odd.", ["A"], "B is odd.", ["B"]),
            ("No 'two words' here.", ["two words"], "No 'three more words' here.", ["three more words"]),
            ("At 127.0.0.1:8069 (HTTP 500).", [], "At 127.0.0.1:9 (HTTP 502).", []),
        ):
            with self.subTest(one=one):
                self.assertEqual(fingerprint("drift", one, names), fingerprint("drift", other, other_names))

    def test_a_short_name_does_not_riddle_the_words(self):
        self.assertEqual(normalise("A cat sat.", ["a", "A"]), "… cat sat.")

    def test_a_failure_without_words_has_a_cause_too(self):
        self.assertEqual(fingerprint("internal", None, [None]), fingerprint("internal", "", []))
