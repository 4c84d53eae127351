from odoo import api, models
from odoo.addons.lockgate.models.exception_fingerprint import fingerprint
from odoo.addons.lockgate.models.exception_record import Seen
from odoo.addons.lockgate.turn import prepared

CATEGORY = "out_of_policy"
# Seals that a policy holds now: not released, not over, and no newer price in their place.
HELD = """
    SELECT held.seal_id, seal.listing_id, seal.channel_id, held.date, held.policies
      FROM lockgate_price_check held
      JOIN lockgate_price_seal seal ON seal.id = held.seal_id
     WHERE held.answer = 'held' AND held.channel_id = ANY(%(channels)s)
       AND NOT EXISTS (SELECT FROM lockgate_price_check released
                        WHERE released.seal_id = held.seal_id AND released.answer = 'released')
       AND NOT EXISTS (SELECT FROM lockgate_price_seal newer
                        WHERE newer.listing_id = seal.listing_id AND newer.book_id = seal.book_id
                          AND newer.id > seal.id AND newer.revokes_id IS NULL
                          AND newer.date_from <= statement_timestamp() AT TIME ZONE 'UTC')
       AND (seal.date_to IS NULL OR seal.date_to > statement_timestamp() AT TIME ZONE 'UTC')
"""
OPEN = """
    SELECT subject FROM lockgate_exception_failure
     WHERE channel_id = ANY(%(channels)s) AND category = %(category)s AND subject LIKE 'held %%'
       AND resolved_at IS NULL
"""


class ExceptionHeld(models.Model):
    """A price that a policy held when its time came: an approver releases it, or a new change replaces it."""

    _inherit = "lockgate.exception"

    @api.model
    def _catch_up(self, channels):
        self.env.flush_all()
        prepared.execute(self.env.cr, HELD, {"channels": channels.ids})
        held = {f"held {fact['seal_id']}": fact for fact in self.env.cr.dictfetchall()}
        prepared.execute(self.env.cr, OPEN, {"channels": channels.ids, "category": CATEGORY})
        open_now = {subject for (subject,) in self.env.cr.fetchall()}
        if new := held.keys() - open_now:
            unknown = self._unknown(new)  # an ignored one stays ignored: another price is another seal
            self._record([self._seen_held(subject, held[subject]) for subject in held if subject in unknown])
        if over := open_now - held.keys():
            self._end_subjects(list(over))
        return super()._catch_up(channels)

    @api.model
    def _seen_held(self, subject, fact):
        seal = self.env["lockgate.price.seal"].browse(fact["seal_id"])
        message = self.env._(
            "When its time came, the approved price broke: %(policies)s. The channel keeps its earlier one. "
            "Open price change %(change)s: let an approver release it, or make a new change.",
            policies=", ".join(policy["name"] for policy in fact["policies"]),
            change=seal.change_id.name,
        )
        return Seen(
            fact["channel_id"],
            CATEGORY,
            fingerprint(CATEGORY, message, ()),
            subject,
            None,
            fact["listing_id"],
            "price",
            fact["date"],
            message,
            f"{seal.amount} {seal.currency_id.name}",
        )
