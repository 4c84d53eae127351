from odoo import fields, models

WATCHED = frozenset({"active", "location_id", "lockgate_hold", "usage"})


class StockLocation(models.Model):
    _inherit = "stock.location"

    lockgate_hold = fields.Boolean(
        "Not Sold by Channels",
        help="What lies here or below, as on quality hold, is not shown by any channel.",
    )

    def write(self, vals):
        result = super().write(vals)
        if WATCHED.isdisjoint(vals):
            return result
        reason = "location changed"
        if "lockgate_hold" in vals:
            reason = "quality hold" if vals["lockgate_hold"] else "available"
        self._lockgate_mark(reason)
        return result

    def unlink(self):
        self._lockgate_mark("location changed")  # of a move that was to end here PostgreSQL forgets the end
        return super().unlink()

    def _lockgate_sold(self):
        """What was sold out of these locations though no move says so yet: {product id: in its own unit}.

        `lockgate_stock_pos` says what open sessions have sold.
        """
        return {}

    def _lockgate_kind(self):
        """ "held" on quality hold or in quality control, "sold" in a warehouse's stock, or else None."""
        self.ensure_one()
        above = self.browse(int(each) for each in self.parent_path.split("/") if each)
        if any(above.mapped("lockgate_hold")) or above.warehouse_id.wh_qc_stock_loc_id & above:
            return "held"
        return "sold" if above.warehouse_id.lot_stock_id & above else None

    def _lockgate_mark(self, reason):
        """Mark what lies here or below, or is to come or go; rare, so it may search."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            WITH below AS (
                SELECT l.id FROM stock_location root
                  JOIN stock_location l ON l.parent_path LIKE root.parent_path || '%%'
                 WHERE root.id = ANY(%s)
            )
            SELECT product_id FROM stock_quant WHERE location_id IN (SELECT id FROM below)
             UNION
            SELECT product_id FROM stock_move
             WHERE state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
               AND EXISTS (
                   SELECT FROM below WHERE id IN (location_id, location_dest_id, location_final_id))
            """,
            [self.ids],
        )
        products = [product_id for (product_id,) in self.env.cr.fetchall()]
        self.env["lockgate.outbox"]._mark_products("stock", products, reason)
