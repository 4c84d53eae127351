from odoo import fields, models


class Standing(models.Model):
    """What a listing stands on: a change of one of these products may change what its channel is told.

    A plain product stands on itself, a kit on itself and on its parts. Written by `Listing._stand` alone.
    It is what decides whether a mark can matter, in the same statement that appends the marks.
    """

    _name = "lockgate.standing"
    _description = "What a Listing Stands On"
    _log_access = False
    _rec_name = "product_id"

    listing_id = fields.Many2one("lockgate.listing", required=True, readonly=True, ondelete="cascade")
    product_id = fields.Many2one(
        "product.product", required=True, readonly=True, ondelete="cascade", index=True
    )
    quantity = fields.Float(
        required=True,
        readonly=True,
        digits=0,
        help="How much of it, in its own unit, one unit of the listed product takes; 0 when a change of it "
        "matters but none of it is taken, as of a kit itself.",
    )

    _listing_product_unique = models.UniqueIndex("(listing_id, product_id)")


class Listing(models.Model):
    _inherit = "lockgate.listing"

    standing_ids = fields.One2many("lockgate.standing", "listing_id", readonly=True)

    def _stands_on(self):
        """What each of these listings stands on: {listing id: {product id: quantity}}, as in Standing.

        `lockgate_stock_mrp` gives kits their parts.
        """
        return {listing.id: {listing.product_id.id: 1.0} for listing in self}

    def _stand(self):
        """Write down what these listings stand on, and return those of them for which it changed."""
        stands = self.with_env(self.env(su=True, context={}))._stands_on()
        rows = [(listing, *part) for listing, parts in stands.items() for part in parts.items()]
        listing_ids, product_ids, quantities = zip(*rows, strict=True) if rows else ([], [], [])
        self.env.cr.execute(
            """
            WITH stands AS (
                SELECT * FROM unnest(%(listings)s::int[], %(products)s::int[], %(quantities)s::numeric[])
                    AS s(listing_id, product_id, quantity)
            ), gone AS (
                DELETE FROM lockgate_standing s WHERE s.listing_id = ANY(%(self)s) AND NOT EXISTS (
                    SELECT FROM stands n WHERE n.listing_id = s.listing_id AND n.product_id = s.product_id)
             RETURNING listing_id
            ), come AS (
                INSERT INTO lockgate_standing AS s (listing_id, product_id, quantity)
                SELECT listing_id, product_id, quantity FROM stands
           ON CONFLICT (listing_id, product_id) DO UPDATE SET quantity = excluded.quantity
                 WHERE s.quantity <> excluded.quantity
             RETURNING listing_id
            )
            SELECT listing_id FROM gone UNION SELECT listing_id FROM come
            """,
            {
                "self": self.ids,
                "listings": list(listing_ids),
                "products": list(product_ids),
                "quantities": list(quantities),
            },
        )
        changed = [listing_id for (listing_id,) in self.env.cr.fetchall()]
        self.invalidate_recordset(["standing_ids"])
        self.env["lockgate.standing"].invalidate_model()
        return self.browse(changed)
