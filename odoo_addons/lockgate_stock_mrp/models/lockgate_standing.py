from odoo import api, models
from odoo.addons.lockgate.turn.values import STANDS_ANEW

KEY = "lockgate.standing"


class Standing(models.Model):
    _inherit = "lockgate.standing"

    @api.model
    def _gather(self, product_ids):
        """What stands on these products is asked anew, once, at the flush: a bill is written line by line."""
        if not product_ids:
            return
        precommit = self.env.cr.precommit
        if KEY not in precommit.data:
            precommit.data[KEY] = set()
            precommit.add(self._restand)
        precommit.data[KEY].update(product_ids)

    @api.model
    def _gather_kits(self):
        """All kits: units changed, and any bill may be written in them."""
        self.env.cr.execute("SELECT DISTINCT product_id FROM lockgate_standing WHERE quantity = 0")
        self._gather([product_id for (product_id,) in self.env.cr.fetchall()])

    @api.model
    def _restand(self):
        products = self.env.cr.precommit.data.pop(KEY, set())
        self.env.cr.execute(
            "SELECT DISTINCT listing_id FROM lockgate_standing WHERE product_id = ANY(%s)", [list(products)]
        )
        listings = self.env["lockgate.listing"].browse(row[0] for row in self.env.cr.fetchall())
        changed = listings._stand()
        self.env["lockgate.outbox"]._mark_listings("stock", changed.ids, STANDS_ANEW)
