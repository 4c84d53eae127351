from odoo import Command
from odoo.addons.lockgate_stock.tests.common import StockCase


class KitCase(StockCase):
    """A canoe kit of one boat and two paddles, listed beside the boat alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.paddle = cls._product("Paddle")
        cls.kit = cls._product("Canoe kit", is_storable=False)
        cls.bom = cls._bom(cls.kit, (cls.product, 1), (cls.paddle, 2))
        cls.kit_listing = cls._listing(cls.kit)
        cls.forget_marks()

    @classmethod
    def _bom(cls, product, *lines, **values):
        """A kit of (part, quantity) or (part, quantity, unit) lines."""
        return cls.env["mrp.bom"].create(
            {
                "product_tmpl_id": product.product_tmpl_id.id,
                "product_uom_id": product.uom_id.id,
                "type": "phantom",
                "bom_line_ids": [
                    Command.create(
                        {
                            "product_id": part.id,
                            "product_qty": quantity,
                            "product_uom_id": (unit or [part.uom_id])[0].id,
                        }
                    )
                    for part, quantity, *unit in lines
                ],
                **values,
            }
        )

    def marked(self):
        """The listings marked since the last time."""
        return {listing_id for listing_id, *_ in self.marks()}

    def stands(self, listing=None):
        """What a listing stands on, as written down: {product: quantity}."""
        self.env.cr.flush()
        return {each.product_id: each.quantity for each in (listing or self.kit_listing).standing_ids}
