import math
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

KINDS = [
    ("margin", "Margin Floor"),
    ("minimum", "Minimum Advertised Price"),
    ("rise", "Largest Rise"),
    ("fall", "Largest Fall"),
    ("ending", "Price Endings"),
    ("freeze", "Freeze Window"),
    ("lead_time", "Lead Time"),
    ("frequency", "Most Changes a Week"),
    ("currency", "Currency Rate"),
    ("rollback", "Rollbacks"),
    ("drift", "Band for Drift"),
]
EFFECTS = [("block", "Block"), ("ask", "Ask for Approvers"), ("pass", "Let Through on Its Own")]
ENDING = re.compile(r"\d*\.?\d+")
# What says how strict a policy is: an approval stands for it as it was.
BAND = (
    "kind", "effect", "percent", "amount", "endings", "freeze_from", "freeze_to", "days", "times",
    "confirm_identity",
)  # fmt: skip


class PricePolicy(models.Model):
    """One rule on prices: a band, where it holds, and what happens outside (or inside) of it.

    All policies that match a listing and a book hold together. *Block* refuses what is outside the band;
    *ask* demands the approval of its tiers for it; *let through* needs nobody for a change of which every
    price is inside the bands of all policies and under at least one that lets through.
    """

    _name = "lockgate.price.policy"
    _description = "Price Policy"
    _inherit = ["mail.thread", "lockgate.governed"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True, ondelete="cascade"
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    category_id = fields.Many2one(
        "product.category",
        "Product Category",
        tracking=True,
        ondelete="restrict",
        help="With those under it. Empty: all.",
    )
    channel_id = fields.Many2one(
        "lockgate.channel", check_company=True, tracking=True, ondelete="cascade", help="Empty: all."
    )
    book_id = fields.Many2one(
        "lockgate.price.book",
        "Price Book",
        check_company=True,
        tracking=True,
        ondelete="cascade",
        help="Empty: all.",
    )
    kind = fields.Selection(KINDS, "Rule", required=True, tracking=True)
    effect = fields.Selection(EFFECTS, required=True, default="block", tracking=True)
    percent = fields.Float(
        "Limit in %",
        tracking=True,
        help="As a part of one: 0.2 is 20 %. Of a currency rate: the most by which it may differ from the "
        "one before it; 0 for any.",
    )
    amount = fields.Monetary(
        "Lowest Price",
        currency_field="company_currency_id",
        tracking=True,
        help="Of one of the product's own unit, in the company's currency; compared at today's rate.",
    )
    endings = fields.Char(
        tracking=True, help="What a price may end with, separated by spaces: “.99 .95” or “9”."
    )
    freeze_from = fields.Datetime(tracking=True)
    freeze_to = fields.Datetime(tracking=True, help="The first moment at which prices may change again.")
    days = fields.Integer(
        tracking=True,
        help="Lead time: fewest days from now until a change begins. Age of the rate: most days since it "
        "was set.",
    )
    times = fields.Integer(
        "Changes",
        tracking=True,
        help="Most changes of a product's price within any seven days, those that are approved to come "
        "included: on all channels, or on the channel or book below.",
    )
    tier_ids = fields.Many2many(
        "lockgate.price.tier",
        "lockgate_price_policy_tier_rel",
        "policy_id",
        "tier_id",
        string="Tiers of Approvers",
        check_company=True,
        ondelete="restrict",
    )
    group_id = fields.Many2one(
        "res.groups",
        "Who Rolls Back",
        tracking=True,
        ondelete="restrict",
        help="Of the pricing analysts, only those in this group draft a rollback here and ask for it. Empty: "
        "all of them.",
    )
    confirm_identity = fields.Boolean(
        "Confirm Identity",
        tracking=True,
        help="Approvers confirm who they are at the first tier too. From the second on they always do.",
    )

    @api.constrains(
        "kind",
        "effect",
        "percent",
        "amount",
        "endings",
        "freeze_from",
        "freeze_to",
        "days",
        "times",
        "tier_ids",
    )
    def _check_band(self):
        for policy in self:
            if problem := policy._impossible():
                raise ValidationError(
                    self.env._("Price policy %(policy)s: %(problem)s", policy=policy.name, problem=problem)
                )

    @api.constrains("channel_id", "book_id")
    def _check_book_of_channel(self):
        for policy in self:
            if policy.channel_id and policy.book_id and policy.book_id.channel_id != policy.channel_id:
                raise ValidationError(
                    self.env._(
                        "Price policy %(policy)s: price book %(book)s is not one of channel %(channel)s, so "
                        "no price would ever match. Choose one of its books, or leave one of the two empty.",
                        policy=policy.name,
                        book=policy.book_id.name,
                        channel=policy.channel_id.name,
                    )
                )

    def _impossible(self):
        """What is wrong with the band, as a sentence; None when it can be held and can be broken."""
        checks = {
            "margin": (
                math.isfinite(self.percent) and -1 < self.percent < 1,
                self.env._("a margin is below 100 %: give a floor between -100 % and 100 %."),
            ),
            "minimum": (
                math.isfinite(self.amount) and self.amount > 0,
                self.env._("give a lowest price above zero."),
            ),
            "rise": (
                math.isfinite(self.percent) and 0 <= self.percent <= 100,
                self.env._("give a largest rise of 0 % or more, up to 10,000 %."),
            ),
            "fall": (
                math.isfinite(self.percent) and 0 <= self.percent < 1,
                self.env._("no price falls by 100 % or more: give a largest fall from 0 % to below 100 %."),
            ),
            "ending": (
                bool((self.endings or "").split())
                and all(ENDING.fullmatch(ending) for ending in self.endings.split()),
                self.env._("give endings as digits, such as “.99 .95”."),
            ),
            "freeze": (
                bool(self.freeze_from and self.freeze_to and self.freeze_from < self.freeze_to),
                self.env._("give the window a beginning and a later end."),
            ),
            "lead_time": (
                0 < self.days <= 3650,
                self.env._("give a lead time of one day or more, up to ten years."),
            ),
            "frequency": (
                0 < self.times <= 1000,
                self.env._("give one change a week or more; to allow none use a freeze window."),
            ),
            "drift": (
                math.isfinite(self.percent) and 0 < self.percent < 1 and self.effect == "pass",
                self.env._(
                    "give a band above 0 % and below 100 %, and the effect “Let Through on Its Own”: drift "
                    "in it is sealed by itself."
                ),
            ),
            "currency": (
                0 < self.days <= 3650 and math.isfinite(self.percent) and 0 <= self.percent <= 100,
                self.env._(
                    "give an age of one day or more, up to ten years, and a largest step of the rate from "
                    "0 % (any) up to 10,000 %."
                ),
            ),
            "rollback": (True, None),
        }
        possible, problem = checks[self.kind]
        if not possible:
            return problem
        if self.effect == "ask" and not self.tier_ids:
            return self.env._("it asks for approvers: choose the tiers that have to approve.")
        return None

    def _content(self):
        """All of the policy that an approval stands for, as JSON."""
        self.ensure_one()
        return {
            "policy": self.id,
            "tiers": [tier._content() for tier in self.tier_ids.sorted()],
            **{name: str(self[name]) for name in BAND},
        }
