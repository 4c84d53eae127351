from datetime import UTC, datetime, timedelta

from odoo import api, fields, models
from odoo.tools import format_datetime

OUTCOMES = [
    ("accepted", "Accepted"),
    ("read", "Read Back"),
    ("retry", "Try Again Later"),
    ("rejected", "Refused"),
    ("attention", "Needs Attention"),
    ("unknown", "No Answer"),
    ("down", "Channel Unreachable"),
]
# Why a try did not end well, as the sidecar says it: `Cause` of contract v1.
CAUSES = [
    ("mapping", "Mapping"),
    ("unknown_product", "Product Unknown at the Channel"),
    ("price_refused", "Price Refused"),
    ("stock_refused", "Stock Refused"),
    ("credentials", "Credentials"),
    ("permission", "Permission"),
    ("settings", "Settings"),
    ("rate_limit", "Rate Limit"),
    ("channel_down", "Channel Down"),
    ("no_answer", "No Answer"),
    ("bad_answer", "Bad Answer"),
    ("conflict", "Conflict"),
    ("internal", "Internal"),
]


class Attempt(models.Model):
    """One try: the lease that was given, and what came back. Written by the turn alone."""

    _name = "lockgate.attempt"
    _inherit = ["lockgate.rows"]
    _description = "Attempt"
    _log_access = False
    _order = "id desc"

    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="cascade")
    publication_id = fields.Many2one("lockgate.publication", required=True, readonly=True, ondelete="cascade")
    exchange_id = fields.Char(required=True, readonly=True)
    token = fields.Char(required=True, readonly=True)
    purpose = fields.Selection([("push", "Push"), ("read", "Read Back")], required=True, readonly=True)
    version = fields.Integer(readonly=True)
    tries = fields.Integer(readonly=True)
    value = fields.Json("Leased Value", readonly=True)
    snapshot = fields.Char(readonly=True, help="What the database showed when the value was leased.")
    leased_at = fields.Datetime(readonly=True)
    until = fields.Datetime(readonly=True, help="From then on the request can no longer land.")
    outcome = fields.Selection(OUTCOMES, readonly=True)
    message = fields.Char(readonly=True)
    answer = fields.Char(readonly=True, help="What the channel said, secrets masked.")
    reading = fields.Json(readonly=True)
    agrees = fields.Boolean(readonly=True, help="Whether the channel showed the value; of a read-back.")
    retry_after = fields.Float(readonly=True, help="Seconds after which the channel wants to be asked again.")
    reconciliation_id = fields.Many2one(
        "lockgate.reconciliation", readonly=True, ondelete="set null", index="btree_not_null"
    )
    request_id = fields.Char(readonly=True)
    cause = fields.Selection(CAUSES, readonly=True, help="Why it did not end well, as the sidecar says it.")
    seconds = fields.Float(readonly=True, digits=(12, 3))
    reported_at = fields.Datetime(readonly=True)
    value_text = fields.Char("Value", compute="_compute_texts")
    sent_text = fields.Text("Sent", compute="_compute_texts", help="All of the value, as it was leased.")
    reading_text = fields.Char("Channel Showed", compute="_compute_texts")
    came_back = fields.Text(
        compute="_compute_texts", help="What came of it, in words, and the channel's answer."
    )
    listing_id = fields.Many2one(related="publication_id.listing_id")
    aspect = fields.Selection(related="publication_id.aspect")
    publication_state = fields.Selection(related="publication_id.state", string="Now")

    _token_unique = models.UniqueIndex("(publication_id, token)")
    _leased_at_index = models.Index("USING brin (leased_at)")  # appended in this order, and many at once

    @api.depends("publication_id", "leased_at")
    def _compute_display_name(self):
        for attempt in self:
            leased = attempt.leased_at and format_datetime(self.env, attempt.leased_at, dt_format="short")
            attempt.display_name = ", ".join(filter(None, (attempt.publication_id.display_name, leased)))

    @api.depends("value", "reading", "outcome", "message", "answer")
    def _compute_texts(self):
        value_text = self.env["lockgate.publication"]._value_text
        for attempt in self:
            attempt.value_text = value_text(attempt.value)
            attempt.sent_text = attempt._sent_words()
            attempt.reading_text = value_text(attempt.reading)
            if attempt.outcome == "read" and not attempt.reading:
                attempt.reading_text = self.env._("not known to the channel")
            attempt.came_back = "\n".join(
                filter(None, (attempt.message, attempt.reading_text, attempt.answer))
            )

    def _sent_words(self):
        """The whole value: 'TUG: 12.50 USD; from 10: 11.00; from 1/3/26, 12:00 AM'."""
        value = self.value
        if not value:
            return False
        names = [value["sku"], *(value[name] for name in ("reference", "book") if value.get(name))]
        return "; ".join(
            [
                f"{' / '.join(names)}: {self.value_text}",
                *self._price_words(value),
                *(
                    self.env._(
                        "then %(price)s",
                        price="; ".join([f"{each['amount']} {each['currency']}", *self._price_words(each)]),
                    )
                    for each in value.get("coming", ())
                ),
            ]
        )

    def _price_words(self, price):
        """What belongs to a price beside its amount; nothing of stock."""
        words = [
            self.env._("from %(minimum)s: %(amount)s", **price_break)
            for price_break in price.get("breaks", ())
        ]
        if price.get("compare_at"):
            words.append(self.env._("instead of %s", price["compare_at"]))
        if price.get("starts"):
            words.append(self.env._("from %s", self._clock(price["starts"])))
        if price.get("ends"):
            words.append(self.env._("until %s", self._clock(price["ends"])))
        return words

    def _clock(self, moment):
        """A moment of a value (ISO 8601, with its offset) for the reader."""
        moment = datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)
        return format_datetime(self.env, moment, dt_format="short")

    # Refused for everybody: nothing but the turn's own statements writes here.
    @api.autovacuum
    def _gc_attempts(self):
        """Keep attempts for as many days as `lockgate.attempt_days` says (90); that of a lease which no turn
        has ended yet stays."""
        self.env.cr.execute(
            """
            DELETE FROM lockgate_attempt a
             WHERE leased_at < %(before)s
               AND (outcome IS NOT NULL OR until < %(before)s AND NOT EXISTS (
                   SELECT FROM lockgate_publication p
                    WHERE p.id = a.publication_id AND p.lease_token = a.token))
            """,
            {"before": self._kept_from()},
        )

    @api.model
    def _kept_from(self):
        days = int(self.env["ir.config_parameter"].sudo().get_param("lockgate.attempt_days", 90))
        return fields.Datetime.now() - timedelta(days=days)
