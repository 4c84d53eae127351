from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..turn.values import RETRY
from .exception_category import CATEGORIES

ENDINGS = [
    ("taken", "Taken by the Channel"),
    ("computed", "Computed"),
    ("withdrawn", "Nothing to Send Any More"),
    ("other_cause", "Fails for Another Reason"),
    ("ignored", "Ignored"),
]
# What fails and may be mended by sending again: a value that the channel was told, or one that could not be
# computed. Of all else, a price that is held or products in each other's way, nothing waits to be sent.
RETRIABLE = Domain("resolved_at", "=", False) & (
    Domain("publication_id", "!=", False) | Domain("category", "=", "internal")
)


class Failure(models.Model):
    """One listing's part in an exception: what failed, since when, how often. Written in SQL, in sets.

    Those that keep a value back are the dead letters: nothing of them is sent until a person or a newer
    value makes a new start.
    """

    _name = "lockgate.exception.failure"
    _inherit = ["lockgate.rows"]
    _description = "Failure"
    _log_access = False
    _order = "last_at desc, id desc"
    _rec_name = "listing_id"

    exception_id = fields.Many2one(
        "lockgate.exception", required=True, readonly=True, ondelete="cascade", index=True
    )
    channel_id = fields.Many2one(
        "lockgate.channel", required=True, readonly=True, ondelete="cascade", index=True
    )
    category = fields.Selection(CATEGORIES, required=True, readonly=True)
    subject = fields.Char(required=True, readonly=True, help="What fails once at a time.")
    publication_id = fields.Many2one("lockgate.publication", readonly=True, ondelete="cascade")
    listing_id = fields.Many2one(
        "lockgate.listing", required=True, readonly=True, ondelete="cascade", index=True
    )
    product_id = fields.Many2one(related="listing_id.product_id")
    aspect = fields.Selection([("price", "Price"), ("stock", "Stock")], required=True, readonly=True)
    message = fields.Text("Why", readonly=True)
    value = fields.Char("Value Sent", readonly=True)
    answer = fields.Text("The Channel's Answer", readonly=True)
    request_id = fields.Char(readonly=True)
    first_at = fields.Datetime("Since", readonly=True)
    last_at = fields.Datetime("Last Seen", readonly=True)
    count = fields.Integer("Times", readonly=True)
    resolved_at = fields.Datetime("Ended", readonly=True)
    ending = fields.Selection(ENDINGS, readonly=True)

    _subject_unique = models.UniqueIndex("(subject) WHERE resolved_at IS NULL")
    _ignored_index = models.Index("(subject) WHERE ending = 'ignored'")
    _publication_index = models.Index("(publication_id, last_at)")

    # Refused for everybody: nothing but the statements of exceptions writes here.
    def action_retry(self):
        """Send the newest values of these listings again, and leave the others of the exception alone.

        Raises UserError where that can mend nothing of what fails.
        """
        self.exception_id.check_access("write")
        waiting = self.filtered_domain(RETRIABLE)
        if not waiting and not all(self.mapped("resolved_at")):
            self._refuse_retry()
        waiting._mark()
        return self.env["lockgate.exception"]._tell(
            self.env._("%s values are being sent again.", len(waiting))
        )

    def _refuse_retry(self):
        raise UserError(
            self.env._(
                "Retry cannot mend this: a person decides about it, as its message and What to Do say."
            )
        )

    def action_open_listing(self):
        self.ensure_one()
        return self.listing_id._get_records_action()

    def _mark(self):
        for aspect, failures in self.grouped("aspect").items():
            self.env["lockgate.outbox"]._mark_listings(aspect, failures.listing_id.ids, RETRY)

    @api.autovacuum
    def _gc_failures(self):
        """Keep ended failures for as many days as attempts. Those of what is still blocked stay known, and so
        does what a person ignored that no value tells of: nothing else says that the same fact stands."""
        days = int(self.env["ir.config_parameter"].sudo().get_param("lockgate.attempt_days", 90))
        self.env.cr.execute(
            """
            DELETE FROM lockgate_exception_failure f
             WHERE f.resolved_at < now() AT TIME ZONE 'UTC' - make_interval(days => %s)
               AND (f.ending IS DISTINCT FROM 'ignored' OR f.publication_id IS NOT NULL)
               AND NOT EXISTS (SELECT FROM lockgate_publication p
                                WHERE p.id = f.publication_id AND p.state = 'blocked')
            """,
            [days],
        )
