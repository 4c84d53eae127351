from odoo.tools import mute_logger

from .common import LockgateCase, request


class TestExceptionComputed(LockgateCase):
    """A value that cannot be computed is an exception until it can, whatever value that is."""

    def setUp(self):
        super().setUp()
        self.settle(7)
        self.env.flush_all()
        self.registry_enter_test_mode()

    def drain(self):
        """All that is marked, by the gateway's own transactions, and what exceptions make of it."""
        with mute_logger("odoo.addons.lockgate.models.gateway", "odoo.sql_db"):
            while self.env["lockgate.gateway"]._turn(request(self.channel, ceiling=0))["more"]:
                pass
        self.env.invalidate_all()
        return self.catch_up()

    def breaks(self):
        self.maker.poisoned.add(self.listing.id)
        self.mark(self.listing)
        exception = self.drain()
        self.assertEqual(exception[-1:].mapped("state"), ["open"])
        return exception[-1:]

    def test_the_same_number_as_before_resolves_it(self):
        exception = self.breaks()
        self.pass_time(60)
        self.maker.poisoned.clear()
        self.mark(self.listing)
        self.drain()
        self.assertEqual(exception.state, "resolved")
        self.assertIn("could be computed", exception.message_ids[0].body)
        self.assertEqual(self.publication().state, "settled")

    def test_nothing_to_send_any_more_resolves_it_too(self):
        exception = self.breaks()
        self.maker.poisoned.clear()
        self.want(None)
        self.drain()
        self.assertEqual(exception.state, "resolved")

    def test_it_stays_open_while_only_others_are_computed(self):
        exception = self.breaks()
        self.mark(self.listings[1])
        self.drain()
        self.assertEqual(exception.state, "open")

    def test_what_fails_again_before_anybody_looked_stays_open(self):
        exception = self.breaks()
        self.maker.poisoned.clear()
        self.mark(self.listing)
        self.turn(ceiling=0)
        self.breaks()
        self.assertRecordValues(exception, [{"state": "open", "count": 2}])

    def test_one_that_was_mended_and_breaks_again_is_another(self):
        self.breaks()
        self.maker.poisoned.clear()
        self.mark(self.listing)
        self.drain()
        self.assertEqual(self.breaks().count, 1)
        self.assertEqual(self.exceptions().mapped("state"), ["resolved", "open"])
