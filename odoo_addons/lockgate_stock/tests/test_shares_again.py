from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestSharesAgain(StockCase):
    """What happens to listings, products and categories gives no channels more than the whole pool either."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._channel("stock_test_2", cls.warehouse)
        cls.there = cls._listing(cls.product, cls.other)

    def policy(self, channel, share, listing=None, **values):
        if listing:
            values |= {
                "applies_to": "listings",
                "listing_ids": [Command.set(listing.ids)],
                "sequence": 1,
            }
        values = {"name": f"{share} %", "channel_id": channel.id, "share": share, **values}
        return self.env["lockgate.exposure.policy"].create(values)

    def refused(self, message):
        return self.assertRaisesRegex(ValidationError, message)

    def test_a_second_listing_that_falls_to_another_policy_is_refused(self):
        self.policy(self.channel, 60)
        self.policy(self.other, 40)
        self.policy(self.channel, 10, self.listing)
        self.policy(self.other, 50, self.there)
        message = "CANAL BOAT.*: Policies 60 %, 50 %: the channels .* share SELLS/Stock .* 110 %"
        with self.refused(message), self.env.cr.savepoint():
            self._listing(self.product, sku="BOATS-2")
        with self.refused("110 %"), self.env.cr.savepoint():
            self._listing(self.unlisted, sku="BOATS-2").product_id = self.product
        self._listing(self.unlisted, self.other)

    def test_an_imported_row_says_so(self):
        self.policy(self.channel, 60)
        self.policy(self.channel, 10, self.listing)
        self.policy(self.other, 50, self.there, sequence=1)
        rows = [["stock_test", "LOCK KEEPER'S HAT", "HAT"], ["stock_test", "CANAL BOAT", "BOATS-2"]]
        found = self.env["lockgate.listing"].load(["channel_id", "product_id", "sku"], rows)
        self.assertFalse(found["ids"])
        # Odoo tells the first row that all of them together could not be made.
        _together, row = found["messages"]
        self.assertEqual((row["record"], row["type"]), (1, "error"))
        self.assertIn("110 %", row["message"])

    def test_a_policy_counts_what_is_archived_so_it_can_be_put_back(self):
        self.policy(self.channel, 60)
        self.there.active = False
        with self.refused("110 %"), self.env.cr.savepoint():
            self.policy(self.other, 50, self.there)
        self.policy(self.other, 40, self.there)
        self.there.active = True

    def test_another_product_of_a_named_listing_is_refused(self):
        boats = self.policy(self.channel, 60, self.listing)
        hats = self._listing(self.unlisted)
        boats.listing_ids += hats
        self.policy(self.other, 30, self.there)
        coat = self._listing(self._product("Coat"), self.other)
        self.policy(self.other, 50, coat)
        with self.refused("LOCK KEEPER'S HAT.* 110 %"), self.env.cr.savepoint():
            coat.product_id = self.unlisted

    def test_another_category_is_refused(self):
        boats = self.env["product.category"].create({"name": "Boats"})
        canal_boats = self.env["product.category"].create({"name": "Canal boats"})
        self.policy(self.channel, 60, applies_to="category", category_id=boats.id)
        self.policy(self.other, 50, self.there)
        with self.refused("CANAL BOAT.* 110 %"), self.env.cr.savepoint():
            self.product.categ_id = boats
        self.product.categ_id = canal_boats
        with self.refused("CANAL BOAT.* 110 %"), self.env.cr.savepoint():
            canal_boats.parent_id = boats

    def test_a_category_whose_products_fall_to_other_policies_is_not_deleted(self):
        boats = self.env["product.category"].create({"name": "Boats"})
        self.product.categ_id = boats
        canal_boats = self.env["product.category"].create({"name": "Canal boats", "parent_id": boats.id})
        self.product.categ_id = canal_boats
        self.policy(self.channel, 40, applies_to="category", category_id=boats.id, sequence=1)
        self.policy(self.channel, 60)
        self.policy(self.other, 50, self.there)
        with self.refused("CANAL BOAT.* 110 %"), self.env.cr.savepoint():
            canal_boats.unlink()

    def test_a_channel_that_is_put_back_is_refused(self):
        self.policy(self.other, 60)
        self.other.active = False
        self.policy(self.channel, 50)
        with self.refused("share SELLS/Stock .* 110 %"), self.env.cr.savepoint():
            self.other.active = True

    def test_a_location_that_comes_under_another_pool_is_refused(self):
        there = self.elsewhere.lot_stock_id
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": there.id})
        self.policy(self.channel, 60)
        self.policy(self.other, 50, places="sum", source_ids=[Command.create({"location_id": shelf.id})])
        with self.refused("share SELLS/Stock/Shelf .* 110 %"), self.env.cr.savepoint():
            shelf.location_id = self.stock
        shelf.location_id = self.elsewhere.view_location_id

    def test_a_warehouse_that_sells_from_another_place_is_refused(self):
        self.other.warehouse_ids = self.elsewhere
        self.policy(self.channel, 60)
        self.policy(self.other, 50)
        with self.refused("share SELLS/Stock/Shelf .* 110 %"), self.env.cr.savepoint():
            self.elsewhere.lot_stock_id = self.shelf

    def test_a_rule_lists_and_puts_back_whatever_it_finds(self):
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_values: 1)
        self.policy(self.channel, 60)
        hats = self._listing(self.unlisted, self.other)
        self.policy(self.other, 40, hats)
        category = self.env["product.category"].create({"name": "Hats"})
        self.unlisted.categ_id = category
        self.env["lockgate.listing.rule"].create(
            {
                "name": "Hats",
                "channel_id": self.channel.id,
                "category_id": category.id,
                "unmatched": "archive",
            }
        )
        listed = self.env["lockgate.listing"].with_context(active_test=False)
        for categ, active in ((category, True), (self.product.categ_id, False), (category, True)):
            self.unlisted.categ_id = categ
            self.env["lockgate.listing.rule"]._cron_run()
            made = listed.search(
                [("channel_id", "=", self.channel.id), ("product_id", "=", self.unlisted.id)]
            )
            self.assertEqual(made.active, active)
