from odoo import fields, models

GROUP = "lockgate.lockgate_group_user"


class ProductProduct(models.Model):
    _inherit = "product.product"

    lockgate_price_change_count = fields.Integer(
        "Price Changes", compute="_compute_lockgate_price_change_count", groups=GROUP
    )

    def _compute_lockgate_price_change_count(self):
        lines = dict(
            self.env["lockgate.price.change.line"]._read_group(
                [("product_id", "in", self.ids)], ["product_id"], ["change_id:count_distinct"]
            )
        )
        for product in self:
            product.lockgate_price_change_count = lines.get(product, 0)

    def write(self, vals):
        result = super().write(vals)
        if "active" in vals:  # an archived product is sold no more: its price is no longer sent
            self.env["lockgate.outbox"]._mark_products("price", self.ids, "archived or restored")
        return result

    def action_open_lockgate_price_changes(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_price.lockgate_price_change_action")
        return action | {"domain": [("line_ids.product_id", "in", self.ids)], "context": {}}


class ProductTemplate(models.Model):
    _inherit = "product.template"

    lockgate_price_change_count = fields.Integer(
        "Price Changes", compute="_compute_lockgate_price_change_count", groups=GROUP
    )

    def _compute_lockgate_price_change_count(self):
        for template in self:
            template.lockgate_price_change_count = self.env["lockgate.price.change"].search_count(
                [("line_ids.product_id.product_tmpl_id", "in", template.ids)]
            )

    def action_open_lockgate_price_changes(self):
        return self.with_context(active_test=False).product_variant_ids.action_open_lockgate_price_changes()
