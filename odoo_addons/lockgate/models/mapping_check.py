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
        self.env.flush_all()
        self.env.cr.execute(TWINS + " AND l.id = ANY(%s) GROUP BY l.id", [self.ids])
        twins = dict(self.env.cr.fetchall())
        for listing in self:
            listing.twin_id = twins.get(listing.id)

    @api.model
    def _search_twin_id(self, operator, value):
        if operator not in ("in", "not in") or set(value) != {False}:
            return NotImplemented
        self.env.flush_all()
        self.env.cr.execute(TWINS + " GROUP BY l.id")
        # "Not twice" is asked as "in [False]".
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
