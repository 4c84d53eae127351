from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestShares(StockCase):
    """Channels that sell from one pool cannot be given more than all of it together."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._channel("stock_test_2", cls.warehouse)
        cls.apart = cls._channel("stock_test_3", cls.elsewhere)

    def policy(self, channel=None, **values):
        values = {"name": "Policy", "channel_id": (channel or self.channel).id, **values}
        return self.env["lockgate.exposure.policy"].create(values)

    def refused(self, message):
        return self.assertRaisesRegex(ValidationError, message)

    def assert_refused(self, message, channel=None, **values):
        with self.refused(message), self.env.cr.savepoint():
            self.policy(channel, **values)

    def test_channels_share_no_more_than_the_whole_pool(self):
        self.policy(share=60)
        self.policy(self.apart, share=60)
        self.assert_refused("share SELLS/Stock and would show 110 % of it together", self.other, share=50)
        shares = self.policy(self.other, share=40)
        with self.refused("110 %"), self.env.cr.savepoint():
            shares.share = 50
        with self.refused("160 %"), self.env.cr.savepoint():
            self.apart.warehouse_ids += self.warehouse

    def test_a_share_of_everything_is_no_share(self):
        self.policy(share=60)
        self.policy(self.other, share=100)

    def test_a_policy_of_every_channel_gives_its_share_to_each(self):
        every = {"channel_id": False}
        self.assert_refused(
            "stock_test, stock_test_2 share SELLS/Stock and would show 120 %", share=60, **every
        )
        self.policy(share=50, **every)
        with self.refused("150 %"), self.env.cr.savepoint():
            self._channel("stock_test_4", self.warehouse)

    def test_only_the_first_policy_that_matches_takes_its_share(self):
        self.policy(share=60)
        first = self.policy(self.other, share=100, sequence=1)
        self.policy(self.other, share=50)
        with self.refused("110 %"), self.env.cr.savepoint():
            first.sequence = 20
        with self.refused("110 %"), self.env.cr.savepoint():
            first.active = False
        with self.refused("110 %"), self.env.cr.savepoint():
            first.unlink()

    def test_while_little_is_left_they_share_no_more_either(self):
        last = [Command.create({"below": 20, "share": 60})]
        policy = self.policy(share=100, tier_ids=last)
        self.assert_refused(
            "fewer than 20 are left in SELLS/Stock.* 120 %", self.other, share=100, tier_ids=last
        )
        tiers = [Command.create({"below": 20, "share": 0}), Command.create({"below": 30, "share": 50})]
        other = self.policy(self.other, share=100, tier_ids=tiers)
        with self.refused("fewer than 20 .* 110 %"), self.env.cr.savepoint():
            other.tier_ids[0].share = 50
        with self.refused("fewer than 20 .* 110 %"), self.env.cr.savepoint():
            other.tier_ids[0].unlink()
        with self.refused("fewer than 30 .* 111 %"), self.env.cr.savepoint():
            policy.tier_ids = [Command.create({"below": 40, "share": 61})]

    def test_a_tier_that_names_a_greater_share_gives_no_more(self):
        self.policy(share=60, tier_ids=[Command.create({"below": 20, "share": 100})])
        self.policy(self.other, share=40)
        listings = self.listing, self._listing(self.product, self.other)
        self.receive(19)
        self.assertEqual([self.quantity(listing) for listing in listings], [11, 7])
        self.assertEqual([self.oracle(listing) for listing in listings], [11, 7])

    def test_what_a_tier_tightened_is_shared_by_no_others(self):
        tiers = [Command.create({"below": 20, "share": 30}), Command.create({"below": 5, "share": 60})]
        self.policy(share=40, tier_ids=tiers)
        self.assert_refused("would show 110 %", self.other, share=70)
        self.policy(self.other, share=60)

    def test_a_category_is_shared_for_itself(self):
        above = self.env["product.category"].create({"name": "Boats"})
        below = self.env["product.category"].create({"name": "Canal boats", "parent_id": above.id})
        boats = {"applies_to": "category", "category_id": above.id, "sequence": 5}
        canal_boats = {"applies_to": "category", "category_id": below.id, "sequence": 1}
        self.policy(share=60)
        self.policy(self.other, share=40)
        self.assert_refused("100 %|110 %", share=70, **boats)
        self.policy(share=30, **boats)
        self.policy(self.other, share=70, **boats)
        self.assert_refused("stock_test, stock_test_2 .* 110 %", share=40, **canal_boats)

    def test_a_product_that_is_listed_twice_is_shared_for_itself(self):
        there = self._listing(self.product, self.other)
        hat = self._listing(self.unlisted, self.other)
        self.policy(share=60)
        mine = {"applies_to": "listings", "sequence": 1}
        self.assert_refused("110 %", self.other, share=50, listing_ids=[Command.set(there.ids)], **mine)
        policy = self.policy(self.other, share=40, listing_ids=[Command.set(there.ids)], **mine)
        with self.refused("110 %"), self.env.cr.savepoint():
            policy.write({"share": 50, "listing_ids": [Command.link(hat.id)]})

    def test_the_pool_is_where_a_policy_sells_from(self):
        shelf = [Command.create({"location_id": self.shelf.id})]
        self.policy(share=60)
        self.policy(self.apart, share=60)
        self.assert_refused(
            "share SELLS/Stock/Shelf .* 110 %",
            self.apart,
            sequence=1,
            share=50,
            places="sum",
            source_ids=shelf,
        )
        policy = self.policy(self.apart, sequence=1, share=40, places="sum", source_ids=shelf)
        with self.refused("SELLS/Stock/Shelf"), self.env.cr.savepoint():
            policy.share = 41
        with self.refused("share ELSEW/Stock|share SELLS/Stock "), self.env.cr.savepoint():
            policy.write({"share": 50, "source_ids": [Command.create({"location_id": self.stock.id})]})

    def test_a_channel_of_two_warehouses_shares_each_with_another(self):
        both = self._channel("stock_test_4", self.warehouse | self.elsewhere)
        self.policy(both, share=50)
        self.policy(share=50)
        self.policy(self.apart, share=50)
        self.assert_refused("150 %", self.other, share=50)

    def test_another_companys_channels_share_nothing_with_ours(self):
        company = self.env["res.company"].create({"name": "Other Canal"})
        there = self.env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
        theirs = self._channel("stock_test_4", there, company_id=company.id)
        self.policy(share=60)
        self.policy(theirs, share=60, company_id=company.id)
