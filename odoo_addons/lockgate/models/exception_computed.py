from odoo import api, fields, models

from ..turn import prepared

# Seldom is any open: an index of those alone, so that a turn does not pay for it.
NOTE = """
    INSERT INTO lockgate_exception_computed (failure_id)
    SELECT id FROM lockgate_exception_failure
     WHERE channel_id = %(channel)s AND category = 'internal' AND publication_id IS NULL
       AND resolved_at IS NULL AND aspect = %(aspect)s AND listing_id = ANY(%(listings)s)
"""
FORGET = """
    DELETE FROM lockgate_exception_computed c USING lockgate_exception_failure f
     WHERE f.id = c.failure_id AND f.listing_id = ANY(%(listings)s) AND f.aspect = %(aspect)s
"""


class ExceptionComputed(models.Model):
    """A value that could not be computed, and now was; appended by the turn, taken by exceptions.

    Its publication cannot say so: the same number computed again leaves it as it is. Nor may the turn write
    failures, where it would wait for people: it appends, as hooks do.
    """

    _name = "lockgate.exception.computed"
    _inherit = ["lockgate.rows"]
    _description = "Computed Again"
    _log_access = False

    failure_id = fields.Many2one(
        "lockgate.exception.failure", required=True, readonly=True, ondelete="cascade", index=True
    )

    @api.model
    def _note(self, channel_id, aspect, listing_ids):
        prepared.execute(
            self.env.cr, NOTE, {"channel": channel_id, "aspect": aspect, "listings": listing_ids}
        )

    @api.model
    def _forget(self, aspect, listing_ids):
        """It fails again, before anybody took the note."""
        self.env.cr.execute(FORGET, {"aspect": aspect, "listings": listing_ids})


class Failure(models.Model):
    _inherit = "lockgate.exception.failure"

    _not_computed_index = models.Index(
        "(channel_id) WHERE category = 'internal' AND publication_id IS NULL AND resolved_at IS NULL"
    )
