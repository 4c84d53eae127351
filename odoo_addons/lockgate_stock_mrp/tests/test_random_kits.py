import random

from odoo import fields
from odoo.addons.lockgate_stock.tests.recount import Recount
from odoo.tests import tagged

from .common import KitCase

ROUNDS = 40


@tagged("post_install", "-at_install")
class TestRandomKits(KitCase):
    """Whatever bills and stock become, a kit's number equals what exploding it again and again allows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.parts = [cls.product, cls.paddle] + [cls._product(f"Part {number}") for number in range(3)]
        cls.fleet = cls._product("Fleet", is_storable=False)
        cls.fleet_bom = cls._bom(cls.fleet, (cls.kit, 2), (cls.parts[2], 1), product_qty=2)
        cls.fleets = cls._listing(cls.fleet)
        cls.forget_marks()

    def fits(self, listing, kits):
        """Whether the parts suffice for so many kits, exploded as a delivery would be."""
        product = listing.product_id
        bom = self.env["mrp.bom"]._bom_find(product, company_id=self.company.id, bom_type="phantom")[product]
        taken = dict.fromkeys(self.parts, 0)
        for line, data in bom.explode(product, kits / bom.product_qty)[1]:
            part = line.product_id
            taken[part] += line.product_uom_id._compute_quantity(data["qty"], part.uom_id, round=False)
        return all(taken[part] <= self.unpromised[part] + 1e-6 for part in self.parts if taken[part])

    def count_again(self):
        recount = Recount(self.env, fields.Datetime.now())
        inside = recount.below(self.channel.warehouse_ids.lot_stock_id)
        nothing = self.env["lockgate.exposure.policy"]
        self.unpromised = {part: recount.rest(part, inside, nothing) for part in self.parts}

    def _operate(self, dice):
        part, bom = dice.choice(self.parts), dice.choice([self.bom, self.fleet_bom])
        line = dice.choice(bom.bom_line_ids)
        # Quarters and dozens: what `explode` rounds up to a hundredth stays as it is.
        match dice.choice(
            ["receive", "receive", "order", "order kits", "line", "add", "drop", "bill", "unit"]
        ):
            case "receive":
                self.receive(dice.randint(1, 60), part)
            case "order":
                self.order(dice.randint(1, 5), part)
            case "order kits":
                self.order(dice.randint(1, 3), dice.choice([self.kit, self.fleet]))
            case "line":
                line.product_qty = dice.choice([0.25, 0.5, 1, 1.5, 2, 3])
            case "add":
                bom.bom_line_ids = [(0, 0, {"product_id": part.id, "product_qty": dice.randint(1, 3)})]
            case "drop":
                if len(bom.bom_line_ids) > 2:
                    line.unlink()
            case "bill":
                bom.product_qty = dice.choice([1, 2, 4])
            case "unit":
                line.product_uom_id = dice.choice([self.unit, self.dozen])

    def test_forty_random_changes_of_stock_and_bills(self):
        dice = random.Random(4)
        for part in self.parts:
            self.receive(200, part)
        self.marks()
        before = {listing: self.quantity(listing) for listing in (self.kit_listing, self.fleets)}
        seen = set()
        for round_ in range(ROUNDS):
            self._operate(dice)
            marked = self.marked()
            self.count_again()
            for listing in before:
                quantity = self.quantity(listing)
                self.assertTrue(quantity == 0 or self.fits(listing, quantity), f"round {round_}")
                self.assertFalse(self.fits(listing, quantity + 1), f"round {round_}")
                if quantity != before[listing]:
                    self.assertIn(listing.id, marked, f"round {round_}")
                before[listing] = quantity
                seen.add(quantity)
        self.assertGreater(len(seen), 15)
