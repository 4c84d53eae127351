from psycopg2 import IntegrityError

from odoo.tools import file_open, mute_logger

from ..models import channel_guard
from .common import LockgateCase, result


class TestGuard(LockgateCase):
    def guard(self):
        """One run of the cron; returns why the channel is frozen by a rule."""
        self.env.flush_all()
        self.channel._guard()
        self.env.flush_all()
        self.env.invalidate_all()
        return self.channel.frozen_by_rule

    def fail(self, outcome="down", **values):
        self.report(self.turn() if self.publication() else self.lease(7)[0], outcome, **values)

    def test_without_a_rule_nothing_freezes_it(self):
        self.fail(retry_after=30.0)
        self.pass_time(3600)
        self.assertFalse(self.guard())
        self.assertEqual(self.channel.state, "running")

    def test_a_channel_that_is_down_for_so_long_is_frozen_and_says_why(self):
        self.channel.freeze_down_minutes = 5
        self.channel.owner_id = self.user_owner
        self.fail(retry_after=30.0, message="Connection refused.")
        self.pass_time(4 * 60)
        self.assertFalse(self.guard())
        self.fail(retry_after=30.0, message="Connection refused.")
        self.pass_time(61)
        self.assertEqual(self.guard(), "it could not be reached for 5 minutes.")
        self.assertEqual(self.channel.state, "frozen")
        message = self.channel.message_ids[0]
        self.assertIn("Frozen by a rule: it could not be reached for 5 minutes.", message.body)
        self.assertEqual(message.partner_ids, self.user_owner.partner_id)

    def test_what_was_handed_back_unsent_does_not_hide_an_outage(self):
        self.channel.freeze_down_minutes = 5
        self.want(7)
        self.want(8, self.listings[1])
        answer = self.turn()
        first, second = answer["leases"]
        self.turn(
            result(answer, first, "down", retry_after=30.0),
            result(answer, second, "retry", retry_after=0.0, seconds=0.0),
        )
        self.pass_time(5 * 60)
        self.assertTrue(self.guard())

    def test_an_outage_that_is_over_does_not_freeze(self):
        self.channel.freeze_down_minutes = 5
        self.fail(retry_after=30.0)
        self.pass_time(6 * 60)
        self.report(self.turn())
        self.assertFalse(self.guard())

    def test_too_many_errors_freeze(self):
        self.patch(channel_guard, "LEAST_ATTEMPTS", 3)
        self.channel.freeze_error_percent = 50
        for number, listing in enumerate(self.listings):
            self.want(number, listing)
        answer = self.turn()
        self.turn(*self.results(answer, "rejected", "accepted", "accepted"))
        self.assertFalse(self.guard())
        self.pass_time(2)
        self.turn(*self.results(self.turn(), "attention", "attention"))
        self.assertEqual(self.guard(), "3 of 5 attempts failed within 15 minutes.")

    def results(self, answer, *outcomes):
        return [
            result(answer, lease, outcome) for lease, outcome in zip(answer["leases"], outcomes, strict=True)
        ]

    def test_few_attempts_are_no_rate_and_a_wish_to_wait_is_no_error(self):
        self.channel.freeze_error_percent = 1
        self.fail("rejected")
        self.assertFalse(self.guard())
        self.patch(channel_guard, "LEAST_ATTEMPTS", 2)
        self.want(8)
        self.fail("retry", retry_after=1.0)
        self.assertFalse(self.guard())

    def test_stock_that_waits_too_long_freezes(self):
        self.channel.freeze_stale_minutes = 10
        self.want(7)
        self.turn(ceiling=0)
        self.pass_time(9 * 60)
        self.assertFalse(self.guard())
        self.pass_time(2 * 60)
        self.assertEqual(self.guard(), "a number of units has waited for 11 minutes.")

    def test_stock_that_changes_all_the_time_waits_from_its_first_change_on(self):
        self.channel.freeze_stale_minutes = 10
        for quantity in range(3):
            self.want(quantity)
            self.turn(ceiling=0)
            self.pass_time(5 * 60)
        self.assertEqual(self.channel.oldest_wait, 15 * 60)
        self.assertEqual(self.guard(), "a number of units has waited for 15 minutes.")

    def test_stock_that_is_taken_again_and_again_does_not_wait(self):
        """Though a newer number always waits already."""
        self.channel.freeze_stale_minutes = 10
        for quantity in range(4):
            leased = self.lease(quantity)[0]
            self.want(quantity + 1)
            self.pass_time(5)
            self.turn(*(result(leased, lease) for lease in leased["leases"]), ceiling=0)
            self.pass_time(4 * 60)
        self.assertEqual(self.channel.oldest_wait, 4 * 60)
        self.assertFalse(self.guard())

    def test_one_refused_number_freezes_nothing_but_is_seen_to_wait(self):
        self.channel.freeze_stale_minutes = 10
        self.block()
        self.pass_time(11 * 60)
        self.assertFalse(self.guard())
        self.assertEqual(self.channel.oldest_wait, 11 * 60)

    def test_a_price_that_waits_freezes_nothing(self):
        self.channel.freeze_stale_minutes = 10
        self.want(7)
        self.turn(ceiling=0)
        self.env.cr.execute("UPDATE lockgate_publication SET aspect = 'price'")
        self.pass_time(3600)
        self.assertFalse(self.guard())

    def test_it_is_resumed_by_rule_and_everything_is_computed_afresh(self):
        self.channel.write({"freeze_stale_minutes": 10, "resume_minutes": 5})
        self.want(7)
        self.turn(ceiling=0)
        self.pass_time(11 * 60)
        self.guard()
        self.pass_time(4 * 60)
        self.assertTrue(self.guard())
        self.pass_time(61)
        self.assertFalse(self.guard())
        self.assertEqual(self.channel.state, "running")
        self.assertIn("after 5 minutes", "".join(self.channel.message_ids.mapped("body")))
        self.assertEqual({reason for _listing, _aspect, reason in self.marks()}, {"resumed"})

    def test_what_happened_before_it_was_resumed_does_not_count_again(self):
        self.channel.write({"freeze_stale_minutes": 10, "freeze_down_minutes": 10})
        self.fail(retry_after=30.0)
        self.pass_time(11 * 60)
        self.assertTrue(self.guard())
        self.pass_time(60)
        self.channel.with_user(self.user_operator).action_resume()
        self.assertFalse(self.guard())
        self.assertEqual(self.channel.state, "running")

    def test_a_channel_frozen_by_hand_is_resumed_by_hand(self):
        self.channel.resume_minutes = 5
        self.channel.action_freeze()
        self.pass_time(3600)
        self.guard()
        self.assertEqual(self.channel.state, "frozen")

    def test_without_a_time_it_is_resumed_by_hand(self):
        self.channel.freeze_stale_minutes = 10
        self.want(7)
        self.turn(ceiling=0)
        self.pass_time(11 * 60)
        self.guard()
        self.pass_time(24 * 3600)
        self.assertTrue(self.guard())

    def test_a_copy_or_a_restored_database_is_not_resumed_by_a_rule(self):
        def neutralize():
            with file_open("lockgate/data/neutralize.sql") as file:
                self.env.cr.execute(file.read())

        def start_incarnation():
            self.env["lockgate.incarnation"].with_user(self.user_manager).create({}).action_start()

        self.channel.resume_minutes = 5
        for after in (neutralize, start_incarnation):
            with self.subTest(after=after.__name__):
                self.env.cr.execute(
                    "UPDATE lockgate_channel SET state = 'frozen', frozen_by_rule = 'trouble',"
                    " state_since = '2020-01-01' WHERE id = %s",
                    [self.channel.id],
                )
                self.env.invalidate_all()
                after()
                self.env.invalidate_all()
                self.assertFalse(self.guard())
                self.assertEqual(self.channel.state, "frozen")

    def test_the_cron_looks_after_every_channel(self):
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_values: 0)
        self.channel.freeze_stale_minutes = 10
        self.want(7)
        self.turn(ceiling=0)
        self.pass_time(11 * 60)
        self.env["lockgate.channel"]._cron_guard()
        self.assertEqual(self.channel.state, "frozen")

    @mute_logger("odoo.sql_db")
    def test_rules_beyond_reason_are_refused(self):
        for values in (
            {"freeze_down_minutes": -1},
            {"freeze_error_percent": 101},
            {"freeze_stale_minutes": -1},
            {"resume_minutes": -1},
        ):
            with self.subTest(values=values), self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self.channel.write(values)
                self.env.flush_all()
