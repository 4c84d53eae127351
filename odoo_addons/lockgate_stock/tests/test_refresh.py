from datetime import timedelta

from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestRefresh(StockCase):
    """A full refresh sends what quants and moves say now, and tells which of Odoo's numbers were wrong."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.barges = cls._listing(cls._product("Barge"))
        cls.receive(7)
        cls.receive(9, cls.barges.product_id)
        cls.channel.action_start()
        cls.env.flush_all()
        # One transaction, one clock: the listings are as old as they would be in life, and what is wanted was
        # taken by the channel before.
        cls.env.cr.execute("UPDATE lockgate_listing SET create_date = create_date - interval '1 day'")
        cls.turn(cls)
        cls.env.cr.execute(
            "UPDATE lockgate_publication SET state = 'settled', due_at = NULL, confirmed = wanted,"
            " confirmed_version = version, confirmed_at = now() AT TIME ZONE 'UTC' - interval '1 day',"
            " recheck_at = now() AT TIME ZONE 'UTC' + interval '30 minutes'"
        )
        cls.env.invalidate_all()

    def refresh(self):
        action = self.channel.action_refresh()
        self.env.flush_all()
        return self.env["lockgate.reconciliation"].browse(action["res_id"])

    def pass_the_hooks(self):
        """Two boats are lost, and no mark tells of it."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE stock_quant SET quantity = 5 WHERE product_id = %s AND location_id = %s",
            [self.product.id, self.stock.id],
        )
        self.env.invalidate_all()

    def found(self, refresh):
        return self.env["lockgate.stock.ledger"].search(refresh.action_open_stale()["domain"])

    def test_what_passed_the_hooks_is_corrected_counted_and_told(self):
        self.pass_the_hooks()
        refresh = self.refresh()
        self.turn()
        self.assertEqual((self.published(), self.published(self.barges)), (5, 9))
        self.assertEqual((refresh.stale, self.channel.defect_count), (1, 1))
        found = self.found(refresh)
        self.assertEqual(
            (found.listing_id, found.quantity_text, found.reason), (self.listing, "5", "refresh")
        )
        refresh.action_stop()
        self.assertIn("Of Odoo's own numbers, 1 were wrong", refresh._summary())

    def test_where_every_mark_came_nothing_was_wrong(self):
        refresh = self.refresh()
        self.receive(2)
        self.turn()
        self.assertEqual(self.published(), 9)
        self.assertEqual((refresh.stale, self.channel.defect_count), (0, 0))
        self.assertIn("Of Odoo's own numbers, 0 were wrong", refresh._summary())

    def test_what_time_alone_has_changed_is_sent_and_was_not_wrong(self):
        policy = self.env["lockgate.exposure.policy"].create(
            {
                "name": "Until now",
                "channel_id": self.channel.id,
                "ends_at": self.env.cr.now() - timedelta(minutes=1),
            }
        )
        self.forget_marks()
        refresh = self.refresh()
        self.turn()
        self.assertEqual(self.published(), 0)
        self.assertIn(policy.name, self.listing.stock_explanation)
        self.assertEqual(refresh.stale, 0)

    def test_a_listing_of_which_no_mark_ever_told_is_sent(self):
        self.forget_marks()
        hats = self._listing(self.unlisted)
        self.forget_marks()
        self.env.cr.execute(
            "UPDATE lockgate_listing SET create_date = create_date - interval '1 day' WHERE id = %s",
            [hats.id],
        )
        refresh = self.refresh()
        self.turn()
        self.assertEqual(self.published(hats), 0)
        self.assertEqual(self.found(refresh).listing_id, hats)

    def test_what_the_sweep_finds_is_not_what_the_refresh_corrected(self):
        refresh = self.refresh()
        refresh.action_stop()
        self.pass_the_hooks()
        self.env.cr.execute(
            "UPDATE lockgate_publication SET recheck_at = recheck_at - %s", [timedelta(days=1)]
        )
        self.turn()
        self.assertEqual(self.published(), 5)
        self.assertEqual((refresh.stale, self.channel.defect_count), (0, 1))

    def test_a_comparison_has_nothing_to_say_of_odoos_numbers(self):
        self.channel.connector_id.can_read_back = True
        self.pass_the_hooks()
        self.channel.action_reconcile()
        self.turn()
        self.assertEqual(self.published(), 7)
        self.assertNotIn("Odoo's own", self.channel.reconciliation_ids._summary())
