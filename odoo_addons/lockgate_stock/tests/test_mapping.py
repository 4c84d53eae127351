from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestMapping(StockCase):
    """What approvals of mappings mean for stock."""

    def test_of_a_listing_that_was_never_approved_the_channel_is_told_nothing(self):
        self.company.lockgate_mapping_approval = True
        self.receive(7)
        listing = self._listing(self.unlisted)
        self.assertTrue(listing.awaits_first_approval)
        self.env.cr.flush()
        now = self.env.cr.now()
        self.assertEqual(self.env["lockgate.turn"]._wanted_stock(self.channel, listing, now, {}), [])
        self.assertFalse(listing.stock_text)
        self.assertEqual(self.quantity(), 7)

    def test_the_mapping_in_force_is_what_is_sent_until_another_is_approved(self):
        self.company.lockgate_mapping_approval = True
        self.listing.write({"sku": "NEW", "uom_id": self.dozen.id})
        self.receive(24)
        value = self.wanted().value
        self.assertEqual((value["sku"], value["quantity"]), (self.product.default_code, 24))
