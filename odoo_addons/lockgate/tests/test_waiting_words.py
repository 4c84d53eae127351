from .common import LockgateCase, result


class TestWaitingWords(LockgateCase):
    """Why a value is not on the channel yet, in words."""

    def assert_waits(self, words, listing=None):
        publication = self.publication(listing)
        self.assertRegex(publication.waiting or "", words)
        self.assertIn(publication.waiting, publication.listing_id.waiting)
        self.assertEqual(self.waiting(), publication.listing_id)

    def waiting(self):
        self.env.invalidate_all()
        return self.env["lockgate.listing"].search([("is_waiting", "=", True)])

    def test_what_is_settled_waits_for_nothing(self):
        self.settle()
        self.assertFalse(self.publication().waiting)
        self.assertFalse(self.listing.waiting)
        self.assertFalse(self.waiting())

    def test_a_routine_change_waits_in_the_window_and_a_critical_one_does_not(self):
        self.channel.routine_window = 300
        self.want(7)
        self.turn()
        self.assert_waits(r"Waits until \d+:.* in the window of routine changes \(5 minutes\)")
        self.want(0, work_class="critical")
        self.turn(ceiling=0)
        self.assert_waits("Goes out next, as critical")

    def test_a_window_of_seconds_says_seconds(self):
        self.channel.routine_window = 90
        self.want(7)
        self.turn()
        self.assert_waits(r"\(90 seconds\)")

    def test_the_clock_is_the_readers_own(self):
        self.channel.routine_window = 900
        self.want(7)
        self.turn()
        self.env.user.tz = "Asia/Tokyo"
        tokyo = self.publication().waiting
        self.env.user.tz = "America/Lima"
        self.assertNotEqual(self.publication().waiting, tokyo)

    def test_a_mark_that_no_turn_has_taken_says_so(self):
        self.settle()
        self.mark(self.listing)
        self.assertIn("computed next", self.publication().waiting)
        new = self.listings[1]
        self.mark(new)
        self.env.invalidate_all()
        self.assertIn("computed next", new.waiting)

    def test_a_frozen_channel_and_one_that_was_not_started_say_so(self):
        self.want(7)
        self.turn(ceiling=0)
        self.channel.action_freeze()
        self.assert_waits("The channel is frozen")
        self.env.cr.execute("UPDATE lockgate_channel SET state = 'draft'")
        self.assert_waits("has not been started")
        self.env.cr.execute("UPDATE lockgate_channel SET active = false")
        self.assert_waits("The channel is archived")

    def test_a_retry_says_when_the_how_manieth_and_what_the_channel_said(self):
        self.report(self.lease()[0], "retry", retry_after=60.0, message="Come back later.")
        self.assert_waits(r"Sent again at \d+:.*, try 2: Come back later\.")

    def test_a_limit_that_is_used_up_says_so(self):
        self.report(self.lease()[0], "retry", retry_after=60.0, cause="rate_limit", seconds=0.0)
        self.assert_waits(r"The channel's limit is used up: sent again at \d+:")

    def test_a_channel_that_could_not_be_reached_says_until_when(self):
        self.report(self.lease()[0], "down", retry_after=60.0)
        self.assert_waits(r"Nothing goes through to the channel: it is left alone until \d+:")
        self.pass_time(61)
        self.assert_waits("Goes out next")

    def test_what_a_worker_holds_and_what_it_took_say_so(self):
        answer, lease = self.lease()
        self.assert_waits("A worker sends it")
        self.turn(result(answer, lease))
        self.assert_waits(r"Taken by the channel; it is read back at \d+:")

    def test_what_got_no_answer_says_when_it_is_looked_for(self):
        self.report(self.lease()[0], "unknown")
        self.assert_waits(r"Sent without an answer: at \d+:")

    def test_what_a_person_must_decide_says_why(self):
        self.block(message="No such product.")
        self.assert_waits("Waits for a person: No such product.")

    def test_a_moment_of_another_day_has_its_date(self):
        self.report(self.lease()[0], "retry", retry_after=60.0)
        self.env.cr.execute("UPDATE lockgate_publication SET due_at = due_at + interval '1 day'")
        self.assert_waits(r"Sent again at \d+/\d+/")
