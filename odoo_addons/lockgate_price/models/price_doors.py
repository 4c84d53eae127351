"""The doors of the guard: every place where a person can edit what a governed price stands on."""

from odoo import api, models
from odoo.tools import float_compare

from .price_guard import passage

COMBINATION = {"product_template_attribute_value_ids", "product_tmpl_id"}


def _differs(env, before, after):
    digits = env["decimal.precision"].precision_get("Product Price")
    return bool(float_compare(before, float(after or 0.0), precision_digits=max(digits, 6)))


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def write(self, vals):
        guard = self.env["lockgate.price.guard"]
        if "list_price" in vals and guard._is_direct_edit():
            price = vals["list_price"]
            edited = self.filtered(lambda template: _differs(self.env, template.list_price, price))
            products = edited.with_context(active_test=False).product_variant_ids
            if products:
                guard._edit_products(products, price)
        return super().write(vals)


class ProductProduct(models.Model):
    _inherit = "product.product"

    def write(self, vals):
        """Another combination of values, or another template, is another price as well."""
        guard = self.env["lockgate.price.guard"]
        if not (COMBINATION & set(vals) and guard._is_direct_edit()):
            return super().write(vals)
        with self.env.cr.savepoint():
            before = {product: product.list_price + product.price_extra for product in self}
            result = super().write(vals)
            edited = self.filtered(
                lambda product: _differs(self.env, before[product], product.list_price + product.price_extra)
            )
            if edited:
                guard._edit_products(edited)
        return result


class ProductTemplateAttributeValue(models.Model):
    _inherit = "product.template.attribute.value"

    def write(self, vals):
        guard = self.env["lockgate.price.guard"]
        if "price_extra" in vals and guard._is_direct_edit():
            edited = self.filtered(lambda value: _differs(self.env, value.price_extra, vals["price_extra"]))
            templates = edited.product_tmpl_id.with_context(active_test=False)
            if templates:
                guard._edit_products(templates.product_variant_ids)
        return super().write(vals)


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    def write(self, vals):
        guard = self.env["lockgate.price.guard"]
        if "currency_id" in vals and guard._is_direct_edit():
            edited = self.filtered(lambda pricelist: pricelist.currency_id.id != vals["currency_id"])
            guard._edit_pricelists(edited)
        return super().write(vals)

    def unlink(self):
        guard = self.env["lockgate.price.guard"]
        if guard._is_direct_edit():
            guard._edit_pricelists(self)
        return super().unlink()


class ProductPricelistItem(models.Model):
    _inherit = "product.pricelist.item"

    @api.model_create_multi
    def create(self, vals_list):
        guard = self.env["lockgate.price.guard"]
        if not guard._is_direct_edit():
            return super().create(vals_list)
        # Once the rules stand it is plain whom they reach, whatever defaults filled in; a refusal takes
        # them back with the savepoint.
        with self.env.cr.savepoint():
            rules = super().create(vals_list)
            rules._guard()
        return rules

    def write(self, vals):
        guard = self.env["lockgate.price.guard"]
        if not guard._is_direct_edit():
            return super().write(vals)
        self._guard()
        with self.env.cr.savepoint():
            result = super().write(vals)
            self._guard()
        return result

    def unlink(self):
        if self.env["lockgate.price.guard"]._is_direct_edit():
            self._guard()
        return super().unlink()

    def _guard(self):
        """These rules are edited: refuse it, or gather whom they reach."""
        guard = self.env["lockgate.price.guard"]
        for pricelist, rules in self.sudo().grouped("pricelist_id").items():
            lines = {
                rule.product_id.id: rule.fixed_price
                for rule in rules
                if rule.product_id and rule.compute_price == "fixed" and rule.fixed_price > 0
            }
            guard._edit_pricelists(pricelist, rules._reached(), rules, lines)

    def _reached(self):
        """The products whose price these rules may decide; None for all."""
        products = self.env["product.product"].with_context(active_test=False)
        for rule in self:
            if rule.applied_on == "3_global":
                return None
            if rule.applied_on == "2_product_category":
                products |= products.search([("categ_id", "child_of", rule.categ_id.ids)])
            elif rule.applied_on == "1_product":
                products |= rule.product_tmpl_id.with_context(active_test=False).product_variant_ids
            else:
                products |= rule.product_id
        return products

    @api.model
    def _write_for(self, change):
        with passage():
            return super()._write_for(change)


class PriceChange(models.Model):
    _inherit = "lockgate.price.change"

    def _cancel_approved(self):
        with passage():
            return super()._cancel_approved()
