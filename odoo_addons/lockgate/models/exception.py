from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from .exception_category import CATEGORIES, SEVERITIES

STATES = [
    ("open", "Open"),
    ("retrying", "Retrying"),
    ("skipped", "Skipped"),
    ("resolved", "Resolved"),
    ("ignored", "Ignored"),
]
# Not over yet: a failure of the same cause joins it.
UNRESOLVED = ("open", "retrying", "skipped")
# What a person may edit of an exception; everything else is a fact.
EDITABLE = {"owner_id", "deadline"}
# The newest tries that a form shows.
TRIES_SHOWN = 80


class LockgateException(models.Model):
    """Something that a person must decide: one cause on one channel, and all the listings that it hits.

    It is recorded from facts (exception_record.py), in a transaction of its own, and resolves by itself
    when none of its listings fails any more.
    """

    _name = "lockgate.exception"
    _description = "Exception"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "severity desc, last_at desc, id desc"

    name = fields.Char("What Failed", required=True, readonly=True)
    channel_id = fields.Many2one(
        "lockgate.channel", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    category = fields.Selection(CATEGORIES, required=True, readonly=True)
    severity = fields.Selection(SEVERITIES, required=True, readonly=True, default="1")
    fingerprint = fields.Char(required=True, readonly=True, help="The key of the cause within the channel.")
    state = fields.Selection(
        STATES,
        required=True,
        readonly=True,
        default="open",
        tracking=True,
        group_expand=lambda exceptions, states, domain: list(UNRESOLVED),
    )
    listing_id = fields.Many2one(
        "lockgate.listing", "Newest Listing", readonly=True, ondelete="set null", help="The last that failed."
    )
    message = fields.Text("Why", readonly=True)
    value = fields.Char("Value Sent", readonly=True)
    answer = fields.Text("The Channel's Answer", readonly=True)
    request_id = fields.Char(readonly=True)
    first_at = fields.Datetime("Since", readonly=True)
    last_at = fields.Datetime("Last Seen", readonly=True)
    count = fields.Integer("Times", readonly=True)
    listing_count = fields.Integer("Listings", readonly=True, help="How many listings it has touched.")
    failing_count = fields.Integer("Still Failing", readonly=True, help="How many of them fail now.")
    waiting_count = fields.Integer(
        "Listings Waiting", readonly=True, help="Of a channel through which nothing goes: what waits for it."
    )
    failing_aspects = fields.Char(
        compute="_compute_failing_aspects", help="'price', 'stock', or both: of what the channel was told."
    )
    progress = fields.Float("Mended", compute="_compute_progress", help="Listings that fail no more, in %.")
    resolved_at = fields.Datetime(readonly=True)
    hours_to_resolve = fields.Float(
        compute="_compute_hours_to_resolve", store=True, aggregator="avg", help="From first seen to resolved."
    )
    skip_until = fields.Datetime("Skipped Until", readonly=True)
    reason = fields.Char(readonly=True, help="Why it was skipped or ignored.")
    owner_id = fields.Many2one("res.users", tracking=True, index=True)
    deadline = fields.Datetime("Due", tracking=True)
    failure_ids = fields.One2many("lockgate.exception.failure", "exception_id", "Failures", readonly=True)
    attempt_ids = fields.One2many("lockgate.attempt", compute="_compute_attempt_ids", string="Tries")

    _unresolved_unique = models.UniqueIndex(
        "(channel_id, fingerprint) WHERE state IN ('open', 'retrying', 'skipped')"
    )

    @api.model
    def _read_group_select(self, aggregate_spec, query):
        """The hours to resolve, on average, are of what is over: what is open has none, stored as 0."""
        select = super()._read_group_select(aggregate_spec, query)
        if aggregate_spec == "hours_to_resolve:avg":
            over = self._field_to_sql(self._table, "resolved_at", query)
            select = SQL("%s FILTER (WHERE %s IS NOT NULL)", select, over)
        return select

    @api.depends("name", "listing_count", "listing_id", "waiting_count")
    def _compute_display_name(self):
        for exception in self:
            what, listings = exception.listing_id.sku, exception.listing_count or exception.waiting_count
            if listings > 1:
                what = self.env._("%s listings", listings)
            exception.display_name = f"{exception.name} ({what})" if what else exception.name

    @api.depends("listing_count", "failing_count")
    def _compute_progress(self):
        for exception in self:
            touched = exception.listing_count
            exception.progress = 100.0 * (touched - exception.failing_count) / touched if touched else 0.0

    @api.depends("failing_count", "last_at")
    def _compute_failing_aspects(self):
        failing = self.env["lockgate.exception.failure"]._read_group(
            [
                ("exception_id", "in", self.ids),
                ("resolved_at", "=", False),
                ("publication_id", "!=", False),
            ],
            ["exception_id"],
            ["aspect:array_agg_distinct"],
        )
        aspects = dict(failing)
        for exception in self:
            exception.failing_aspects = ", ".join(aspects.get(exception._origin, []))

    @api.depends("first_at", "resolved_at")
    def _compute_hours_to_resolve(self):
        for exception in self:
            ended, began = exception.resolved_at, exception.first_at
            exception.hours_to_resolve = (ended - began).total_seconds() / 3600 if ended and began else False

    @api.depends("last_at", "count")
    def _compute_attempt_ids(self):
        attempts, failures = self.env["lockgate.attempt"], self.env["lockgate.exception.failure"]
        for exception in self:
            newest = failures.search([("exception_id", "=", exception.id)], limit=TRIES_SHOWN)
            exception.attempt_ids = attempts.search(
                [("publication_id", "in", newest.publication_id.ids)], limit=TRIES_SHOWN
            )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise AccessError(self.env._("Exceptions are recorded by Lockgate, not by hand."))
        exceptions = super().create(vals_list)
        self._tell_owners(exceptions.owner_id)
        return exceptions

    def write(self, vals):
        refused = set(vals) & set(self._fields) - EDITABLE
        if not self.env.su and any(self._fields[name].readonly for name in refused):
            raise AccessError(
                self.env._("An exception is resolved by its buttons; only its owner and due time are edited.")
            )
        owners = self.owner_id
        result = super().write(vals)
        if "owner_id" in vals:
            self._give_to_owner()
        if {"owner_id", "state"} & set(vals):
            self._tell_owners(owners | self.owner_id)
        return result

    def unlink(self):
        if not self.env.su:
            raise AccessError(self.env._("Exceptions are kept: they are resolved or ignored, not deleted."))
        return super().unlink()

    # What follows from it for people

    def _give_to_owner(self):
        """Each owner has one activity for what is not over."""
        self.activity_unlink(["mail.mail_activity_data_todo"])
        for exception in self.filtered(lambda exception: exception.state in UNRESOLVED):
            if exception.owner_id:
                exception.activity_schedule(
                    "mail.mail_activity_data_todo",
                    user_id=exception.owner_id.id,
                    summary=exception.name,
                    date_deadline=exception.deadline and exception.deadline.date(),
                )

    @api.model
    def _tell_owners(self, owners):
        """Their badges count again, once this transaction is committed."""
        for owner in owners:
            owner.sudo()._bus_send("lockgate.exceptions", {})

    def _end(self, state, values, notes):
        """The only way an exception ends. `notes`: {id: what its chatter says}."""
        ended = {"resolved_at": fields.Datetime.now(), "skip_until": False, "waiting_count": 0}
        self.write({"state": state, **ended, **values})
        self.activity_unlink(["mail.mail_activity_data_todo"])
        self._message_log_batch(bodies=notes)
