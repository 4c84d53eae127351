from odoo import api, fields, models
from odoo.exceptions import UserError

from ..turn.values import RETRY

# What was tried in a span of time; the newest values of it are sent again, never those of then.
TRIED = """
    SELECT p.aspect, array_agg(DISTINCT p.listing_id)
      FROM lockgate_publication p
     WHERE p.channel_id = %(channel)s AND p.wanted IS NOT NULL
       AND (%(aspect)s IS NULL OR p.aspect = %(aspect)s)
       AND (%(whole)s OR p.id IN (
               SELECT a.publication_id FROM lockgate_attempt a
                WHERE a.channel_id = %(channel)s AND a.leased_at >= %(since)s AND a.leased_at < %(until)s))
  GROUP BY p.aspect
"""


class Replay(models.TransientModel):
    """Publishes again what a channel was told, all of it or that of a span of time: as it is wanted now."""

    _name = "lockgate.replay"
    _description = "Publish Again"
    _inherit = ["lockgate.own"]

    channel_id = fields.Many2one("lockgate.channel", required=True)
    aspect = fields.Selection([("price", "Price"), ("stock", "Stock")], help="Empty: prices and stock.")
    whole = fields.Boolean("The Whole Channel", help="Whenever it was told.")
    since = fields.Datetime("Told From")
    until = fields.Datetime("Told Before", default=fields.Datetime.now)
    count = fields.Integer("Values", compute="_compute_count", help="How many values would be sent again.")

    @api.depends("channel_id", "aspect", "whole", "since", "until")
    def _compute_count(self):
        for replay in self:
            replay.count = sum(map(len, replay._listings().values()))

    def action_publish(self):
        """Mark what was told; only who operates the channel does. Raises UserError for an empty span."""
        self.ensure_one()
        self.channel_id._check_operated()
        if not self.whole and not (self.since and self.until and self.since < self.until):
            raise UserError(self.env._("Say from when until when the channel was told, or take all of it."))
        listings = self._listings()
        for aspect, listing_ids in listings.items():
            self.env["lockgate.outbox"]._mark_listings(aspect, listing_ids, RETRY)
        words = self.env._("Published again: the newest of %s values.", sum(map(len, listings.values())))
        self.channel_id.message_post(body=words)
        told = self.env["lockgate.exception"]._tell(words)
        told["params"]["next"] = {"type": "ir.actions.act_window_close"}
        return told

    def _listings(self):
        """{aspect: ids of the listings that were told}; nothing of a channel that the user may not see."""
        if not self.channel_id or not self.channel_id.has_access("read"):
            return {}
        self.env.cr.execute(
            TRIED,
            {
                "channel": self.channel_id.id,
                "aspect": self.aspect or None,
                "whole": self.whole,
                "since": self.since or None,
                "until": self.until or None,
            },
        )
        return dict(self.env.cr.fetchall())
