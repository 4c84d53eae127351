from odoo.tools import mute_logger

from .common import request
from .reconciling import ReconciliationCase


class TestRefreshComputes(ReconciliationCase):
    """A full refresh has every listing computed afresh, in slices, before it reads and sends anything."""

    def setUp(self):
        super().setUp()
        self.ROWS = 2
        self.computed = []
        maker = self.maker

        def noted(channel, listings, now, reasons):
            self.computed.append({listing: reasons[listing.id] for listing in listings})
            return maker(channel, listings, now, reasons)

        self.patch(type(self.env["lockgate.turn"]), "_wanted_makers", lambda turn: {"stock": noted})

    def refresh(self):
        action = self.channel.with_user(self.user_operator).action_refresh()
        self.env.flush_all()
        return self.env["lockgate.reconciliation"].browse(action["res_id"])

    def test_every_listing_is_computed_once_and_only_then_read(self):
        self.refresh()
        self.assertEqual(self.turn()["leases"], [])
        self.assertEqual(self.env["lockgate.turn"]._due()["channels"][0]["bulk"], 1)
        self.assertEqual(len(self.turn()["leases"]), 3)
        self.turn()
        first, second, third = self.listings.sorted("id")
        self.assertEqual(self.computed, [{first: "refresh", second: "refresh"}, {third: "refresh"}])

    def test_a_number_that_no_mark_told_of_is_sent_though_the_channel_agreed_with_the_old_one(self):
        self.maker.quantities[self.listing.id] = 8
        self.refresh()
        pushed = [
            lease["value"]["quantity"]
            for _turn in range(2)
            for lease in self.turn()["leases"]
            if lease["purpose"] == "push"
        ]
        self.assertEqual(pushed, [8])

    def test_a_comparison_computes_nothing(self):
        self.reconcile()
        self.assertEqual(len(self.turn()["leases"]), 3)
        self.assertEqual(self.computed, [])

    def test_more_urgent_work_does_not_wait_for_it(self):
        self.refresh()
        self.want(5)
        self.turn(work_class="critical")
        self.turn(work_class="routine")
        self.assertEqual(self.computed, [{self.listing: "adjusted"}])

    def test_paused_it_computes_nothing_and_goes_on_where_it_was(self):
        refresh = self.refresh()
        self.turn()
        refresh.action_pause()
        self.turn()
        self.assertEqual(len(self.computed), 1)
        refresh.action_resume()
        self.turn()
        self.assertEqual(self.computed[1:], [{self.listings.sorted("id")[2]: "refresh"}])

    def test_the_next_refresh_computes_everything_again(self):
        first = self.refresh()
        self.turn()
        self.turn()
        first.action_stop()
        self.computed.clear()
        self.refresh()
        self.turn()
        self.turn()
        self.assertEqual(sum(map(len, self.computed)), 3)

    def test_it_does_not_end_before_all_is_computed(self):
        self.channel.connector_id.can_read_back = False
        refresh = self.refresh()
        self.env.cr.execute("UPDATE lockgate_publication SET state = 'blocked'")
        self.turn()
        self.catch_up()
        self.assertEqual(refresh.state, "running")
        self.turn()
        self.catch_up()
        self.assertEqual(refresh.state, "done")

    def test_what_is_listed_meanwhile_is_computed_too(self):
        refresh = self.refresh()
        self.turn()
        self.turn()
        product = self.env["product.product"].create({"name": "Late", "default_code": "LATE"})
        late = self.env["lockgate.listing"].create({"channel_id": self.channel.id, "product_id": product.id})
        self.env.cr.flush()
        self.env.cr.execute("DELETE FROM lockgate_outbox")
        self.computed.clear()
        self.turn()
        self.assertEqual(self.computed, [{late: "refresh"}])
        self.assertEqual(refresh.state, "running")

    @mute_logger("odoo.addons.lockgate.models.gateway")
    def test_a_listing_that_cannot_be_computed_is_set_aside_and_the_refresh_goes_on(self):
        poisoned = self.listings.sorted("id")[0]
        self.maker.poisoned.add(poisoned.id)
        self.refresh()
        self.env.flush_all()
        self.registry_enter_test_mode()
        leases = [
            lease
            for _turn in range(4)
            for lease in self.env["lockgate.gateway"]._turn(request(self.channel))["leases"]
        ]
        self.assertEqual(len(leases), 3)
        exception = self.env["lockgate.exception"].search([("channel_id", "=", self.channel.id)])
        self.assertRecordValues(exception, [{"category": "internal", "listing_id": poisoned.id, "count": 1}])
