from functools import partial

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .duplicates import listed_twice


class Listing(models.Model):
    """What about a mapping cannot be, and what only looks wrong."""

    _inherit = "lockgate.listing"

    pack_words = fields.Char(
        "Contains", compute="_compute_pack_words", help="One unit sold, in the product's own."
    )
    twin_id = fields.Many2one(
        "lockgate.listing",
        "Listed Twice As",
        compute="_compute_twin_id",
        search="_search_twin_id",
        help="The channel sells the product in this unit under another SKU too: both show all of its stock.",
    )
    named_product_id = fields.Many2one(
        "product.product",
        "SKU of Another Product",
        compute="_compute_named_product_id",
        search="_search_named_product_id",
        help="It has the SKU as its internal reference or barcode, and the listed product does not.",
    )

    _reference_unique = models.UniqueIndex(
        "(channel_id, reference) WHERE active AND reference > ''", partial(listed_twice, name="reference")
    )

    @api.depends("uom_id", "product_id")
    def _compute_pack_words(self):
        for listing in self:
            unit, own = listing.uom_id, listing.product_id.uom_id
            if unit == own or not unit or not own or not unit._has_common_reference(own):
                listing.pack_words = False
                continue
            quantity = unit._compute_quantity(1, own, round=False)
            listing.pack_words = f"1 {unit.name} = {quantity:g} {own.name}"

    @api.depends("product_id", "uom_id", "channel_id", "active")
    def _compute_twin_id(self):
        twins = self._doubtful(TWINS)
        for listing in self:
            listing.twin_id = twins.get(listing.id)

    @api.depends("product_id", "sku", "active")
    def _compute_named_product_id(self):
        named = self._doubtful(NAMED)
        for listing in self:
            listing.named_product_id = named.get(listing.id)

    @api.model
    def _search_twin_id(self, operator, value):
        return self._search_doubtful(TWINS, operator, value)

    @api.model
    def _search_named_product_id(self, operator, value):
        return self._search_doubtful(NAMED, operator, value)

    def _doubtful(self, statement):
        """{id: what it is confused with} of those of these listings that a statement finds."""
        self.env.flush_all()
        self.env.cr.execute(statement + " AND l.id = ANY(%s) GROUP BY l.id", [self.ids])
        return dict(self.env.cr.fetchall())

    @api.model
    def _search_doubtful(self, statement, operator, value):
        if operator not in ("in", "not in") or set(value) != {False}:
            return NotImplemented
        self.env.flush_all()
        self.env.cr.execute(statement + " GROUP BY l.id")
        # "None" is asked as "in [False]".
        negative = "not in" if operator == "in" else "in"
        return [("id", negative, [row[0] for row in self.env.cr.fetchall()])]

    @api.constrains("sku", "reference")
    def _check_names(self):
        """A name that starts or ends with a blank is a mistake of an import that nobody sees."""
        for listing in self:
            for name in (listing.sku, listing.reference):
                if name and name != name.strip():
                    raise ValidationError(
                        self.env._(
                            "Listing %(listing)s: '%(name)s' begins or ends with a blank: take it away.",
                            listing=listing.display_name,
                            name=name,
                        )
                    )

    @api.model
    def get_import_templates(self):
        return [
            {
                "label": self.env._("Import Template for Listings"),
                "template": "/lockgate/static/import/lockgate_listing.csv",
            }
        ]


TWINS = """
    SELECT l.id, min(o.id)
      FROM lockgate_listing l
      JOIN lockgate_listing o ON o.channel_id = l.channel_id AND o.product_id = l.product_id
       AND o.uom_id = l.uom_id AND o.id <> l.id AND o.active
     WHERE l.active
"""

NAMED = """
    SELECT l.id, min(o.id)
      FROM lockgate_listing l
      JOIN product_product p ON p.id = l.product_id
      JOIN product_product o ON (o.default_code = l.sku OR o.barcode = l.sku) AND o.active
      JOIN product_template t ON t.id = o.product_tmpl_id
       AND (t.company_id IS NULL OR t.company_id = l.company_id)
     WHERE l.active AND l.sku IS DISTINCT FROM p.default_code AND l.sku IS DISTINCT FROM p.barcode
"""
