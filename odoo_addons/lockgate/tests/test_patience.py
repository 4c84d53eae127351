"""How long a value may fail, how what makes others fail is found, and what keeps it from holding them up."""

from psycopg2 import IntegrityError

from odoo.tests import TransactionCase
from odoo.tools import mute_logger

from ..turn import leases
from .common import LockgateCase, result


class TestPatience(LockgateCase):
    def fail(self, times, outcome="retry", cause="bad_answer"):
        """Be tried so often in vain; returns the publication."""
        for _try in range(times):
            answer = self.turn()
            if not answer["leases"]:
                break
            self.tell(answer, outcome, cause=cause, retry_after=1.0, message="It makes no sense.")
            self.pass_time(22)
        return self.publication()

    def test_a_value_is_given_up_after_the_channels_most_tries(self):
        for most in (5, 11):
            with self.subTest(most=most):
                self.channel.most_tries = most
                self.want(most)
                self.assertEqual(self.fail(most - 1).state, "due")
                publication = self.fail(1)
                self.assertEqual(publication.state, "blocked")
                self.assertEqual(
                    publication.message,
                    f"It makes no sense. Given up after {most} tries; press Retry when it is mended.",
                )
                self.assertIn("bad_answer", self.catch_up().mapped("category"))

    def test_a_value_that_is_rarely_tried_is_given_up_after_the_channels_most_hours(self):
        self.channel.most_hours = 2
        self.want(7)
        self.fail(1)
        self.pass_time(7200 - 60)
        self.assertEqual(self.fail(1).state, "due")
        self.pass_time(60)
        publication = self.fail(1)
        self.assertEqual(publication.state, "blocked")
        self.assertIn("Given up after 2 hours", publication.message)

    def test_the_time_of_an_outage_is_none_of_failing(self):
        self.channel.most_hours = 1
        self.want(7)
        self.fail(1)
        for _try in range(3):
            self.fail(1, cause="channel_down")
            self.pass_time(7200)
        self.want(5, self.listings[1])
        answer = self.turn()  # the one that waited longest asks, and the channel answers
        self.tell(answer, "retry", cause="channel_down", retry_after=0.0)
        self.pass_time(61)
        answer = self.turn()
        self.tell(answer)
        self.fail(1)
        self.assertNotEqual(self.publication().state, "blocked")

    def test_a_newer_value_has_all_its_tries_and_hours(self):
        self.want(7)
        self.fail(self.channel.most_tries)
        self.want(8)
        self.assertEqual(self.fail(self.channel.most_tries - 1).state, "due")
        self.want(9)
        self.pass_time(2)
        self.assertEqual(self.fail(self.channel.most_tries - 2).state, "due")

    def test_unknown_on_a_channel_that_cannot_be_read_is_given_up_once_it_can_no_longer_land(self):
        self.channel.connector_id.can_read_back = False
        self.want(7)
        publication = self.fail(self.channel.most_tries - 1, "unknown", cause=None)
        self.assertEqual(publication.state, "unknown")
        answer = self.turn()
        self.tell(answer, "unknown", message="Silence.")
        self.want(8)
        self.assertEqual(self.turn()["leases"], [], "the last one may still land")
        self.want(7)
        self.turn()
        self.pass_time(21)
        self.assertEqual([lease["version"] for lease in self.turn()["leases"]], [self.publication().version])

    def test_unknown_to_the_end_is_an_exception_in_the_channels_words(self):
        self.channel.connector_id.can_read_back = False
        self.want(7)
        self.fail(self.channel.most_tries, "unknown", cause=None)
        self.assertEqual(self.turn()["leases"], [])
        publication = self.publication()
        self.assertEqual(publication.state, "blocked")
        self.assertIn("It makes no sense. Given up after 8 tries", publication.message)
        self.assertTrue(self.catch_up())

    @mute_logger("odoo.sql_db")
    def test_patience_is_bounded(self):
        for values in ({"most_tries": 4}, {"most_tries": 101}, {"most_hours": 0}, {"most_hours": 721}):
            with (
                self.subTest(values=values),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.channel.write(values)
                self.env.flush_all()

    def test_a_drift_is_over_when_the_channel_shows_it_and_not_when_it_takes_it_once_more(self):
        self.want(7)
        for _round in range(self.channel.most_tries):
            answer = self.turn()
            if not answer["leases"]:
                break
            self.tell(answer)
            self.pass_time(2)
            self.tell(self.turn(), "read", reading={"aspect": "stock", "quantity": 6})
        drift = self.catch_up()
        self.assertRecordValues(drift, [{"category": "drift", "state": "open"}])
        self.mark(self.listing, "retry")
        self.tell(self.turn())
        self.catch_up()
        self.assertNotEqual(drift.state, "resolved")
        self.pass_time(2)
        self.tell(self.turn(), "read", reading={"aspect": "stock", "quantity": 7})
        self.catch_up()
        self.assertEqual(drift.state, "resolved")

    def test_what_was_refused_and_then_taken_is_over_at_once(self):
        self.block(7)
        exception = self.catch_up()
        self.want(8)
        self.tell(self.turn())
        self.catch_up()
        self.assertEqual(exception.state, "resolved")

    def test_versions_stand_above_all_that_an_earlier_incarnation_sent(self):
        _answer, before = self.lease(7)
        self.end_leases()
        self.env["lockgate.incarnation"].with_user(self.user_manager).create({}).action_start()
        self.env.cr.execute("UPDATE lockgate_turn SET number = 1")  # as in a backup
        self.env.flush_all()
        self.env.invalidate_all()
        self.channel.action_resume()
        self.want(8)
        (lease,) = [lease for lease in self.turn()["leases"] if lease["value"]["sku"] == "quay-0"]
        self.assertGreater(lease["version"], before["version"])
        self.assertGreater(lease["version"], 2**31, "whatever its turns had counted to")


class KillerCase(LockgateCase):
    """Workers that die of every request with one listing of many in it, and of nothing else."""

    def setUp(self):
        super().setUp()
        self.shown = {}
        for listing in self.listings:
            self.maker.quantities[listing.id] = 7
        self.mark(self.listings)
        self.turn(ceiling=0)
        self.killer = self.publication(self.listings[len(self.listings) * 2 // 5]).id

    def work(self, answer, deadly):
        """Sends what was leased as `Run.next_batch` does, until a request is deadly."""
        leases = answer["leases"]
        while leases:
            kind = leases[0]["purpose"], leases[0]["tries"]
            batch = [lease for lease in leases if (lease["purpose"], lease["tries"]) == kind]
            leases = [lease for lease in leases if lease not in batch]
            if kind[0] in deadly and self.killer in [lease["publication"] for lease in batch]:
                return
            self.turn(*(self.outcome(answer, lease) for lease in batch), ceiling=0)

    def outcome(self, answer, lease):
        if lease["purpose"] == "read":
            return result(answer, lease, "read", reading=self.shown.get(lease["publication"]))
        self.shown[lease["publication"]] = {"aspect": "stock", "quantity": lease["value"]["quantity"]}
        return result(answer, lease)

    def check(self, *deadly):
        publications = self.env["lockgate.publication"].search([("channel_id", "=", self.channel.id)])
        for _round in range(200):
            answer = self.turn(ceiling=500)
            if not answer["leases"]:
                self.end_leases()
            self.work(answer, deadly)
            publications.invalidate_recordset()
            if set(publications.mapped("state")) <= {"settled", "verify", "blocked"}:
                break
        blocked = publications.filtered(lambda each: each.state == "blocked")
        self.assertEqual(blocked.ids, [self.killer])
        others = publications - blocked
        self.assertEqual(others.mapped("confirmed_version"), others.mapped("version"))


class TestAKillerAmong250(KillerCase):
    LISTINGS = 250

    def test_it_ends_alone_and_all_others_are_taken(self):
        self.channel.connector_id.can_read_back = False
        self.check("push")


class TestAKillerThatIsReadBack(KillerCase):
    LISTINGS = 40

    def test_it_ends_alone_where_what_became_of_a_push_is_read(self):
        self.check("push")

    def test_it_ends_alone_where_reading_it_kills_too(self):
        self.check("push", "read")


class TestShares(LockgateCase):
    LISTINGS = 30

    def bulk_and_urgent(self):
        """Ten listings with bulk work, and twenty with more urgent work."""
        for listing, work_class in zip(
            self.listings, ["bulk"] * 10 + ["critical", "routine"] * 10, strict=True
        ):
            self.want(7, listing, work_class)
        return {listing.sku for listing in self.listings[:10]}

    def test_one_of_so_many_runs_gives_bulk_the_first_place_however_much_urgent_work_waits(self):
        bulk = self.bulk_and_urgent()
        self.patch(leases, "draw", lambda: 0)
        skus = [lease["value"]["sku"] for lease in self.turn(ceiling=12)["leases"]]
        self.assertEqual((set(skus[:10]), bulk & set(skus[10:])), (bulk, set()))

    def test_bulk_has_that_place_too_while_urgent_work_has_the_whole_ceiling_in_flight(self):
        bulk = self.bulk_and_urgent()
        self.assertEqual(len(self.turn(work_class="routine", ceiling=8)["leases"]), 8)
        self.assertEqual(self.turn(ceiling=8)["leases"], [])
        self.patch(leases, "draw", lambda: 0)
        skus = [lease["value"]["sku"] for lease in self.turn(ceiling=8)["leases"]]
        self.assertEqual((len(skus), set(skus) - bulk), (8, set()))
        self.assertEqual(self.turn(work_class="routine", ceiling=8)["leases"], [], "it is bulk's alone")

    def test_the_other_runs_give_it_the_last_one_and_send_no_small_requests_for_it(self):
        bulk = self.bulk_and_urgent()
        answer = self.turn(ceiling=20)
        self.assertEqual({lease["value"]["sku"] for lease in answer["leases"]} & bulk, set())

    def test_a_comparison_has_the_first_place_with_bulk(self):
        self.settle()
        self.pass_time(1)
        self.env["lockgate.reconciliation"]._begin(self.channel, "compare")
        for listing in self.listings[1:]:
            self.want(7, listing, "critical")
        for number, purposes in (leases.BULK_FIRST - 1, ["push"] * 5), (0, ["read"] + ["push"] * 4):
            self.patch(leases, "draw", lambda number=number: number)
            answer = self.turn(ceiling=5)
            self.assertEqual([lease["purpose"] for lease in answer["leases"]], purposes)
            self.tell(answer, "retry", retry_after=0.0, seconds=0.0)

    def test_a_run_for_urgent_work_takes_no_bulk(self):
        self.want(7, self.listings[0], "bulk")
        for listing in self.listings[1:]:
            self.want(7, listing, "critical")
        skus = [lease["value"]["sku"] for lease in self.turn(work_class="routine")["leases"]]
        self.assertEqual((len(skus), "quay-0" in skus), (29, False))

    def test_the_row_that_a_channel_in_trouble_fails_on_is_not_asked_about_again_and_again(self):
        """Most urgent of all, and always due: it would keep the channel closed for all others."""
        for number, listing in enumerate(self.listings):
            self.want(7, listing, "routine" if number else "critical")
        self.turn(ceiling=0)
        bad = self.publication(self.listings[0]).id
        asked = []
        for work_class in ["critical"] * 6:
            answer = self.turn(work_class=work_class, ceiling=1)
            for lease in answer["leases"]:
                asked.append(lease["publication"] == bad)
                if lease["publication"] == bad:
                    self.tell(answer, "down", cause="channel_down", retry_after=0.0)
                else:
                    self.tell(answer, "accepted")
            self.pass_time(1)
        self.assertIn(False, asked)


class TestLots(TransactionCase):
    def test_bulk_and_all_other_work_have_the_first_place_again_and_again(self):
        drawn = [leases.draw() for _run in range(1000)]
        self.assertEqual(set(drawn), set(range(leases.BULK_FIRST)))
