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
        "location_final_id",
        "picking_id",
        "restrict_partner_id",
    }
)
# What moves a done one again; a unit or a date that is written on it does not.
CORRECTED = frozenset({"state", "quantity"})
# A move that gets another of these is marked for what it was, too.
BEFORE = frozenset({"product_id", "location_id", "location_dest_id"})
RESERVED = {"assigned", "partially_available"}
# What a done move was, by the usage of its destination, or else of its source.
TO = {"customer": "shipped", "supplier": "returned", "production": "consumed", "inventory": "adjusted"}
FROM = {"supplier": "received", "customer": "returned", "production": "produced", "inventory": "adjusted"}
DONE = {*TO.values(), *FROM.values(), "available", "quality hold", "transferred"}
# Only what lies in places of our own can be sold; in transit, at a customer's or a supplier's it is not.
OURS = frozenset({"internal", "view"})


class StockMove(models.Model):
    _inherit = "stock.move"

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        moves.filtered(lambda move: move.state != "draft")._lockgate_mark()
        return moves

    def write(self, vals):
        if not BEFORE.isdisjoint(vals):
            self.filtered(lambda move: move.state != "draft")._lockgate_mark()  # what was promised until now
        return super().write(vals)

    def _write_multi(self, vals_list):
        # Every ORM write comes by here; state, quantities and locations are stored computed fields.
        super()._write_multi(vals_list)
        changed = [
            move.id
            for move, vals in zip(self, vals_list, strict=True)
            if not (CORRECTED if move.state == "done" else WATCHED).isdisjoint(vals)
            and ("state" in vals or move.state != "draft")
        ]
        self.browse(changed)._lockgate_mark()

    def unlink(self):
        self.filtered(lambda move: move.state != "draft")._lockgate_mark()
        return super().unlink()

    def _lockgate_mark(self):
        products = defaultdict(set)
        for move in self.sudo():
            # Not a dropship, which passes by our places.
            places = move.location_id | move.location_dest_id | move.location_final_id
            if not OURS.isdisjoint(places.mapped("usage")):
                products[move._lockgate_reason(), move.state == "done"].add(move.product_id.id)
        for (reason, done), product_ids in products.items():
            self.env["lockgate.outbox"]._mark_moves(product_ids, reason, done)

    def _lockgate_reason(self):
        """What happened, in a word, as far as the move itself tells."""
        source, destination = self.location_id.usage, self.location_dest_id.usage
        if self.state == "done":
            return TO.get(destination) or FROM.get(source) or self._lockgate_transfer()
        if self.state == "cancel":
            return "cancelled"
        if source in FROM:
            return "expected"
        return "reserved" if self.state in RESERVED else "allocated"

    def _lockgate_transfer(self):
        """What a move between places of our own did to what may be sold."""
        kind = self.location_dest_id._lockgate_kind()
        if kind == "held":
            return "quality hold"
        if (
            kind == "sold"
            and self.location_id.usage == "internal"
            and self.location_id._lockgate_kind() != kind
        ):
            return "available"
        return "transferred"
