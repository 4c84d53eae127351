import random

from odoo.tests import tagged

from .common import OPEN, StockCase

OPERATIONS = 60
NAMES = [
    "receive",
    "order",
    "order",
    "transfer",
    "count",
    "scrap",
    "assign",
    "unreserve",
    "cancel",
    "validate",
    "validate",
    "partly",
    "change",
]


@tagged("post_install", "-at_install")
class TestRandom(StockCase):
    """Whatever people do, in whatever order: the maker equals the slow recomputation, and it was marked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel.warehouse_ids += cls.env["stock.warehouse"].create({"name": "Second", "code": "SECON"})
        cls.dozens = cls._listing(cls.product, sku="BOATS-12", uom_id=cls.dozen.id)
        cls.places = (
            cls.stock | cls.shelf | cls.elsewhere.lot_stock_id | cls.channel.warehouse_ids.lot_stock_id
        )
        cls.forget_marks()

    def _open_pickings(self):
        moves = self.env["stock.move"].search([("product_id", "=", self.product.id), ("state", "in", OPEN)])
        return moves.picking_id

    def _operate(self, dice):
        """Do one thing and return its name."""
        name = dice.choice(NAMES)
        pickings = self._open_pickings()
        picking = dice.choice(pickings) if pickings else None
        quantity = dice.randint(1, 30)
        if name == "receive":
            self.receive(quantity, destination=dice.choice(self.places))
        elif name == "order" or picking is None:
            self.order(quantity, source=dice.choice(self.places))
        elif name == "transfer":
            self.transfer(quantity, *dice.sample(list(self.places), 2))
        elif name == "count":
            self.count(quantity, location=dice.choice(self.places))
        elif name == "scrap":
            self.receive(quantity)
            self.scrap(dice.randint(1, quantity))
        elif name == "assign":
            picking.action_assign()
        elif name == "unreserve":
            picking.do_unreserve()
        elif name == "cancel":
            picking.action_cancel()
        elif name == "validate":
            self._done(picking)
        elif name == "partly":
            self._done(picking, quantity=dice.randint(1, 5))
        elif name == "change":
            picking.move_ids[0].product_uom_qty = quantity
        return name

    def test_sixty_random_operations(self):
        dice = random.Random(19)
        before = {listing: self.quantity(listing) for listing in self.channel.listing_ids}
        done = []
        for _turn in range(OPERATIONS):
            done.append(self._operate(dice))
            marked = {listing_id for listing_id, *_ in self.marks()}
            for listing in self.channel.listing_ids:
                quantity = self.quantity(listing)
                self.assertEqual(quantity, self.oracle(listing), done)
                if quantity != before[listing]:
                    self.assertIn(listing.id, marked, done)
                before[listing] = quantity
        self.assertGreater(len(set(done)), 8)
