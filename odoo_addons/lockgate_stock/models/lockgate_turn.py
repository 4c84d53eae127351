from datetime import datetime, timedelta

from odoo import api, models
from odoo.addons.lockgate.models.turn import Wanted
from odoo.addons.lockgate.turn.values import SETTLE_AFTER, UNSEEN
from odoo.exceptions import ValidationError

from .. import exposure, ledger


class Turn(models.Model):
    _inherit = "lockgate.turn"

    @api.model
    def _wanted_makers(self):
        return {**super()._wanted_makers(), "stock": self._wanted_stock}

    @api.model
    def _wanted_stock(self, channel, listings, now, reasons):
        """What the channel may sell of each listing (StockValue), in a few statements for all of them.

        What changes is appended to the stock ledger, in one more. Raises ValidationError for a unit that
        nothing can be counted in, and for a policy whose numbers cannot be: the turn sets that listing aside.
        """
        exposures = exposure.read(self.env, channel.id, listings.ids, now)
        for each in exposures:
            if each.case in ("no_unit", "wrong_policy"):
                raise ValidationError(self.env["lockgate.listing"].browse(each.listing_id)._stock_words(each))
        ledger.append(self.env.cr, channel, exposures, reasons, now)
        return [
            self._prepare_wanted_stock(found, now, channel, reasons.get(found.listing_id))
            for found in exposures
        ]

    @api.model
    def _prepare_wanted_stock(self, found, now, channel, reason):
        # Raw SQL passes every hook, so each listing is computed afresh within the channel's sweep. Each has
        # its own share of it, for ever, so that they do not all fall due at once. Time may be sooner, and so
        # are transactions that left no mark because they could not see what it is marked for.
        sweep = timedelta(minutes=channel.sweep_minutes)
        share = 0.5 + (found.listing_id * 0.6180339887 % 1) / 2
        settled = now + SETTLE_AFTER if reason in UNSEEN else datetime.max
        recheck_at = min(now + sweep * share, found.event_at or datetime.max, settled)
        if found.quantity is None:
            return Wanted(found.listing_id, 0, None, "routine", None if found.archived else recheck_at)
        value = {
            "aspect": "stock",
            "sku": found.sku,
            "reference": found.reference or None,
            "quantity": found.quantity,
        }
        work_class = "critical" if found.is_critical(channel.low_stock) else "routine"
        return Wanted(found.listing_id, 0, value, work_class, recheck_at)
