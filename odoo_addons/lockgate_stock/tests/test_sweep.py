from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestSweep(StockCase):
    """Within the channel's window everything is looked at, also what no publication asks for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.flush_all()
        cls.env.cr.execute("UPDATE lockgate_listing SET create_date = create_date - interval '1 day'")
        cls.env.invalidate_all()
        cls.channel.action_start()
        cls.receive(7)
        cls.forget_marks()

    def setUp(self):
        super().setUp()
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_values: 1)

    def sweep(self):
        self.env["lockgate.channel"]._cron_sweep()

    def defects(self):
        self.env.invalidate_all()
        return self.channel.defect_count

    def test_a_listing_whose_first_mark_was_lost_is_found_and_counted(self):
        self.sweep()
        self.turn()
        self.assertEqual(self.published(), 7)
        self.assertEqual(self.defects(), 1)

    def test_one_whose_mark_waits_is_not(self):
        self.env["lockgate.outbox"]._mark_listings("stock", self.listing.ids, "received")
        self.env.cr.flush()
        self.sweep()
        self.assertEqual(self.reasons(), {"received"})
        self.channel._mark_stock("policy changed")
        self.env.cr.flush()
        self.channel.swept_at = False
        self.sweep()
        self.assertEqual({listing for listing, *_rest in self.marks()}, {None})

    def test_what_is_published_or_archived_or_waits_for_approval_leaves_no_mark(self):
        self.listing.active = False
        self._listing(self.unlisted)
        self.turn()
        self.sweep()
        self.assertEqual(self.marks(), [])
        self.env.cr.execute(
            "UPDATE lockgate_listing SET active = true, awaits_first_approval = true WHERE id = %s",
            [self.listing.id],
        )
        self.env.cr.execute("DELETE FROM lockgate_publication WHERE listing_id = %s", [self.listing.id])
        self.env.invalidate_all()
        self.channel.swept_at = False
        self.sweep()
        self.assertEqual(self.marks(), [])

    def test_each_channel_is_swept_twice_in_its_window(self):
        self.channel.sweep_minutes = 20
        self.forget_marks()
        self.sweep()
        self.assertTrue(self.marks())
        self.sweep()
        self.assertEqual(self.marks(), [])
        self.channel.swept_at -= timedelta(minutes=10)
        self.sweep()
        self.assertTrue(self.marks())

    def test_a_channel_that_was_not_started_is_left_alone(self):
        self.env.cr.execute("UPDATE lockgate_channel SET state = 'draft'")
        self.env.invalidate_all()
        self.sweep()
        self.assertEqual(self.marks(), [])

    def test_what_becomes_a_stored_product_by_sql_is_found(self):
        service = self._product("Ballast", is_storable=False)
        listing = self._listing(service)
        for _computed in range(2):  # what is new is computed once more, soon
            self.turn()
            self.pass_window()
        self.turn()
        self.assertIsNone(self.published(listing))
        self.env.cr.execute(
            "UPDATE product_template SET is_storable = true WHERE id = %s", [service.product_tmpl_id.id]
        )
        self.env.cr.execute(
            "UPDATE lockgate_listing SET create_date = create_date - interval '1 day' WHERE id = %s",
            [listing.id],
        )
        self.env.invalidate_all()
        self.pass_window()
        self.turn()
        self.assertEqual(self.published(listing), 0)
        self.assertEqual(self.defects(), 1)

    def test_what_is_archived_and_told_nothing_is_not_swept(self):
        service = self._listing(self._product("Ballast", is_storable=False))
        service.active = False
        self.turn()
        publication = self.env["lockgate.publication"].search([("listing_id", "=", service.id)])
        self.assertFalse(publication.recheck_at and publication.recheck_at > self.soon())

    def test_a_shorter_window_makes_what_waits_fall_due_sooner(self):
        self.channel.sweep_minutes = 600
        self.receive(1)
        self.turn()
        self.pass_time_of_new()
        self.receive(1)
        self.turn()
        publication = self.env["lockgate.publication"].search([("listing_id", "=", self.listing.id)])
        self.assertGreater(publication.recheck_at, fields.Datetime.now() + timedelta(minutes=290))
        self.channel.sweep_minutes = 10
        self.turn()
        self.assertLessEqual(publication.recheck_at, fields.Datetime.now() + timedelta(minutes=10))

    def test_a_longer_window_marks_nothing(self):
        self.channel.sweep_minutes = 600
        self.assertEqual(self.marks(), [])

    def pass_window(self):
        self.env.cr.execute("UPDATE lockgate_publication SET recheck_at = recheck_at - interval '1 day'")

    def pass_time_of_new(self):
        """The second computation of what is new is over."""
        self.env.cr.execute("UPDATE lockgate_publication SET recheck_at = '2020-01-01'")

    def soon(self):
        """When a new listing is computed for the second time."""
        return fields.Datetime.now() + timedelta(minutes=3)
