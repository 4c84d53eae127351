from odoo import fields, models
from odoo.fields import Domain

GROUP = "lockgate.lockgate_group_user"


def changes_of(products):
    """The domain of the changes that name these products, or touch them by a category, a tag or a book."""
    return Domain("line_ids.product_id", "in", products.ids) | Domain(
        "impact_ids.listing_id.product_id", "in", products.ids
    )


class ProductProduct(models.Model):
    _inherit = "product.product"

    lockgate_price_change_count = fields.Integer(
        "Price Changes", compute="_compute_lockgate_price_change_count", groups=GROUP
    )

    def _compute_lockgate_price_change_count(self):
        for product in self:
            product.lockgate_price_change_count = self.env["lockgate.price.change"].search_count(
                changes_of(product)
            )

    def write(self, vals):
        result = super().write(vals)
        if "active" in vals:  # an archived product is sold no more: its price is no longer sent
            self.env["lockgate.outbox"]._mark_products("price", self.ids, "archived or restored")
        return result

    def action_open_lockgate_price_changes(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_price.lockgate_price_change_action")
        return action | {"domain": list(changes_of(self)), "context": {}}


class ProductTemplate(models.Model):
    _inherit = "product.template"

    lockgate_price_change_count = fields.Integer(
        "Price Changes", compute="_compute_lockgate_price_change_count", groups=GROUP
    )

    def _compute_lockgate_price_change_count(self):
        for template in self:
            variants = template.with_context(active_test=False).product_variant_ids
            template.lockgate_price_change_count = self.env["lockgate.price.change"].search_count(
                changes_of(variants)
            )

    def action_open_lockgate_price_changes(self):
        return self.with_context(active_test=False).product_variant_ids.action_open_lockgate_price_changes()
