from collections import defaultdict

from odoo import api, models

WATCHED = frozenset(
    {
        "state",
        "product_id",
        "product_uom",
        "product_qty",
        "product_uom_qty",
        "quantity",
        "date",
        "location_id",
        "location_dest_id",
    }
)
RESERVED = {"assigned", "partially_available"}
# What a done move was, by the usage of its destination, or else of its source.
TO = {"customer": "shipped", "supplier": "returned", "production": "consumed", "inventory": "adjusted"}
FROM = {"supplier": "received", "customer": "returned", "production": "produced", "inventory": "adjusted"}


class StockMove(models.Model):
    _inherit = "stock.move"

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        moves.filtered(lambda move: move.state != "draft")._lockgate_mark()
        return moves

    def write(self, vals):
        if "product_id" in vals:
            self._lockgate_mark()  # the product that was promised until now
        return super().write(vals)

    def _write_multi(self, vals_list):
        # Every ORM write comes by here; state, quantities and locations are stored computed fields.
        super()._write_multi(vals_list)
        changed = [
            move.id
            for move, vals in zip(self, vals_list, strict=True)
            if not WATCHED.isdisjoint(vals) and ("state" in vals or move.state != "draft")
        ]
        self.browse(changed)._lockgate_mark()

    def unlink(self):
        self.filtered(lambda move: move.state != "draft")._lockgate_mark()
        return super().unlink()

    def _lockgate_mark(self):
        products = defaultdict(set)
        for move in self.sudo():
            products[move._lockgate_reason()].add(move.product_id.id)
        for reason, product_ids in products.items():
            self.env["lockgate.outbox"]._mark_products("stock", product_ids, reason)

    def _lockgate_reason(self):
        """What happened, in a word, as far as the move itself tells."""
        source, destination = self.location_id.usage, self.location_dest_id.usage
        if self.state == "done":
            return TO.get(destination) or FROM.get(source, "transferred")
        if self.state == "cancel":
            return "cancelled"
        if source in FROM:
            return "expected"
        return "reserved" if self.state in RESERVED else "allocated"
