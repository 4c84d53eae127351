from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..policy import PERCENTAGES, UNITS, WITHIN, Policy

# What a channel's numbers depend on; not the name, nor what its followers and messages write.
TERMS = {
    *Policy._fields,
    "active",
    "applies_to",
    "category_id",
    "channel_id",
    "company_id",
    "consigned",
    "left_out_ids",
    "listing_ids",
    "sequence",
    "source_ids",
    "tier_ids",
} - {"id", "name"}


class ExposurePolicy(models.Model):
    """How much of what is left of the pool a channel shows; of several, the first that matches a listing."""

    _name = "lockgate.exposure.policy"
    _description = "Exposure Policy"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10, help="The first policy that matches a listing counts for it.")
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    channel_id = fields.Many2one(
        "lockgate.channel",
        check_company=True,
        ondelete="cascade",
        index=True,
        tracking=True,
        help="Empty: every channel of the company.",
    )
    applies_to = fields.Selection(
        [("all", "Every listing"), ("category", "A product category"), ("listings", "Some listings")],
        required=True,
        default="all",
        tracking=True,
    )
    category_id = fields.Many2one("product.category", ondelete="restrict", tracking=True)
    listing_ids = fields.Many2many(
        "lockgate.listing",
        relation="lockgate_exposure_policy_listing_rel",
        column1="policy_id",
        column2="listing_id",
        check_company=True,
    )
    shows = fields.Selection(
        [("counted", "What may be sold"), ("always", "Always in stock"), ("never", "Never in stock")],
        required=True,
        default="counted",
        tracking=True,
    )
    basis = fields.Selection(
        [
            ("unpromised", "Unpromised: on hand less all open orders"),
            ("free", "Free now: on hand less what is reserved"),
            ("incoming", "Free, and what comes within some days"),
            ("forecast", "Forecast: on hand less all open orders, and all that is to come"),
            ("on_hand", "On hand, whatever is promised of it"),
        ],
        required=True,
        default="unpromised",
        tracking=True,
    )
    days = fields.Integer("Within Days", required=True, default=0, tracking=True)
    consigned = fields.Boolean(
        "Count Consigned Goods", tracking=True, help="Goods that lie here and belong to others."
    )
    buffer = fields.Integer(
        "Safety Buffer",
        required=True,
        default=0,
        tracking=True,
        help="Units that are never shown. With a percentage too: the greater.",
    )
    buffer_percent = fields.Integer(
        "Safety Buffer (%)", required=True, default=0, tracking=True, help="Rounded up to whole units."
    )
    share = fields.Integer("Share of the Pool (%)", default=100, required=True, tracking=True)
    backorder = fields.Integer(
        "May Be Sold Before They Come",
        required=True,
        default=0,
        tracking=True,
        help="Units beyond what is there: pre-orders, backorders.",
    )
    most = fields.Integer(
        "Shown at Most", required=True, default=0, tracking=True, help="0: as many as there are."
    )
    least = fields.Integer(
        "Least Shown", required=True, default=0, tracking=True, help="Fewer than these are shown as 0."
    )
    pack = fields.Integer("In Packs Of", default=1, required=True, tracking=True)
    ends_at = fields.Datetime("Sold Until", tracking=True, help="Shown as 0 from then on.")
    discontinued = fields.Boolean(
        tracking=True,
        help="Sold down to zero: once nothing of it lies there any more, not even on hold, the listing ends "
        "and stays at 0, whatever comes back.",
    )
    tier_ids = fields.One2many("lockgate.exposure.tier", "policy_id", "When Stock Falls", copy=True)

    @api.constrains(
        "applies_to", "category_id", "shows", "basis", "days", "pack", "discontinued", *UNITS, *PERCENTAGES
    )
    def _check_terms(self):
        for policy in self:
            for wrong, message in policy._wrong_terms():
                if wrong:
                    raise ValidationError(
                        self.env._("Policy %(policy)s: %(message)s", policy=policy.name, message=message)
                    )

    def _wrong_terms(self):
        """[(whether it is wrong, what to do)] for everything about a policy that cannot be."""
        self.ensure_one()
        labels = {name: self._fields[name]._description_string(self.env) for name in UNITS + PERCENTAGES}
        return [
            *(
                (
                    self[name] not in WITHIN[name],
                    self.env._("%s cannot be negative, nor more than a channel can show.", labels[name]),
                )
                for name in UNITS
            ),
            *(
                (self[name] not in WITHIN[name], self.env._("%s must be from 0 to 100.", labels[name]))
                for name in PERCENTAGES
            ),
            (self.pack not in WITHIN["pack"], self.env._("a pack holds one unit or more.")),
            (self.days not in WITHIN["days"], self.env._("the days must be from 0 to 3650.")),
            (
                self.most and self.most < self.least,
                self.env._("the most shown is less than the least shown, so nothing would ever be shown."),
            ),
            (
                self.shows == "always" and not self.most,
                self.env._("set how many are shown at most: that is what 'always in stock' shows."),
            ),
            (
                self.applies_to == "category" and not self.category_id,
                self.env._("choose the product category that it applies to."),
            ),
            (
                self.discontinued and (self.backorder or self.basis in ("incoming", "forecast")),
                self.env._(
                    "what is discontinued is sold down to zero, so nothing more can come or be pre-ordered."
                ),
            ),
        ]

    @api.model_create_multi
    def create(self, vals_list):
        policies = super().create(vals_list)
        policies._mark("policy added")
        return policies

    def write(self, vals):
        watched = self if TERMS & set(vals) else self.browse()
        watched._mark("policy changed")  # what it applied to until now
        result = super().write(vals)
        watched._mark("policy changed")
        return result

    def unlink(self):
        self._mark("policy removed")
        return super().unlink()

    def _mark(self, reason):
        """Mark the channels it may apply to: which listings it won, only the order of all policies tells."""
        for policy in self.sudo():
            channels = policy.channel_id or self.env["lockgate.channel"].sudo().search(
                [("company_id", "=", policy.company_id.id)]
            )
            channels._mark_stock(reason)
