from datetime import timedelta

from odoo.addons.lockgate.turn.values import SETTLE_AFTER
from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestUnseen(StockCase):
    """What a transaction moves that began before a listing could be marked is found soon."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel.action_start()
        cls.receive(7)
        cls.receive(9, cls.unlisted)

    def setUp(self):
        super().setUp()
        self.turn()
        # The recheck that every new listing gets is over.
        self.bring_rechecks_near(SETTLE_AFTER)
        self.turn()
        self.assertEqual(self.published(), 7)

    def sold_unseen(self, quantity, product=None):
        """Ordered in a transaction that began before what was just done was committed: it leaves no mark."""
        self.turn()
        self.order(quantity, product)
        self.forget_marks()

    def assert_found(self, quantity):
        self.bring_rechecks_near(SETTLE_AFTER - timedelta(seconds=1))
        self.turn()
        self.assertNotEqual(self.published(), quantity)
        self.bring_rechecks_near(timedelta(seconds=1))
        self.turn()
        self.assertEqual(self.published(), quantity)

    def test_of_a_listing_that_is_put_back(self):
        self.listing.active = False
        self.turn()
        self.listing.active = True
        self.sold_unseen(3)
        self.assert_found(4)

    def test_of_a_listing_that_gets_another_product(self):
        self.listing.product_id = self.unlisted
        self.sold_unseen(3, self.unlisted)
        self.assert_found(6)

    def test_of_a_channel_that_is_put_back(self):
        self.channel.active = False
        self.env.cr.flush()
        self.channel.active = True
        self.sold_unseen(3)
        self.assert_found(4)

    def test_of_a_listing_that_was_found_to_stand_on_something_else(self):
        self.env.cr.execute("DELETE FROM lockgate_standing WHERE listing_id = %s", [self.listing.id])
        self.env.invalidate_all()
        self.channel._sweep()
        self.sold_unseen(3)
        self.assert_found(4)

    def test_a_channel_that_is_not_started_yet_is_marked_all_along(self):
        listing = self._listing(self.product, self._channel("stock_test_2", self.warehouse))
        self.forget_marks()
        self.order(3)
        self.assertIn((listing.id, "stock", "reserved"), self.marks())

    def test_a_product_that_is_archived_is_marked_all_along(self):
        self.product.active = False
        self.forget_marks()
        self.order(3)
        self.assertEqual(self.reasons(), {"reserved"})

    def test_what_only_moved_is_computed_again_by_the_sweep_alone(self):
        self.receive(1)
        self.sold_unseen(3)
        self.bring_rechecks_near(SETTLE_AFTER)
        self.turn()
        self.assertEqual(self.published(), 8)
