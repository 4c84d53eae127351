from odoo import api, fields, models

from ..turn.values import RETRY

WORK_CLASSES = [("critical", "Critical"), ("routine", "Routine"), ("bulk", "Bulk")]
STATES = [
    ("due", "Due"),
    ("leased", "In Flight"),
    ("unknown", "Unknown"),
    ("verify", "To Verify"),
    ("settled", "Settled"),
    ("blocked", "Blocked"),
]


class Publication(models.Model):
    """The state of one aspect of one listing: what the channel should show, and what it took.

    Written by the turn alone, in SQL. No stored computed or related field may stand here: the ORM would
    write it from users' transactions, and a push would wait for them.
    """

    _name = "lockgate.publication"
    _inherit = ["lockgate.rows"]
    _description = "Publication"
    _log_access = False
    _order = "id desc"
    _rec_names_search = ["listing_id"]

    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="restrict")
    listing_id = fields.Many2one("lockgate.listing", required=True, readonly=True, ondelete="restrict")
    aspect = fields.Selection([("price", "Price"), ("stock", "Stock")], required=True, readonly=True)
    scope = fields.Integer(readonly=True, help="The price book; 0 for stock.")
    state = fields.Selection(STATES, required=True, readonly=True)
    work_class = fields.Selection(WORK_CLASSES, "Urgency", required=True, readonly=True)
    wanted = fields.Json("Wanted Value", readonly=True)
    version = fields.Integer(readonly=True, help="The turn that made the wanted value; it only grows.")
    wanted_at = fields.Datetime(readonly=True)
    behind_since = fields.Datetime(
        readonly=True,
        help="When the first value was wanted that the channel has not taken; while it has: moot.",
    )
    due_at = fields.Datetime(readonly=True)
    recheck_at = fields.Datetime(
        "Computed Again At", readonly=True, help="When time alone may change the wanted value."
    )
    confirmed = fields.Json("Confirmed Value", readonly=True)
    confirmed_version = fields.Integer(readonly=True)
    confirmed_at = fields.Datetime("Published", readonly=True)
    verified_version = fields.Integer(readonly=True)
    verified_at = fields.Datetime("Reconciled", readonly=True)
    lease_token = fields.Char(readonly=True)
    lease_version = fields.Integer(readonly=True)
    lease_until = fields.Datetime(readonly=True)
    tries = fields.Integer(readonly=True)
    reconciliation_id = fields.Many2one(
        "lockgate.reconciliation",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The reconciliation that waits for its answer.",
    )
    failing_since = fields.Datetime(
        readonly=True, help="Its tries have failed since; the time in which its channel was down is left out."
    )
    look_at = fields.Datetime(
        "Looked At Again",
        readonly=True,
        help="A push had no answer in time, so it may have landed late: the channel is read once more.",
    )
    failed_at = fields.Datetime(readonly=True)
    message = fields.Char(readonly=True)
    attempt_ids = fields.One2many("lockgate.attempt", "publication_id", readonly=True)
    attempt_count = fields.Integer("Attempts", compute="_compute_counts")
    exception_count = fields.Integer("Exceptions", compute="_compute_counts")
    wanted_text = fields.Char("Wanted", compute="_compute_texts")
    confirmed_text = fields.Char("On the Channel", compute="_compute_texts")

    _key_unique = models.UniqueIndex("(listing_id, aspect, scope)")
    _due_index = models.Index("(channel_id, work_class, due_at) WHERE due_at IS NOT NULL")
    _failing_index = models.Index(
        "(channel_id, work_class, due_at) WHERE due_at IS NOT NULL AND failing_since IS NOT NULL"
    )
    _recheck_index = models.Index("(channel_id, recheck_at) WHERE recheck_at IS NOT NULL")
    _lease_index = models.Index("(channel_id, lease_until) WHERE state = 'leased'")
    _unread_index = models.Index("(channel_id, (coalesce(verified_at, '-infinity'))) WHERE state = 'settled'")
    _doubt_index = models.Index(
        "(channel_id) WHERE look_at IS NOT NULL AND state = 'settled' AND due_at IS NULL"
    )
    _blocked_index = models.Index("(channel_id) WHERE state = 'blocked'")

    @api.depends("listing_id", "aspect")
    def _compute_display_name(self):
        aspects = dict(self._fields["aspect"]._description_selection(self.env))
        for publication in self:
            aspect = aspects.get(publication.aspect)
            publication.display_name = f"{publication.listing_id.display_name}: {aspect}"

    @api.depends("wanted", "confirmed")
    def _compute_texts(self):
        for publication in self:
            publication.wanted_text = self._value_text(publication.wanted)
            publication.confirmed_text = self._value_text(publication.confirmed)

    @api.model
    def _value_text(self, value):
        """A value as a person reads it: '12.50 USD' or '7'."""
        if not value:
            return False
        if value["aspect"] == "price":
            return f"{value['amount']} {value['currency']}"
        return str(value["quantity"])

    def _compute_counts(self):
        attempts = self.env["lockgate.attempt"]._read_group(
            [("publication_id", "in", self.ids)], ["publication_id"], ["__count"]
        )
        attempts = dict(attempts)
        for publication in self:
            publication.attempt_count = attempts.get(publication, 0)
            publication.exception_count = self.env["lockgate.exception"].search_count(
                publication._exceptions()
            )

    def _exceptions(self):
        """Those that this aspect of its listing had a part in."""
        mine = [("listing_id", "=", self.listing_id.id), ("aspect", "=", self.aspect)]
        return [("failure_ids", "any", mine)]

    def action_open_listing(self):
        self.ensure_one()
        return self.listing_id._open()

    def action_open_exceptions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate.lockgate_exception_action")
        return {**action, "domain": self._exceptions(), "context": {}}

    def action_open_attempts(self):
        self.ensure_one()
        return self._open_attempts()

    def _open_attempts(self):
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate.lockgate_attempt_action")
        return {**action, "domain": [("publication_id", "in", self.ids)]}

    # Refused for everybody: nothing but the turn's own statements writes here.
    def action_push_again(self):
        """Ask for the newest value to be sent again; an operator's word, appended as a mark."""
        self.channel_id._check_operated()
        for aspect, publications in self.grouped("aspect").items():
            self.env["lockgate.outbox"]._mark_listings(aspect, publications.listing_id.ids, RETRY)
        return self.env["lockgate.exception"]._tell(self.env._("%s values are being sent again.", len(self)))

    @api.model
    def _dashboard(self, channel_ids):
        """Counts by channel, read now; ages in seconds."""
        if not channel_ids:
            return []
        self.env.cr.execute(
            """
            SELECT p.channel_id,
                   count(*) FILTER (
                       WHERE state IN ('due', 'unknown', 'verify') AND wanted IS NOT NULL) AS due,
                   count(*) FILTER (WHERE state = 'leased') AS in_flight,
                   count(*) FILTER (WHERE state = 'blocked') AS failed,
                   count(*) FILTER (WHERE state = 'settled') AS settled,
                   coalesce(extract(epoch FROM now() AT TIME ZONE 'UTC' -
                       min(greatest(behind_since, confirmed_at)) FILTER (
                       WHERE version > confirmed_version AND wanted IS NOT NULL))::int, 0) AS oldest_wait,
                   coalesce(bool_or(t.resume_at > now() AT TIME ZONE 'UTC'), false) AS down
              FROM lockgate_publication p
              JOIN lockgate_turn t ON t.channel_id = p.channel_id
             WHERE p.channel_id = ANY(%s)
          GROUP BY p.channel_id
            """,
            [list(channel_ids)],
        )
        return self.env.cr.dictfetchall()
