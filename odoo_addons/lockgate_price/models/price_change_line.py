from odoo import api, fields, models
from odoo.exceptions import ValidationError

# What a line names, by the field that holds it.
TARGETS = {
    "variant": "product_id",
    "product": "product_tmpl_id",
    "category": "categ_id",
    "tag": "tag_id",
    "book": None,
}
CONTENT = {
    "base", "price", "percent", "rounding", "surcharge", "base_book_id", "breaks", "compare_at",
    "compare_price", "overrides",
}  # fmt: skip
# All that people may write.
EDITABLE = {"applies_to"} | {name for name in TARGETS.values() if name} | CONTENT


class PriceChangeLine(models.Model):
    """What becomes of the prices of a variant, a product, a category, a tag or a whole price book.

    A fixed price is of one of the product's own unit. A computed one (`base` times the percentage, rounded,
    plus the extra) is of one unit as the listing sells it. Of the lines of one change the most specific
    decides: a variant's before its product's, a category's before those of the categories above it, then
    tags, then the whole book.
    """

    _name = "lockgate.price.change.line"
    _description = "Price Change Line"
    _order = "change_id, id"
    _rec_names_search = ["product_id", "product_tmpl_id", "categ_id", "tag_id"]
    _check_company_auto = True

    change_id = fields.Many2one("lockgate.price.change", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="change_id.company_id", store=True, precompute=True, index=True)
    state = fields.Selection(related="change_id.state")
    currency_id = fields.Many2one(related="change_id.currency_id")
    applies_to = fields.Selection(
        [
            ("variant", "Variant"),
            ("product", "Product"),
            ("category", "Category"),
            ("tag", "Tag"),
            ("book", "Whole Book"),
        ],
        required=True,
        default="variant",
    )
    product_id = fields.Many2one(
        "product.product", "Product Variant", ondelete="restrict", index=True, check_company=True
    )
    product_tmpl_id = fields.Many2one("product.template", "Product", ondelete="restrict", check_company=True)
    categ_id = fields.Many2one("product.category", "Category", ondelete="restrict")
    tag_id = fields.Many2one("product.tag", "Tag", ondelete="restrict")
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    base = fields.Selection(
        [
            ("fixed", "Fixed Price"),
            ("in_force", "Price in Force"),
            ("cost", "Cost"),
            ("book", "Another Book"),
        ],
        "From",
        required=True,
        default="fixed",
        help="Price in force: the sealed price when the change begins. A listing without one is left out.",
    )
    base_book_id = fields.Many2one(
        "lockgate.price.book",
        "From Book",
        ondelete="restrict",
        check_company=True,
        help="The sealed price of the same product in this book.",
    )
    price = fields.Monetary(
        "New Price",
        aggregator=None,
        help="Odoo's price of one of the product's own unit. Each book makes of it what its channel shows: "
        "with tax or without, under its fiscal position, rounded.",
    )
    percent = fields.Float("Percent", aggregator=None, help="-10 is ten percent less, 25 a quarter more.")
    rounding = fields.Float(
        "Round To",
        aggregator=None,
        help="Rounded to a multiple of this. For prices that end in .99 round to 1 and add -0.01.",
    )
    surcharge = fields.Float(
        "Extra",
        aggregator=None,
        help="Added after rounding, in the change's currency; may be negative.",
    )
    breaks = fields.Char(
        "Quantity Breaks",
        help="For example “10: 9.50; 100: -15%”: from 10 on 9.50 each, from 100 on 15 % below the line's "
        "price. Quantities in the product's own unit.",
    )
    break_rows = fields.Json(readonly=True, copy=False)
    compare_at = fields.Selection(
        [("in_force", "Price in Force"), ("fixed", "Fixed Price")],
        "Regular Price",
        help="The price that the new one is compared with on the channel; left out where it is not higher.",
    )
    compare_price = fields.Monetary("Fixed Regular Price", aggregator=None)
    overrides = fields.Boolean(
        help="Also reprice what a more specific pricelist rule decides now; otherwise that price stays.",
    )
    warning = fields.Char(compute="_compute_warning")
    rule_ids = fields.Many2many(
        "product.pricelist.item",
        "lockgate_price_change_line_rule_rel",
        "line_id",
        "rule_id",
        string="Pricelist Rules",
        readonly=True,
        copy=False,
        help="The rules that this line wrote when it was approved, one for each product and pricelist.",
    )

    _target_unique = models.UniqueIndex(
        "(change_id, applies_to, coalesce(product_id, product_tmpl_id, categ_id, tag_id, 0))",
        "A price change names each product, category and tag once: two lines stand on the same one.",
    )

    @api.depends("applies_to", "product_id", "product_tmpl_id", "categ_id", "tag_id")
    def _compute_display_name(self):
        whole = self.env._("Whole price book")
        for line in self:
            target = line.product_id or line.product_tmpl_id or line.categ_id or line.tag_id
            line.display_name = target.display_name if target else whole

    @api.depends("product_id", "change_id.book_ids", "change_id.impact_ids")
    def _compute_warning(self):
        decided = self._decided_counts("lockgate.price.impact")
        left_out = self._decided_counts("lockgate.price.left.out")
        for line in self:
            saved = line._origin
            line.warning = False
            if line.product_id and not line.product_id.active:
                line.warning = self.env._("Archived product")
            elif left_out.get(saved):
                line.warning = self.env._("Leaves out %s listings: see Impact", left_out[saved])
            elif saved and line.change_id.book_ids and not decided.get(saved):
                line.warning = line._nothing_touched()

    def _nothing_touched(self):
        if self.change_id.impact_pending:
            return False
        if self.applies_to == "variant":
            return self.env._("Not listed on any channel of the chosen books")
        return self.env._("Decides no price: nothing of it is listed, or more specific lines name it all")

    def _decided_counts(self, model):
        return dict(
            self.env[model]._read_group([("line_id", "in", self._origin.ids)], ["line_id"], ["__count"])
        )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_other_fields(vals, EDITABLE | {"change_id"})
        vals_list = self.browse()._checked(vals_list)
        changes = self.env["lockgate.price.change"].browse(
            {vals.get("change_id") for vals in vals_list} - {None}
        )
        changes._edit()
        # Said outright, so that no default of the context or of a user fills it.
        said = dict.fromkeys(EDITABLE, False) | {
            "base": "fixed",
            "break_rows": False,
            "rule_ids": [fields.Command.clear()],
        }
        # The company too: Odoo would write it afterwards, and read all new lines for every hundred of them.
        companies = {change.id: change.company_id.id for change in changes}
        lines = super().create(
            [{**said, "company_id": companies.get(vals.get("change_id")), **vals} for vals in vals_list]
        )
        self.env["lockgate.price.impact"]._refresh_soon(lines.change_id)
        return lines

    def write(self, vals):
        self._refuse_other_fields(vals, EDITABLE)
        values = dict(vals)
        for line in self:
            values = line._checked([vals])[0]
        self.change_id._edit()
        result = super().write(values)
        self.env["lockgate.price.impact"]._refresh_soon(self.change_id)
        return result

    def unlink(self):
        changes = self.change_id
        changes._edit()
        result = super().unlink()
        self.env["lockgate.price.impact"]._refresh_soon(changes)
        return result

    @api.constrains("price", "base", "change_id")
    def _check_price_in_currency(self):
        for line in self:
            if line.base == "fixed" and line.currency_id.compare_amounts(line.price, 0) <= 0:
                raise ValidationError(
                    self.env._(
                        "%(product)s: its price is nothing once it is rounded to %(currency)s.",
                        product=line.display_name,
                        currency=line.currency_id.name,
                    )
                )
