from odoo import api, models
from odoo.addons.lockgate.models.outbox import KEY


class Outbox(models.Model):
    _inherit = "lockgate.outbox"

    @api.model
    def _mark_quants(self, product_ids, reason):
        """Mark products for their quants; a move that changes quants knows better why, so its word stays."""
        marks = self.env.cr.precommit.data.get(KEY, {})
        unmarked = [product_id for product_id in product_ids if ("product", product_id, "stock") not in marks]
        self._mark_products("stock", unmarked, reason)
