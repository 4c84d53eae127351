from odoo import fields, models, tools
from odoo.exceptions import UserError


class Unmapped(models.Model):
    """SKUs that came from a channel and are not listed there, each with the product that it likely is.

    A database view over events. A product is suggested where exactly one of the company's, or of none, has
    the SKU as its internal reference, as its barcode or as the barcode of one of its packagings.
    """

    _name = "lockgate.unmapped"
    _description = "Unmapped SKU"
    _auto = False
    _order = "last_at desc, id desc"
    _rec_name = "sku"
    _depends = {
        "lockgate.listing": ["active", "channel_id", "sku"],
        "product.product": ["active", "barcode", "default_code"],
        "product.template": ["company_id"],
        "product.uom": ["barcode", "product_id", "uom_id"],
    }

    channel_id = fields.Many2one("lockgate.channel", readonly=True)
    sku = fields.Char("Channel SKU", readonly=True)
    times = fields.Integer(readonly=True, help="Events that named it.")
    last_at = fields.Datetime("Last Named", readonly=True)
    product_id = fields.Many2one("product.product", "Is Likely", readonly=True)
    uom_id = fields.Many2one("uom.uom", "Sold In", readonly=True)
    known_by = fields.Selection(
        [("sku", "Internal Reference"), ("barcode", "Barcode"), ("packaging", "Barcode of a Packaging")],
        readonly=True,
    )

    @property
    def _table_query(self):
        return UNMAPPED

    def action_list(self):
        """Open a new listing of the SKU, filled in with what is suggested; a person decides."""
        self.ensure_one()
        values = self._prepare_listing()
        return {
            "type": "ir.actions.act_window",
            "res_model": "lockgate.listing",
            "views": [[False, "form"]],
            "context": {f"default_{name}": value for name, value in values.items() if value},
        }

    def action_list_suggested(self):
        """List each of these as the product that is suggested; those without a suggestion stay."""
        suggested = self.filtered("product_id")
        if not suggested:
            raise UserError(
                self.env._("None of these has a suggested product: open one with List It and choose it.")
            )
        self.env["lockgate.listing"].create([each._prepare_listing() for each in suggested])
        self.env.flush_all()
        self.env.invalidate_all()

    def _prepare_listing(self):
        return {
            "channel_id": self.channel_id.id,
            "sku": self.sku,
            "product_id": self.product_id.id,
            "uom_id": (self.uom_id or self.product_id.uom_id).id,
        }


class Channel(models.Model):
    _inherit = "lockgate.channel"

    def action_open_unlisted(self):
        """Open the products of Odoo that are not listed on this channel."""
        self.ensure_one()
        listed = [("channel_id", "=", self.id), ("active", "=", True)]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Products Not Listed on %s", self.name),
            "res_model": "product.product",
            "views": [
                [self.env.ref("lockgate.product_product_view_list_unlisted").id, "list"],
                [False, "form"],
            ],
            "domain": [
                ("sale_ok", "=", True),
                ("company_id", "in", [False, self.company_id.id]),
                ("lockgate_listing_ids", "not any", listed),
            ],
        }


UNMAPPED = tools.SQL("""
    WITH unmapped AS (
        SELECT min(e.id) AS id, e.channel_id, c.company_id, e.sku, count(*) AS times, max(e.moment) AS last_at
          FROM lockgate_event e
          JOIN lockgate_channel c ON c.id = e.channel_id
         WHERE e.listing_id IS NULL
           AND NOT EXISTS (SELECT FROM lockgate_listing l
                            WHERE l.channel_id = e.channel_id AND l.sku = e.sku AND l.active)
      GROUP BY e.channel_id, c.company_id, e.sku
    ), candidate AS (
        SELECT u.id, p.id AS product_id, NULL::int AS uom_id,
               CASE WHEN p.default_code = u.sku THEN 'sku' ELSE 'barcode' END AS known_by, p.product_tmpl_id
          FROM unmapped u
          JOIN product_product p ON p.active AND (p.default_code = u.sku OR p.barcode = u.sku)
     UNION ALL
        SELECT u.id, p.id, k.uom_id, 'packaging', p.product_tmpl_id
          FROM unmapped u
          JOIN product_uom k ON k.barcode = u.sku
          JOIN product_product p ON p.active AND p.id = k.product_id
    ), suggested AS (
        SELECT c.id, min(c.product_id) AS product_id, min(c.uom_id) AS uom_id, min(c.known_by) AS known_by
          FROM candidate c
          JOIN unmapped u ON u.id = c.id
          JOIN product_template t ON t.id = c.product_tmpl_id
         WHERE t.company_id IS NULL OR t.company_id = u.company_id
      GROUP BY c.id
        HAVING count(DISTINCT c.product_id) = 1 AND count(*) = 1
    )
    SELECT u.id, u.channel_id, u.sku, u.times, u.last_at, s.product_id, s.uom_id, s.known_by
      FROM unmapped u LEFT JOIN suggested s ON s.id = u.id
""")
