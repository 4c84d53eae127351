from odoo import api, models


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._lockgate_mark()
        return lines

    def write(self, vals):
        if {"product_id", "qty"}.isdisjoint(vals):
            return super().write(vals)
        self._lockgate_mark()  # what was sold until now
        result = super().write(vals)
        self._lockgate_mark()
        return result

    def unlink(self):
        self._lockgate_mark()
        return super().unlink()

    def _lockgate_mark(self):
        """Mark what these lines sold while no move says so: their session moves stock when it is closed."""
        sold = self.sudo().filtered(
            lambda line: (
                line.order_id.state in ("paid", "done") and line.order_id.session_id.update_stock_at_closing
            )
        )
        for company, lines in sold.grouped("company_id").items():
            taken = lines.product_id._lockgate_parts(company)
            products = {part for parts in taken.values() for part in parts}
            self.env["lockgate.outbox"]._mark_products("stock", products, "sold in a POS session")
