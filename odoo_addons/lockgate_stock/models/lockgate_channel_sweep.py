from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.lockgate.turn.values import RECHECK, STANDS_ELSEWHERE
from odoo.tools import split_every

# Listings whose bills of materials are asked at once.
AT_ONCE = 1000


class Channel(models.Model):
    """What the turn's rechecks cannot find, because they ask for publications: it is marked, as found."""

    _inherit = "lockgate.channel"

    swept_at = fields.Datetime(readonly=True, copy=False)

    def write(self, vals):
        lowered = self.filtered(lambda channel: vals.get("sweep_minutes", 0) < channel.sweep_minutes)
        result = super().write(vals)
        if "sweep_minutes" in vals:
            lowered._mark_stock("swept more often")  # what was to be computed again falls due sooner
        return result

    @api.model
    def _cron_sweep(self):
        """Sweep each channel twice in its window, so that what comes right after one is found in time."""
        now = self.env.cr.now()
        for channel in self.search([("state", "!=", "draft")]):
            if not channel.swept_at or channel.swept_at + timedelta(minutes=channel.sweep_minutes) / 2 <= now:
                channel.swept_at = now
                channel._sweep()
                self.env["ir.cron"]._commit_progress(1)

    def _sweep(self):
        """Mark what has no publication though nothing waits for it, and what stands on something else.

        Two transactions at once, one that lists a kit and one that changes its bill, do not see each other;
        a first mark may be lost; and raw SQL passes every hook.
        """
        self.ensure_one()
        outbox = self.env["lockgate.outbox"]
        listings = self.with_context(active_test=False).listing_ids
        for some in split_every(AT_ONCE, listings.ids, listings.browse):
            outbox._mark_listings("stock", some._stand().ids, STANDS_ELSEWHERE)
        self.env.cr.execute(UNPUBLISHED, [self.id])
        outbox._mark_listings("stock", [listing_id for (listing_id,) in self.env.cr.fetchall()], RECHECK)


UNPUBLISHED = """
    SELECT l.id FROM lockgate_listing l
     WHERE l.channel_id = %s AND l.active AND l.awaits_first_approval IS NOT TRUE
       AND NOT EXISTS (SELECT FROM lockgate_publication p WHERE p.listing_id = l.id AND p.aspect = 'stock')
       AND NOT EXISTS (SELECT FROM lockgate_outbox o
                        WHERE o.channel_id = l.channel_id AND o.aspect = 'stock'
                          AND coalesce(o.listing_id, l.id) = l.id)
"""
