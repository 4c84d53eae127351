from odoo.exceptions import AccessError
from odoo.fields import Command

from .common import PriceCase


class TestImpact(PriceCase):
    def test_the_first_price_has_no_old_price(self):
        impact = self.draft().impact_ids
        self.assertEqual(impact.listing_id, self.listing)
        self.assertFalse(impact.old_seal_id)
        self.assertEqual(impact.new_price, 12.5)
        self.assertEqual(impact.current_price, 10)

    def test_old_new_change_and_margin_stand_by_listing(self):
        self.baseline()
        impact = self.draft({self.product: 12.0}).impact_ids
        self.assertEqual(impact.old_price, 10)
        self.assertAlmostEqual(impact.change_percent, 0.2)
        self.assertEqual(impact.sudo().cost, 4)
        self.assertEqual(impact.sudo().margin, 8)
        self.assertAlmostEqual(impact.sudo().margin_percent, 8 / 12)

    def test_the_old_price_is_the_seal_even_if_odoos_price_drifts(self):
        self.baseline()
        self.product.list_price = 11
        impact = self.draft().impact_ids
        self.assertEqual((impact.old_price, impact.current_price), (10, 11))

    def test_each_book_and_listing_has_its_row(self):
        shop = self.channel.copy({"code": "second_shop"})
        self.env["lockgate.listing"].create(
            [{"channel_id": shop.id, "product_id": self.product.id, "sku": sku} for sku in ("a", "b")]
        )
        book = self.book.create({"name": "Also", "channel_id": shop.id, "pricelist_id": self.pricelist.id})
        change = self.draft(
            {self.product: 12, self.second: 21}, book_ids=[Command.set((self.book + book).ids)]
        )
        self.assertEqual(len(change.impact_ids), 4)
        self.assertEqual(change.impact_ids.channel_id, self.channel + shop)

    def test_impact_follows_lines_and_books(self):
        change = self.draft()
        change.line_ids.price = 20
        self.assertEqual(change.impact_ids.new_price, 20)
        change.line_ids = [Command.create({"product_id": self.second.id, "price": 5})]
        self.assertEqual(change.impact_ids.product_id, self.product + self.second)
        change.line_ids[0].unlink()
        self.assertEqual(change.impact_ids.product_id, self.second)
        change.book_ids = [Command.clear()]
        self.assertFalse(change.impact_ids)

    def test_prices_are_those_of_one_unit_of_the_listing(self):
        self.listing.uom_id = self.env.ref("uom.product_uom_dozen")
        impact = self.draft({self.product: 12}).impact_ids
        self.assertEqual((impact.new_price, impact.current_price, impact.sudo().cost), (144, 120, 48))

    def test_impact_is_computed_never_written(self):
        impact = self.draft().impact_ids
        with self.assertRaises(AccessError):
            impact.write({"new_price": 1})
        with self.assertRaises(AccessError):
            impact.sudo().create({})
        with self.assertRaises(AccessError):
            impact.unlink()

    def test_a_cost_in_another_currency_is_converted(self):
        other = self.env.ref("base.JPY")
        other.active = True
        other.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {"currency_id": other.id, "rate": 150, "name": "2020-01-01", "company_id": self.env.company.id}
        )
        pricelist = self.env["product.pricelist"].create({"name": "Yen", "currency_id": other.id})
        book = self.book.create({"name": "Yen", "channel_id": self.channel.id, "pricelist_id": pricelist.id})
        impact = self.draft({self.product: 2000}, book_ids=[Command.set(book.ids)]).impact_ids
        self.assertEqual((impact.sudo().cost, impact.current_price), (600, 1500))

    def test_the_chart_counts_what_falls_and_rises_step_by_step(self):
        self.baseline()
        change = self.draft({self.product: 9.5, self.second: 21, self.third: 37})
        bars = [(bar["label"], bar["count"]) for bar in change._impact_bars()]
        self.assertEqual(
            bars,
            [
                ("up to −5 %", 1),  # just at the step: 10 → 9.50
                ("unchanged", 0),
                ("up to +5 %", 1),  # 20 → 21
                ("+5 to +10 %", 0),
                ("+10 to +20 %", 0),
                ("over +20 %", 1),  # 30 → 37
            ],
        )
        self.assertIn("over +20 %", change.impact_chart)

    def test_first_prices_draw_no_chart(self):
        self.assertFalse(self.draft().impact_chart)
