from odoo import api, fields, models
from odoo.fields import Domain

from .product import GROUP


class PriceImpact(models.Model):
    _inherit = "lockgate.price.impact"

    @api.model
    def _pending(self, products, books=None):
        """Of each product, the changes that are drafted or asked for, or approved and still to begin; in
        these books or in any."""
        coming = Domain("change_id.state", "in", ("draft", "to_approve")) | (
            Domain("change_id.state", "=", "approved")
            & Domain("change_id.effective_from", ">", fields.Datetime.now())
        )
        where = Domain.TRUE if books is None else Domain("book_id", "in", books.ids)
        return dict(
            self._read_group(
                Domain("product_id", "in", products.ids) & where & coming,
                ["product_id"],
                ["change_id:recordset"],
            )
        )


class ProductProduct(models.Model):
    _inherit = "product.product"

    lockgate_pending_change_count = fields.Integer(
        "Pending Prices", compute="_compute_lockgate_pending_change_count", groups=GROUP
    )

    def _compute_lockgate_pending_change_count(self):
        pending = self.env["lockgate.price.impact"]._pending(self)
        for product in self:
            product.lockgate_pending_change_count = len(pending.get(product, ()))

    def action_open_lockgate_pending_changes(self):
        changes = self.env["lockgate.price.change"].union(
            *self.env["lockgate.price.impact"]._pending(self).values()
        )
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_price.lockgate_price_change_action")
        return action | {"domain": [("id", "in", changes.ids)], "context": {}}


class ProductTemplate(models.Model):
    _inherit = "product.template"

    lockgate_pending_change_count = fields.Integer(
        "Pending Prices", compute="_compute_lockgate_pending_change_count", groups=GROUP
    )

    def _compute_lockgate_pending_change_count(self):
        variants = self.with_context(active_test=False).product_variant_ids
        pending = self.env["lockgate.price.impact"]._pending(variants)
        changes = self.env["lockgate.price.change"]
        for template in self:
            template.lockgate_pending_change_count = len(
                changes.union(*(pending.get(variant, changes) for variant in template.product_variant_ids))
            )

    def action_open_lockgate_pending_changes(self):
        variants = self.with_context(active_test=False).product_variant_ids
        return variants.action_open_lockgate_pending_changes()
