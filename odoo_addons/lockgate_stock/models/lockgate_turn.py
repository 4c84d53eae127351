from datetime import timedelta

from odoo import api, models
from odoo.addons.lockgate.models.turn import Wanted

from .. import exposure


class Turn(models.Model):
    _inherit = "lockgate.turn"

    @api.model
    def _wanted_makers(self):
        return {**super()._wanted_makers(), "stock": self._wanted_stock}

    @api.model
    def _wanted_stock(self, channel, listings, now):
        """What the channel may sell of each listing (StockValue), in two statements for all of them."""
        sweep = timedelta(minutes=channel.sweep_minutes)
        return [
            self._prepare_wanted_stock(found, now, sweep)
            for found in exposure.read(self.env.cr, channel.id, listings.ids)
        ]

    @api.model
    def _prepare_wanted_stock(self, found, now, sweep):
        if found.quantity is None:
            return Wanted(found.listing_id, 0, None, "routine", None)
        value = {
            "aspect": "stock",
            "sku": found.sku,
            "reference": found.reference or None,
            "quantity": found.quantity,
        }
        # Raw SQL passes every hook, so each listing is computed afresh within the channel's sweep. Each has
        # its own share of it, for ever, so that they do not all fall due at once.
        share = 0.5 + (found.listing_id * 0.6180339887 % 1) / 2
        work_class = "critical" if found.crosses_zero else "routine"
        return Wanted(found.listing_id, 0, value, work_class, now + sweep * share)
