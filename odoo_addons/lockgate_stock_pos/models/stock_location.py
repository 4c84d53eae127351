from collections import defaultdict

from odoo import models
from odoo.addons.lockgate.turn import prepared


class StockLocation(models.Model):
    _inherit = "stock.location"

    def _lockgate_sold(self):
        sold = defaultdict(float, super()._lockgate_sold())
        prepared.execute(self.env.cr, SOLD, {"inside": self.ids})
        for company_id, product_ids, quantities in self.env.cr.fetchall():
            products = self.env["product.product"].browse(product_ids)
            taken = products._lockgate_parts(self.env["res.company"].browse(company_id))
            for product, quantity in zip(products, quantities, strict=True):
                for part_id, each in taken[product].items():
                    sold[part_id] += quantity * each
        return sold


# As Odoo picks when it closes a session: not what is shipped later, nor what an invoice made it pick at once.
# What customers brought back counts when it is put back into stock, at the closing.
SOLD = """
    SELECT company_id, array_agg(product_id), array_agg(quantity)
      FROM (SELECT o.company_id, l.product_id, sum(l.qty)::float AS quantity
              FROM pos_session s
              JOIN pos_config c ON c.id = s.config_id
              JOIN stock_picking_type t ON t.id = c.picking_type_id
              JOIN pos_order o ON o.session_id = s.id
              JOIN res_company company ON company.id = o.company_id
              JOIN pos_order_line l ON l.order_id = o.id
             WHERE s.update_stock_at_closing AND s.state <> 'closed'
               AND o.state IN ('paid', 'done') AND o.shipping_date IS NULL AND l.qty > 0
               AND t.default_location_src_id = ANY(%(inside)s)
               AND NOT (coalesce(company.anglo_saxon_accounting, false) AND o.account_move IS NOT NULL)
               AND NOT EXISTS (SELECT FROM stock_picking p WHERE p.pos_order_id = o.id)
          GROUP BY o.company_id, l.product_id) sold
  GROUP BY company_id
"""
