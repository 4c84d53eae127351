from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

CRITERIA = {"channel_id", "category_id", "tag_ids", "product_domain"}


class ListingRule(models.Model):
    """Which products a channel lists by itself: those of a category, with a tag, or of a domain.

    What a run does is in listing_rule_run.py. It makes and ends the listings of rules; those that people
    made or archived are left alone.
    """

    _name = "lockgate.listing.rule"
    _description = "Listing Rule"
    _inherit = ["mail.thread"]
    _order = "channel_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True, help="Archived, it makes and ends no listings.")
    channel_id = fields.Many2one(
        "lockgate.channel", required=True, ondelete="cascade", index=True, check_company=True, tracking=True
    )
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    category_id = fields.Many2one(
        "product.category", ondelete="restrict", tracking=True, help="With those below it."
    )
    tag_ids = fields.Many2many("product.tag", string="Tags", help="Products with any of them.")
    product_domain = fields.Char("Products", default='[("sale_ok", "=", True)]', required=True, tracking=True)
    unmatched = fields.Selection(
        [("keep", "Stay listed"), ("archive", "Are archived: the channel stops selling them")],
        "Products That Match No More",
        default="keep",
        required=True,
        tracking=True,
    )
    user_id = fields.Many2one(
        "res.users",
        "Set By",
        readonly=True,
        default=lambda self: self.env.user,
        help="Who said last what it lists: its listings are theirs.",
    )
    listing_ids = fields.One2many("lockgate.listing", "rule_id", "Listings", readonly=True)
    listing_count = fields.Integer(compute="_compute_listing_count")

    def _compute_listing_count(self):
        counts = dict(
            self.env["lockgate.listing"]._read_group([("rule_id", "in", self.ids)], ["rule_id"], ["__count"])
        )
        for rule in self:
            rule.listing_count = counts.get(rule, 0)

    @api.constrains("product_domain", "category_id", "tag_ids")
    def _check_product_domain(self):
        """Searched as the person who sets it: a field that they may not read is refused here."""
        for rule in self:
            try:
                self.env["product.product"].search(rule._products(), limit=1)
            except (ValueError, SyntaxError, TypeError, KeyError) as error:
                raise ValidationError(
                    self.env._(
                        "Rule %(rule)s: the products cannot be found by this: %(problem)s",
                        rule=rule.name,
                        problem=str(error),
                    )
                ) from error
            if not (rule.category_id or rule.tag_ids or literal_eval(rule.product_domain)):
                raise ValidationError(
                    self.env._(
                        "Rule %s: choose a category or tags, or say which products it lists.", rule.name
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create([{**vals, "user_id": self.env.uid} for vals in vals_list])
        self._wake()
        return rules

    def write(self, vals):
        values = {name: value for name, value in vals.items() if name != "user_id"}
        if CRITERIA & set(values):
            values["user_id"] = self.env.uid
        result = super().write(values)
        self._wake()
        return result

    def _products(self):
        """The domain of the products that the rule lists: of its company or of none, archived ones never."""
        self.ensure_one()
        domain = Domain(literal_eval(self.product_domain or "[]"))
        domain &= Domain("company_id", "in", [False, self.channel_id.company_id.id])
        if self.category_id:
            domain &= Domain("categ_id", "child_of", self.category_id.id)
        if self.tag_ids:
            domain &= Domain("all_product_tag_ids", "in", self.tag_ids.ids)
        return domain & Domain("active", "=", True)

    @api.model
    def _wake(self):
        """Have the rules run soon; a run that nobody woke comes by itself."""
        if self.sudo().search_count([], limit=1):
            self.env.ref("lockgate.ir_cron_listing_rule").sudo()._trigger()

    def action_open_listings(self):
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id("lockgate.lockgate_listing_action") | {
            "domain": [("rule_id", "=", self.id)],
            "context": {"active_test": False},
        }

    def action_preview(self):
        """Show what a run would do now."""
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "lockgate.lockgate_listing_rule_preview_action"
        ) | {"context": {"default_rule_id": self.id}}


class Listing(models.Model):
    _inherit = "lockgate.listing"

    rule_id = fields.Many2one(
        "lockgate.listing.rule",
        "By Rule",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    ended_by_rule = fields.Boolean(
        readonly=True,
        copy=False,
        help="Its rule archived it, and puts it back when its product matches again.",
    )
