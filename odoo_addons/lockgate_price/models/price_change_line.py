import math

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

EDITABLE = {"product_id", "price"}
# Above this a double no longer holds cents; no price of one unit is that high.
HIGHEST = 1e12


class PriceChangeLine(models.Model):
    """The new price of one product variant, in the product's own unit and the change's currency."""

    _name = "lockgate.price.change.line"
    _description = "Price Change Line"
    _order = "change_id, id"
    _check_company_auto = True

    change_id = fields.Many2one("lockgate.price.change", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="change_id.company_id", store=True, index=True)
    state = fields.Selection(related="change_id.state")
    currency_id = fields.Many2one(related="change_id.currency_id")
    product_id = fields.Many2one(
        "product.product",
        "Product Variant",
        required=True,
        ondelete="restrict",
        index=True,
        check_company=True,
    )
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    price = fields.Monetary("New Price", required=True, aggregator=None)
    warning = fields.Char(compute="_compute_warning")
    rule_ids = fields.Many2many(
        "product.pricelist.item",
        "lockgate_price_change_line_rule_rel",
        "line_id",
        "rule_id",
        string="Pricelist Rules",
        readonly=True,
        copy=False,
        help="The rules that this line wrote when it was approved, one for each pricelist.",
    )

    _product_unique = models.Constraint(
        "UNIQUE (change_id, product_id)", "A price change names each product once: this product stands twice."
    )

    @api.depends("product_id", "change_id.book_ids")
    def _compute_warning(self):
        listed = self._listed()
        for line in self:
            channels = line.change_id.book_ids.channel_id
            if line.product_id and not line.product_id.active:
                line.warning = self.env._("Archived product")
            elif (
                line.product_id
                and channels
                and not listed & {(channel._origin.id, line.product_id.id) for channel in channels}
            ):
                line.warning = self.env._("Not listed on any channel of the chosen books")
            else:
                line.warning = False

    def _listed(self):
        """{(channel id, product id)} of what is listed, among the lines' products and their books."""
        groups = self.env["lockgate.listing"]._read_group(
            [
                ("channel_id", "in", self.change_id.book_ids.channel_id._origin.ids),
                ("product_id", "in", self.product_id.ids),
            ],
            ["channel_id", "product_id"],
        )
        return {(channel.id, product.id) for channel, product in groups}

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_other_fields(vals, EDITABLE | {"change_id"})
            self._check_price(vals, self.browse())
        changes = self.env["lockgate.price.change"].browse(
            {vals.get("change_id") for vals in vals_list} - {None}
        )
        changes._edit()
        # Said outright, so that no default of the context or of a user fills it.
        lines = super().create([{**vals, "rule_ids": [fields.Command.clear()]} for vals in vals_list])
        self.env["lockgate.price.impact"]._refresh(lines.change_id, lines)
        return lines

    def write(self, vals):
        self._refuse_other_fields(vals, EDITABLE)
        self._check_price(vals, self)
        self.change_id._edit()
        result = super().write(vals)
        self.env["lockgate.price.impact"]._refresh(self.change_id, self)
        return result

    def unlink(self):
        self.change_id._edit()
        return super().unlink()

    def _refuse_other_fields(self, vals, allowed):
        if refused := set(vals) - allowed:
            raise UserError(
                self.env._(
                    "On a line of a price change people write the product and the price alone, not: %s.",
                    ", ".join(sorted(refused)),
                )
            )

    def _check_price(self, vals, lines):
        if "price" not in vals and lines:
            return
        price = vals.get("price") or 0.0
        if isinstance(price, (int, float)) and math.isfinite(price) and 0 < price <= HIGHEST:
            return
        product = lines.product_id[:1] or self.env["product.product"].browse(vals.get("product_id"))
        raise ValidationError(
            self.env._(
                "%(product)s: %(price)s is not a price. Give an amount above zero.",
                product=product.display_name or self.env._("A line without a product"),
                price=price,
            )
        )

    def _link_rules(self, rules):  # pylint: disable=missing-return,super-method-mismatch
        """Hold which pricelist rule each line wrote; `rules` has one for each line and pricelist."""
        written = rules.grouped("product_id")
        for line in self:
            own = written.get(line.product_id, self.env["product.pricelist.item"])
            super(PriceChangeLine, line).write({"rule_ids": [fields.Command.set(own.ids)]})

    @api.constrains("price", "change_id")
    def _check_price_in_currency(self):
        for line in self:
            if line.currency_id.compare_amounts(line.price, 0) <= 0:
                raise ValidationError(
                    self.env._(
                        "%(product)s: its price is nothing once it is rounded to %(currency)s.",
                        product=line.product_id.display_name,
                        currency=line.currency_id.name,
                    )
                )
