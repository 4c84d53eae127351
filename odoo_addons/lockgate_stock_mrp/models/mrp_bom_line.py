from odoo import api, models

WATCHED = frozenset(
    {"bom_id", "bom_product_template_attribute_value_ids", "product_id", "product_qty", "product_uom_id"}
)


class MrpBomLine(models.Model):
    _inherit = "mrp.bom.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.bom_id._lockgate_gather()
        return lines

    def write(self, vals):
        if WATCHED.isdisjoint(vals):
            return super().write(vals)
        self.bom_id._lockgate_gather()
        result = super().write(vals)
        self.bom_id._lockgate_gather()
        return result

    def unlink(self):
        self.bom_id._lockgate_gather()
        return super().unlink()
