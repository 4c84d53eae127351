"""A channel in trouble as a whole spends no tries of its rows, and heals by itself; a bad listing does."""

from .common import LockgateCase, result

TROUBLES = [
    ("retry", "channel_down"),  # HTTP 502, 503
    ("retry", "no_answer"),  # a read-back that was cut off
    ("retry", "rate_limit"),
    ("unknown", "no_answer"),
    ("down", "channel_down"),
]


class TestTrouble(LockgateCase):
    LISTINGS = 4

    def want_all(self, quantity=7):
        for listing in self.listings:
            self.want(quantity, listing)

    def states(self):
        self.env.invalidate_all()
        return set(
            self.env["lockgate.publication"].search([("channel_id", "=", self.channel.id)]).mapped("state")
        )

    def fail(self, outcome="retry", cause="channel_down", retry_after=60.0, **values):
        """Ask for everything, and hear of trouble for all of it. Returns the answer that had the leases."""
        answer = self.turn()
        self.tell(answer, outcome, cause=cause, retry_after=retry_after, message="Trouble.", **values)
        return answer

    def test_an_outage_of_any_kind_blocks_nothing_and_heals_by_itself(self):
        for number, (outcome, cause) in enumerate(TROUBLES):
            with self.subTest(outcome=outcome, cause=cause):
                self.want(10 + number)
                for _try in range(self.channel.most_tries + 2):
                    self.assertEqual(len(self.fail(outcome, cause)["leases"]), 1)
                    self.pass_time(61)
                self.pass_time(1000)
                while (answer := self.turn())["leases"]:
                    for lease in answer["leases"]:
                        if lease["purpose"] == "push":
                            self.turn(result(answer, lease), ceiling=0)
                        else:
                            reading = {"aspect": "stock", "quantity": 10 + number}
                            self.turn(result(answer, lease, "read", reading=reading), ceiling=0)
                self.assertEqual(self.states() - {"settled", "verify"}, set())
                self.assertFalse(self.catch_up())

    def test_a_channel_that_cannot_be_read_is_tried_on_through_an_outage_too(self):
        self.channel.connector_id.can_read_back = False
        self.want(7)
        for _try in range(self.channel.most_tries + 2):
            self.assertEqual(len(self.fail("unknown", "no_answer")["leases"]), 1)
            self.pass_time(61)
        self.assertNotIn("blocked", self.states())

    def test_it_is_left_alone_after_two_troubles_in_a_row_and_then_asked_with_one_row(self):
        self.want_all()
        self.assertEqual(len(self.fail(retry_after=10.0)["leases"]), 4)
        self.pass_time(11)
        self.assertEqual(len(self.fail(retry_after=10.0)["leases"]), 4)
        self.assertEqual(self.turn()["leases"], [])
        self.assertEqual(self.channel.health, "down")
        self.assertEqual(self.env["lockgate.turn"]._due(), {"channels": [], "next_in": 10.0})
        self.pass_time(11)
        answer = self.turn()
        self.assertEqual(len(answer["leases"]), 1)
        self.assertEqual(self.turn(work_class="critical")["leases"], [], "one at once, whoever asks")
        self.assertEqual(len(self.report(answer)["leases"]), 3)

    def test_one_trouble_alone_leaves_nothing_alone(self):
        self.want_all()
        answer = self.turn(ceiling=1)
        after = self.report(answer, "retry", cause="channel_down", retry_after=60.0)
        self.assertEqual(len(after["leases"]), 3)

    def test_a_channel_that_cannot_be_reached_is_left_alone_at_once(self):
        self.want_all()
        self.fail("down", retry_after=30.0)
        self.assertEqual(self.turn()["leases"], [])
        self.assertEqual(self.env["lockgate.turn"]._due()["channels"], [])

    def test_a_wish_to_wait_is_the_budgets_and_holds_nobody_else_up(self):
        self.want_all()
        for _time in range(2):
            answer = self.turn(ceiling=1)
            self.tell(answer, "retry", cause="rate_limit", retry_after=600.0)
        self.assertEqual(len(self.turn()["leases"]), 2)

    def test_however_long_it_asks_to_be_left_alone_it_is_asked_again_within_a_quarter_of_an_hour(self):
        self.want_all()
        self.fail(retry_after=1.0)
        self.pass_time(2)
        self.fail(retry_after=1e9)
        self.pass_time(899)
        self.assertEqual(self.turn()["leases"], [])
        self.pass_time(2)
        self.assertEqual(len(self.turn()["leases"]), 1)

    def test_a_persons_retry_has_a_channel_that_is_left_alone_asked_at_once_with_one_row(self):
        self.want_all()
        self.fail("down", retry_after=600.0)
        self.mark(self.listing)
        self.assertEqual(self.turn()["leases"], [], "a change of Odoo's does not")
        self.mark(self.listing, "retry")
        answer = self.turn()
        self.assertEqual(len(answer["leases"]), 1)
        self.assertEqual(len(self.report(answer)["leases"]), 3)

    def test_what_a_person_must_decide_about_some_rows_leaves_the_channel_with_the_others(self):
        self.want_all()
        for _time in range(2):
            answer = self.turn(ceiling=1)
            self.tell(answer, "attention", cause="permission", message="Not this one.")
        answer = self.turn()
        self.assertEqual((len(answer["leases"]), answer["falls"]), (2, 0))

    def test_a_credential_that_is_refused_once_and_taken_then_leaves_nothing_alone(self):
        self.want_all()
        for _time in range(2):
            answer = self.turn(ceiling=1)
            self.tell(answer, "attention", cause="credentials", retry_after=900.0)
            self.tell(self.turn(ceiling=1))
        self.assertEqual(self.turn()["falls"], 0)

    def test_the_answer_says_how_often_in_a_row_it_was_in_trouble(self):
        self.want_all()
        falls = []
        for _time in range(3):
            answer = self.turn()
            falls.append(answer["falls"])
            self.tell(answer, "retry", cause="channel_down", retry_after=10.0)
            self.pass_time(11)
        self.assertEqual(falls, [0, 1, 2])
        self.assertEqual(self.report(self.turn())["falls"], 0)

    def test_a_lease_handed_back_unsent_says_nothing_of_the_channel(self):
        self.want_all()
        self.fail(retry_after=1.0)
        self.pass_time(2)
        self.fail(cause=None, retry_after=0.0, seconds=0.0)
        self.assertEqual(self.turn()["falls"], 1)

    def test_any_failure_of_a_channel_in_trouble_is_more_of_it_and_no_row_s(self):
        self.want(7)
        for _time in range(2):
            self.fail(retry_after=1.0)
            self.pass_time(2)
        for _time in range(self.channel.most_tries + 2):
            self.assertEqual(len(self.fail(cause="bad_answer")["leases"]), 1)
            self.assertEqual(self.turn()["leases"], [])
            self.pass_time(61)
        self.assertNotIn("blocked", self.states())

    def poison(self, outcome, cause, minutes=1, rounds=20):
        """The first listing fails and all others are taken, until it is given up: in how many rounds?"""
        poison = self.publication().id
        for number in range(rounds):
            self.want(100 + number, self.listings[-1])  # something goes well all the time
            answer = self.turn()
            results = []
            for lease in answer["leases"]:
                if lease["publication"] == poison:
                    how = outcome if lease["purpose"] == "push" else "retry"
                    results.append(
                        result(answer, lease, how, cause=cause, message="Trouble.", retry_after=1.0)
                    )
                elif lease["purpose"] == "push":
                    results.append(result(answer, lease))
                else:
                    reading = {"aspect": "stock", "quantity": lease["value"]["quantity"]}
                    results.append(result(answer, lease, "read", reading=reading))
            # each by itself: the channel is asked about the poison alone, as often as not
            for each in sorted(results, key=lambda each: each["publication"] == poison):
                self.turn(each, ceiling=0)
            if self.publication().state == "blocked":
                return number
            self.pass_time(minutes * 60 + 1)
        return None

    def test_a_listing_that_fails_while_the_channel_answers_for_others_is_given_up(self):
        for can_read_back in (True, False):
            self.channel.connector_id.can_read_back = can_read_back
            for outcome, cause in TROUBLES[:2] + TROUBLES[3:4]:
                with self.subTest(outcome=outcome, cause=cause, can_read_back=can_read_back):
                    self.mark(self.listing, "retry")
                    self.want_all()
                    self.turn(ceiling=0)
                    self.assertIsNotNone(self.poison(outcome, cause))
                    self.assertIn("Given up after 8 tries", self.publication().message)
                    self.assertTrue(self.catch_up())

    def test_one_that_only_meets_the_limit_is_given_up_by_its_age(self):
        self.channel.most_hours = 1
        self.want_all()
        self.turn(ceiling=0)
        self.assertIsNone(self.poison("retry", "rate_limit", minutes=5, rounds=10), "50 minutes are no hour")
        self.assertIsNotNone(self.poison("retry", "rate_limit", minutes=5))
        self.assertIn("Given up after 1 hours", self.publication().message)
        self.assertEqual(self.catch_up().category, "rate_limit")
