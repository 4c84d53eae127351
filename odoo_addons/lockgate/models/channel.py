import re

import fastjsonschema

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..turn.values import PUT_BACK
from .duplicates import code_twice

OPERATOR = "lockgate.lockgate_group_operator"
STATES = [("draft", "Draft"), ("running", "Running"), ("frozen", "Frozen")]
HEALTH = [
    ("draft", "Not started"),
    ("frozen", "Frozen"),
    ("down", "Unreachable"),
    ("failing", "Exceptions open"),
    ("busy", "Work waiting"),
    ("good", "Up to date"),
]


class Channel(models.Model):
    """One shop, marketplace, POS estate or EDI partner."""

    _name = "lockgate.channel"
    _description = "Sales Channel"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name"
    _check_company_auto = True
    _mail_post_access = "read"  # operators say why, and set up nothing

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(required=True, help="The name by which the sidecar knows the channel.", tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    connector_id = fields.Many2one("lockgate.connector", required=True, ondelete="restrict", tracking=True)
    settings = fields.Properties(
        definition="connector_id.settings_definition", help="What the connector needs; never a secret."
    )
    credential = fields.Char(
        help="The name of the credential that the sidecar holds for this channel. Never the secret itself. "
        "Where the sidecar has one of this name with .price or .stock at its end, "
        "prices or stock go with that.",
        tracking=True,
    )
    state = fields.Selection(STATES, default="draft", required=True, readonly=True, copy=False, tracking=True)
    owner_id = fields.Many2one(
        "res.users", string="Exception Owner", help="Gets the exceptions of this channel.", tracking=True
    )
    send_within = fields.Integer(
        default=5, required=True, help="Seconds: a worker starts no request later than this after it asked."
    )
    deadline = fields.Integer(
        default=10, required=True, help="Seconds that one request to the channel may last in all."
    )
    late_bound = fields.Integer(
        default=5, required=True, help="Seconds after which a request that timed out can no longer land."
    )
    lag = fields.Integer(default=1, required=True, help="Seconds before the channel shows what it was told.")
    routine_window = fields.Integer(
        default=0, required=True, help="Seconds that routine changes wait so that they go together."
    )
    most_tries = fields.Integer(
        default=8,
        required=True,
        help="A value that fails as often becomes an exception. "
        "What fails while the whole channel is in trouble does not count.",
    )
    most_hours = fields.Integer(
        default=24,
        required=True,
        help="A value that fails for so long becomes an exception, however rarely it is tried.",
    )
    sweep_minutes = fields.Integer(
        default=60, required=True, help="Every listing is computed afresh within this time, marked or not."
    )
    listing_ids = fields.One2many("lockgate.listing", "channel_id")
    listing_count = fields.Integer(compute="_compute_dashboard")
    due_count = fields.Integer("Due", compute="_compute_dashboard")
    in_flight_count = fields.Integer("In Flight", compute="_compute_dashboard")
    failed_count = fields.Integer("Failed", compute="_compute_dashboard")
    settled_count = fields.Integer("Up to Date", compute="_compute_dashboard")
    exception_count = fields.Integer("Open Exceptions", compute="_compute_dashboard")
    oldest_wait = fields.Integer("Oldest Wait (s)", compute="_compute_dashboard")
    health = fields.Selection(HEALTH, compute="_compute_dashboard")

    _code_unique = models.Constraint("UNIQUE (code)", code_twice)
    _timing_positive = models.Constraint(
        "CHECK (send_within > 0 AND deadline > 0 AND late_bound >= 0 AND lag >= 0"
        " AND routine_window BETWEEN 0 AND 900 AND sweep_minutes > 0)",
        "Times of a channel are whole seconds above zero; the routine window is at most 900 seconds.",
    )

    # The fifth try is of one value alone: with fewer, one bad value would take others with it.
    _patience_bounded = models.Constraint(
        "CHECK (most_tries BETWEEN 5 AND 100 AND most_hours BETWEEN 1 AND 720)",
        "A value is tried 5 to 100 times, and for 1 to 720 hours, before a person is asked.",
    )

    @api.constrains("code")
    def _check_code(self):
        """Codes go to the sidecar in a list with commas, and name keys in Redis."""
        for channel in self:
            if not re.fullmatch(r"[A-Za-z0-9_.-]+", channel.code or ""):
                raise ValidationError(
                    self.env._(
                        "Channel %(channel)s: the code '%(code)s' may only have letters from A to Z, digits "
                        "and the signs - _ .",
                        channel=channel.name,
                        code=channel.code,
                    )
                )

    @api.constrains("settings", "connector_id")
    def _check_settings(self):
        for channel in self:
            schema = channel.connector_id.settings_schema or {}
            # An empty form field reads as False; a setting that is not given is left to the schema.
            settings = {
                name: value
                for name, value in dict(channel.settings or {}).items()
                if value is not False or schema.get("properties", {}).get(name, {}).get("type") == "boolean"
            }
            try:
                fastjsonschema.validate(schema, settings)
            except fastjsonschema.JsonSchemaException as error:
                raise ValidationError(
                    self.env._(
                        "Channel %(channel)s: its settings do not fit connector %(connector)s: %(problem)s.",
                        channel=channel.name,
                        connector=channel.connector_id.name,
                        problem=self._settings_problem(error),
                    )
                ) from error

    @api.model
    def _settings_problem(self, error):
        if error.rule == "required":
            missing = [name for name in error.rule_definition if name not in error.value]
            return self.env._("setting %s is missing", ", ".join(missing))
        return error.message.replace("data.", "setting ", 1)

    @api.depends_context("uid")
    def _compute_dashboard(self):
        """Counts read from publications now: facts about channels are never stored on them."""
        counts = {row["channel_id"]: row for row in self.env["lockgate.publication"]._dashboard(self.ids)}
        listings = dict(
            self.env["lockgate.listing"]._read_group(
                [("channel_id", "in", self.ids)], ["channel_id"], ["__count"]
            )
        )
        exceptions = dict(
            self.env["lockgate.exception"]._read_group(
                [("channel_id", "in", self.ids), ("state", "in", ("open", "retrying"))],
                ["channel_id"],
                ["__count"],
            )
        )
        for channel in self:
            row = counts.get(channel.id, {})
            channel.listing_count = listings.get(channel, 0)
            channel.due_count = row.get("due", 0)
            channel.in_flight_count = row.get("in_flight", 0)
            channel.failed_count = row.get("failed", 0)
            channel.settled_count = row.get("settled", 0)
            channel.oldest_wait = row.get("oldest_wait", 0)
            channel.exception_count = exceptions.get(channel, 0)
            channel.health = channel._health(row)

    def _health(self, row):
        if self.state != "running":
            return self.state
        if row.get("down"):
            return "down"
        if self.exception_count or row.get("failed"):
            return "failing"
        return "busy" if row.get("due") or row.get("in_flight") else "good"

    @api.model_create_multi
    def create(self, vals_list):
        if any(values.get("state", "draft") != "draft" for values in vals_list):
            raise ValidationError(self.env._("A channel starts as a draft: create it, then press Start."))
        channels = super().create(vals_list)
        self.env["lockgate.turn"].sudo().create([{"channel_id": channel.id} for channel in channels])
        return channels

    def write(self, vals):
        if "state" in vals:
            raise ValidationError(
                self.env._("The state of a channel is changed by its buttons Start, Freeze and Resume.")
            )
        if "company_id" in vals and self.listing_ids:
            raise ValidationError(
                self.env._("A channel with listings stays with its company: make a new channel.")
            )
        put_back = self.filtered(lambda channel: not channel.active) if vals.get("active") else self.browse()
        settings = {channel: channel._settings_words() for channel in self} if "settings" in vals else {}
        result = super().write(vals)
        put_back._mark_all(PUT_BACK)  # an archived channel is not marked
        for channel, before in settings.items():
            if (now := channel._settings_words()) != before:
                channel.message_post(
                    body=self.env._("Settings: %(before)s → %(now)s", before=before, now=now)
                )
        return result

    def _settings_words(self):
        """Odoo tracks no properties; these say where all that is sent goes to."""
        return ", ".join(f"{name}: {value}" for name, value in dict(self.settings or {}).items())

    def onchange(self, values, field_names, fields_spec):
        """Show a connector's settings as soon as it is chosen.

        Odoo leaves out settings without a default, and a channel cannot be saved before they are filled in.
        """
        result = super().onchange(values, field_names, fields_spec)
        if "connector_id" in field_names and "settings" in fields_spec:
            connector = self.env["lockgate.connector"].browse(values.get("connector_id"))
            result["value"]["settings"] = [
                {**setting, "value": setting.get("default", False)}
                for setting in connector.settings_definition or []
            ]
        return result

    def action_start(self):
        """Begin to publish: every listing is marked, and goes out once its price is sealed."""
        self._transition({"draft"}, "running", self.env._("Started."))
        self._mark_all("onboarded")

    def action_freeze(self):
        """Nothing goes out from now on; what changes is kept and coalesced."""
        self._transition({"running"}, "frozen", self.env._("Frozen: nothing goes out, everything is kept."))

    def action_resume(self):
        self._transition({"frozen"}, "running", self.env._("Resumed: the newest values go out."))
        self._mark_all("resumed")

    def _transition(self, sources, target, note):
        """The only way a channel changes its state. Raises ValidationError from another state."""
        self._check_operated()
        for channel in self.sudo():
            if channel.state not in sources:
                raise ValidationError(
                    self.env._(
                        "Channel %(channel)s is %(state)s: this button does nothing for it.",
                        channel=channel.name,
                        state=dict(STATES)[channel.state],
                    )
                )
            super(Channel, channel).write({"state": target})
            channel.message_post(body=note)

    def _check_operated(self):
        """AccessError for who does not operate these channels: whoever does presses buttons, and sets up
        nothing."""
        if not self.env.su and not self.env.user.has_group(OPERATOR):
            raise AccessError(self.env._("Channels are operated by channel operators alone."))
        self.check_access("read")

    def _mark_all(self, reason):
        self.env["lockgate.outbox"]._mark_channels(self.ids, reason)

    def action_open_listings(self):
        return self._open("lockgate.lockgate_listing_action")

    def action_open_publications(self):
        return self._open("lockgate.lockgate_publication_action")

    def action_open_exceptions(self):
        return self._open("lockgate.lockgate_exception_action")

    def _open(self, action):
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id(action) | {
            "domain": [("channel_id", "=", self.id)],
            "context": {"default_channel_id": self.id},
        }
