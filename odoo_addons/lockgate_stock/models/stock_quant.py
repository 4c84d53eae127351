from odoo import api, models

from .stock_move import OURS

WATCHED = frozenset(
    {
        "expiration_date",
        "location_id",
        "lot_id",
        "owner_id",
        "product_id",
        "quantity",
        "removal_date",
        "reserved_quantity",
    }
)


class StockQuant(models.Model):
    _inherit = "stock.quant"

    @api.model_create_multi
    def create(self, vals_list):
        quants = super().create(vals_list)
        quants._lockgate_mark("on hand")
        return quants

    def write(self, vals):
        if not {"product_id", "location_id"}.isdisjoint(vals):
            self._lockgate_mark("on hand")  # the product or the place that loses these quants
        return super().write(vals)

    def _write_multi(self, vals_list):
        # Every ORM write comes by here, recomputed stored fields too; `write` sees only some. The hook's
        # arguments tell nothing of the sums: Odoo cuts them at zero and may write them twice.
        super()._write_multi(vals_list)
        changed = {"on hand": [], "reserved": []}
        for quant, vals in zip(self, vals_list, strict=True):
            fields = WATCHED.intersection(vals)
            if fields:
                changed["reserved" if fields == {"reserved_quantity"} else "on hand"].append(quant.id)
        for reason, ids in changed.items():
            self.browse(ids)._lockgate_mark(reason)

    def unlink(self):
        self._lockgate_mark("on hand")
        return super().unlink()

    @api.model
    def _merge_quants(self):
        # SQL of Odoo's own, for all products; only those with quants to merge can change.
        self.env.cr.execute(
            """
            SELECT DISTINCT product_id FROM stock_quant
          GROUP BY product_id, company_id, location_id, lot_id, package_id, owner_id HAVING count(*) > 1
            """
        )
        merged = [product_id for (product_id,) in self.env.cr.fetchall()]
        self.env["lockgate.outbox"]._mark_products("stock", merged, "on hand")
        return super()._merge_quants()

    def _lockgate_mark(self, reason):
        ours = self.sudo().filtered(lambda quant: quant.location_id.usage in OURS)
        self.env["lockgate.outbox"]._mark_quants(ours.product_id.ids, reason)
