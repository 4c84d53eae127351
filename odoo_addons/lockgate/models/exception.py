import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

_logger = logging.getLogger(__name__)

CATEGORIES = [
    ("rejected", "Refused by the Channel"),
    ("attention", "Needs Attention"),
    ("differs", "Channel Shows Something Else"),
    ("internal", "Internal Error"),
]
CATEGORY_BY_OUTCOME = {"rejected": "rejected", "read": "differs"}
STATES = [("open", "Open"), ("retrying", "Retrying"), ("resolved", "Resolved"), ("ignored", "Ignored")]
OPEN = ("open", "retrying")
# What a person may edit of an exception; everything else is a fact.
EDITABLE = {"owner_id", "deadline"}


class LockgateException(models.Model):
    """Something that a person must decide, in plain words, with an owner, a due time and its buttons."""

    _name = "lockgate.exception"
    _description = "Exception"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "state, last_at desc, id desc"

    name = fields.Char("What Failed", required=True, readonly=True)
    channel_id = fields.Many2one(
        "lockgate.channel", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    listing_id = fields.Many2one(
        "lockgate.listing", required=True, readonly=True, ondelete="cascade", index=True
    )
    product_id = fields.Many2one(related="listing_id.product_id")
    publication_id = fields.Many2one("lockgate.publication", readonly=True, ondelete="cascade", index=True)
    aspect = fields.Selection([("price", "Price"), ("stock", "Stock")], required=True, readonly=True)
    category = fields.Selection(CATEGORIES, required=True, readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="open", tracking=True)
    message = fields.Text("Why", readonly=True)
    value = fields.Char("Value Sent", readonly=True)
    answer = fields.Text("The Channel's Answer", readonly=True)
    request_id = fields.Char(readonly=True)
    first_at = fields.Datetime("Since", readonly=True)
    last_at = fields.Datetime("Last Seen", readonly=True)
    count = fields.Integer("Times", readonly=True, default=1)
    resolved_at = fields.Datetime(readonly=True)
    owner_id = fields.Many2one("res.users", tracking=True)
    deadline = fields.Datetime("Due", tracking=True)
    attempt_ids = fields.One2many(related="publication_id.attempt_ids")

    _open_unique = models.UniqueIndex("(publication_id) WHERE state IN ('open', 'retrying')")

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise AccessError(self.env._("Exceptions are recorded by Lockgate, not by hand."))
        return super().create(vals_list)

    def write(self, vals):
        refused = set(vals) & set(self._fields) - EDITABLE
        if not self.env.su and any(self._fields[name].readonly for name in refused):
            raise AccessError(
                self.env._("An exception is resolved by its buttons; only its owner and due time are edited.")
            )
        return super().write(vals)

    def action_retry(self):
        """Send the newest value again; the exception resolves once the channel has taken it.

        One that has resolved by itself meanwhile is left as it is.
        """
        self.check_access("write")
        waiting = self.filtered(lambda exception: exception.state in OPEN)
        for aspect, exceptions in waiting.grouped("aspect").items():
            self.env["lockgate.outbox"]._mark_listings(aspect, exceptions.listing_id.ids, "retry")
        waiting.sudo().write({"state": "retrying"})

    def action_ignore(self):
        """Leave it as it is: a newer value, or a later failure, opens the matter again."""
        self.check_access("write")
        self.filtered(lambda exception: exception.state in OPEN).sudo().write(
            {"state": "ignored", "resolved_at": fields.Datetime.now()}
        )

    def action_open_listing(self):
        """Open the listing, where the mapping is mended."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "lockgate.listing",
            "res_id": self.listing_id.id,
            "views": [[False, "form"]],
        }

    @api.model
    def _catch_up(self, channels):
        """Bring exceptions to what publications say now: new ones, seen again, resolved by themselves.

        Derived from stored facts, so a call that was lost or lost a conflict is made good by the next.
        """
        self.env.cr.execute(NEWS, [channels.ids])
        blocked = self.env.cr.dictfetchall()
        for fact in blocked:
            self._record(fact)
        self.env.cr.execute(RESOLVED, [channels.ids])
        resolved = self.browse(row[0] for row in self.env.cr.fetchall())
        resolved.write({"state": "resolved", "resolved_at": fields.Datetime.now()})
        for exception in resolved:
            taken = exception.publication_id.confirmed_text or self.env._("a new value")
            exception.message_post(body=self.env._("Resolved by itself: the channel took %s.", taken))
            exception.activity_unlink(["mail.mail_activity_data_todo"])

    @api.model
    def _record(self, fact):
        seen = {
            "state": "open",
            "message": fact["message"],
            "value": self.env["lockgate.publication"]._value_text(fact["value"]),
            "answer": fact["answer"],
            "request_id": fact["request_id"],
            "last_at": fact["failed_at"],
        }
        exception = self.browse(fact["exception_id"] or ())
        if exception:
            exception.write({**seen, "count": exception.count + 1})
            return exception
        return self._open(
            {
                **seen,
                "channel_id": fact["channel_id"],
                "listing_id": fact["listing_id"],
                "publication_id": fact["publication_id"],
                "aspect": fact["aspect"],
                "category": CATEGORY_BY_OUTCOME.get(fact["outcome"], "attention"),
                "first_at": fact["failed_at"],
            }
        )

    @api.model
    def _record_internal(self, mark, error):
        """A listing whose value cannot be computed; the error's class and text, for an engineer."""
        listing = self.env["lockgate.listing"].browse(mark.listing_id).exists()
        if not listing:
            _logger.warning("A mark of deleted listing %s was set aside: %s", mark.listing_id, error)
            return self.browse()
        now = fields.Datetime.now()
        seen = {
            "state": "open",
            "message": self.env._(
                "The %(aspect)s of %(listing)s could not be computed: %(error)s. "
                "Mend the product's data, then press Retry.",
                aspect=mark.aspect,
                listing=listing.display_name,
                error=f"{type(error).__name__}: {error}",
            ),
            "last_at": now,
        }
        what = {"listing_id": listing.id, "aspect": mark.aspect, "category": "internal"}
        exception = self.search(
            [(name, "=", value) for name, value in what.items()] + [("state", "in", OPEN)]
        )
        if exception:
            exception.write({**seen, "count": exception.count + 1})
            return exception
        return self._open({**what, **seen, "channel_id": listing.channel_id.id, "first_at": now})

    @api.model
    def _open(self, values):
        channel = self.env["lockgate.channel"].browse(values["channel_id"])
        listing = self.env["lockgate.listing"].browse(values["listing_id"])
        owner = channel.owner_id
        exception = self.create(
            {
                **values,
                "name": self.env._(
                    "%(channel)s: %(aspect)s of %(sku)s",
                    channel=channel.name,
                    aspect=dict(self._fields["aspect"].selection)[values["aspect"]],
                    sku=listing.sku,
                ),
                "owner_id": owner.id,
                "deadline": values["first_at"] + timedelta(days=1),
            }
        )
        if owner:
            exception.activity_schedule(
                "mail.mail_activity_data_todo", user_id=owner.id, summary=exception.name
            )
        return exception

    @api.model
    def _cron_catch_up(self):
        for channel in self.env["lockgate.channel"].search([]):
            self._catch_up(channel)
            self.env["ir.cron"]._commit_progress(1)


NEWS = """
    SELECT p.id AS publication_id, p.channel_id, p.listing_id, p.aspect, p.message, p.failed_at,
           e.id AS exception_id, a.outcome, a.answer, a.request_id, a.value
      FROM lockgate_publication p
      LEFT JOIN lockgate_exception e ON e.publication_id = p.id AND e.state IN ('open', 'retrying')
      LEFT JOIN LATERAL (SELECT outcome, answer, request_id, value FROM lockgate_attempt
                          WHERE publication_id = p.id ORDER BY id DESC LIMIT 1) a ON true
     WHERE p.channel_id = ANY(%s) AND p.state = 'blocked'
       AND (e.id IS NULL OR e.last_at < date_trunc('second', p.failed_at))
       AND NOT EXISTS (SELECT FROM lockgate_exception i
                        WHERE i.publication_id = p.id AND i.state = 'ignored'
                          AND i.last_at >= date_trunc('second', p.failed_at))
"""

# A failure is wiped from a publication by the channel's taking a value; one that never had a value to
# send is over when its value was computed.
RESOLVED = """
    SELECT DISTINCT e.id
      FROM lockgate_exception e
      JOIN lockgate_publication p
        ON p.id = e.publication_id
        OR (e.publication_id IS NULL AND p.listing_id = e.listing_id AND p.aspect = e.aspect)
     WHERE e.channel_id = ANY(%s) AND e.state IN ('open', 'retrying')
       AND CASE WHEN e.publication_id IS NULL THEN p.wanted_at > e.last_at ELSE p.failed_at IS NULL END
"""
