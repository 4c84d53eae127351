from odoo import api, models
from odoo.addons.lockgate.models.outbox import KEY

from .stock_move import DONE


class Outbox(models.Model):
    _inherit = "lockgate.outbox"

    @api.model
    def _mark_quants(self, product_ids, reason):
        """Mark products for their quants; a move that changes quants knows better why, so its word stays."""
        self._mark_products("stock", [each for each in product_ids if not self._stock_mark(each)], reason)

    @api.model
    def _mark_moves(self, product_ids, reason, done):
        """Mark products for their moves; what was done says more than what is planned after it."""
        if not done:
            product_ids = [each for each in product_ids if self._stock_mark(each) not in DONE]
        self._mark_products("stock", product_ids, reason)

    @api.model
    def _stock_mark(self, product_id):
        """The reason for which a product's stock is marked until now, if it is."""
        return self.env.cr.precommit.data.get(KEY, {}).get(("product", product_id, "stock"))
