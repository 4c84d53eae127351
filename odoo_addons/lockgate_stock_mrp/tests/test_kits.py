from odoo import Command, fields
from odoo.addons.lockgate_stock import exposure
from odoo.tests import tagged

from .common import KitCase


@tagged("post_install", "-at_install")
class TestKits(KitCase):
    """How often a kit may be sold, and in which words."""

    def explain(self, listing=None):
        listing = listing or self.kit_listing
        listing.invalidate_recordset()
        return listing.stock_explanation

    def test_the_scarcest_part_says_how_many_kits(self):
        self.receive(10)
        self.receive(7, self.paddle)
        self.assertEqual(self.quantity(self.kit_listing), 3)
        self.receive(100, self.paddle)
        self.assertEqual(self.quantity(self.kit_listing), 10)

    def test_a_part_without_stock_leaves_no_kit(self):
        self.receive(10)
        self.assertEqual(self.quantity(self.kit_listing), 0)

    def test_what_is_promised_of_a_part_is_not_in_a_kit(self):
        self.receive(10)
        self.receive(20, self.paddle)
        self.order(4)
        self.assertEqual(self.quantity(self.kit_listing), 6)
        self.order(9)
        self.assertEqual(self.quantity(self.kit_listing), 0)

    def test_an_order_of_kits_promises_their_parts_once(self):
        self.receive(10)
        self.receive(20, self.paddle)
        order = self.order(3, self.kit)
        self.assertEqual(set(order.move_ids.product_id), {self.product, self.paddle})
        self.assertEqual(self.quantity(self.kit_listing), 7)
        self.assertEqual(self.quantity(), 7)
        self._done(order)
        self.assertEqual(self.quantity(self.kit_listing), 7)

    def test_a_part_that_is_listed_alone_keeps_its_own_number(self):
        self.receive(10)
        self.receive(7, self.paddle)
        self.assertEqual(self.quantity(), 10)

    def test_a_kit_of_kits_takes_what_they_take(self):
        fleet = self._product("Fleet", is_storable=False)
        self._bom(fleet, (self.kit, 3), (self.paddle, 1))
        listing = self._listing(fleet)
        self.receive(9)
        self.receive(13, self.paddle)
        self.assertEqual(self.quantity(listing), 1)
        self.receive(1, self.paddle)
        self.assertEqual(self.quantity(listing), 2)

    def test_a_part_that_comes_on_two_lines_is_taken_by_both(self):
        self.bom.bom_line_ids = [Command.create({"product_id": self.paddle.id, "product_qty": 1})]
        self.receive(10)
        self.receive(7, self.paddle)
        self.assertEqual(self.quantity(self.kit_listing), 2)

    def test_bills_in_other_units_than_the_products(self):
        rope, gram = self._product("Rope", uom_id=self.dozen.id), self.env.ref("uom.product_uom_gram")
        paint = self._product("Paint", uom_id=self.env.ref("uom.product_uom_kgm").id)
        kit = self._product("Deck kit", is_storable=False)
        # 2 dozen kits take 1 dozen ropes (kept in dozens), 24 paddles (in units) and 600 g of paint (in kg).
        self._bom(
            kit,
            (rope, 12, self.unit),
            (self.paddle, 2, self.dozen),
            (paint, 600, gram),
            product_qty=2,
            product_uom_id=self.dozen.id,
        )
        listing = self._listing(kit)
        self.receive(5, rope)
        self.receive(110, self.paddle)
        self.receive(2, paint)
        self.assertEqual(self.quantity(listing), 80)
        self.receive(100, paint)
        self.assertEqual(self.quantity(listing), 110)
        self.receive(100, self.paddle)
        self.assertEqual(self.quantity(listing), 120)

    def test_a_thousandth_is_not_rounded_up_to_a_hundredth(self):
        screw = self._product("Screws", is_storable=False)
        steel = self._product("Steel", uom_id=self.env.ref("uom.product_uom_kgm").id)
        self._bom(screw, (steel, 1), product_qty=1000)
        listing = self._listing(screw)
        self.receive(3, steel)
        self.assertEqual(self.quantity(listing), 3000)

    def test_thirds_of_a_part_make_whole_kits(self):
        third = self._product("Third", is_storable=False)
        self._bom(third, (self.product, 1), product_qty=3)
        listing = self._listing(third)
        self.receive(2)
        self.assertEqual(self.quantity(listing), 6)

    def test_kits_are_sold_by_the_whole_dozen(self):
        dozens = self._listing(self.kit, sku="KITS-12", uom_id=self.dozen.id)
        self.receive(30)
        self.receive(59, self.paddle)
        self.assertEqual(self.quantity(dozens), 2)

    def test_parts_that_are_not_kept_in_stock_and_lines_of_nothing_limit_nothing(self):
        paint, badge = self._product("Paint", is_storable=False), self._product("Badge")
        self.bom.bom_line_ids = [
            Command.create({"product_id": paint.id, "product_qty": 1}),
            Command.create({"product_id": badge.id, "product_qty": 0}),
        ]
        self.receive(10)
        self.receive(7, self.paddle)
        self.assertEqual(self.quantity(self.kit_listing), 3)

    def test_a_kit_of_what_is_not_kept_in_stock_is_told_nothing(self):
        kit, paint = self._product("Paint kit"), self._product("Paint", is_storable=False)
        self._bom(kit, (paint, 1))
        self.assertIsNone(self.quantity(self._listing(kit)))

    def test_stock_of_the_kit_itself_does_not_count(self):
        self.receive(50, self.unlisted)
        listing = self._listing(self.unlisted)
        self.assertEqual(self.quantity(listing), 50)
        self._bom(self.unlisted, (self.paddle, 1))
        self.assertEqual(self.quantity(listing), 0)

    def test_a_line_counts_for_the_variants_that_it_applies_to(self):
        colour = self.env["product.attribute"].create(
            {"name": "Colour", "value_ids": [Command.create({"name": name}) for name in ("red", "blue")]}
        )
        template = self.env["product.template"].create(
            {
                "name": "Painted kit",
                "attribute_line_ids": [
                    Command.create(
                        {
                            "attribute_id": colour.id,
                            "value_ids": [Command.set(colour.value_ids.ids)],
                        }
                    )
                ],
            }
        )
        red, blue = template.product_variant_ids
        bom = self._bom(red, (self.product, 1), (self.paddle, 1))
        bom.bom_line_ids[
            1
        ].bom_product_template_attribute_value_ids = red.product_template_attribute_value_ids
        listings = {part: self._listing(part, sku=part.display_name) for part in (red, blue)}
        self.receive(10)
        self.receive(7, self.paddle)
        self.assertEqual(self.quantity(listings[red]), 7)
        self.assertEqual(self.quantity(listings[blue]), 10)

    def test_another_companys_bill_is_not_ours(self):
        other = self.env["res.company"].create({"name": "Other Canal"})
        plain = self._product("Plain")
        self._bom(plain, (self.product, 1), company_id=other.id)
        listing = self._listing(plain)
        self.assertEqual(self.stands(listing), {plain: 1})

    def test_the_words_name_the_parts_and_the_scarcest(self):
        self.receive(10)
        self.receive(7, self.paddle)
        self.assertEqual(
            self.explain(),
            "the scarcest part is [PADDLE] Paddle: 7 on hand − 0 promised = 7 Units → 3 whole Units",
        )
        self.assertEqual(
            self.kit_listing.parts_text, "1 Units [CANAL BOAT] Canal boat, 2 Units [PADDLE] Paddle"
        )
        self.assertFalse(self.listing.parts_text)
        self.assertEqual(self.explain(self.listing), "10 on hand − 0 promised = 10 Units → 10 whole Units")

    def test_kits_are_read_in_no_more_statements(self):
        self.explain()  # from here on the connection knows the plans
        self.env.flush_all()
        statements = []
        for listing in (self.listing, self.kit_listing):
            before = self.env.cr.sql_log_count
            exposure.read(self.env, self.channel.id, listing.ids, fields.Datetime.now())
            statements.append(self.env.cr.sql_log_count - before)
        self.assertEqual(statements[0], statements[1])
