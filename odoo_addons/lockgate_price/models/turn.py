from datetime import timedelta

from odoo import models
from odoo.addons.lockgate.models.turn import Wanted
from odoo.addons.lockgate.turn import prepared

from .price_ahead import moment_text
from .price_seal import IN_FORCE

# For each listing and book: the seal in force and the next moment at which another may be. Until it ends, no
# seal of a lower number takes its place: a listing's history is not read.
WANTED = f"""
    SELECT listing.id AS listing_id, book.id AS book_id, book.reference AS book,
           listing.sku, listing.reference, book.active AND listing.active AND product.active AS sold,
           in_force.id AS seal, round(in_force.amount, currency.decimal_places)::text AS amount,
           round(in_force.compare_at, currency.decimal_places)::text AS compare_at,
           in_force.tax_included, in_force.breaks, currency.name AS currency, unit.name->>'en_US' AS unit,
           in_force.date_from, in_force.date_to, change.kind,
           in_force.amount < (publication.wanted->>'amount')::numeric
               AND currency.name = publication.wanted->>'currency' AS falls,
           publication.wanted->'coming' AS coming_before, publication.confirmed->'coming' AS held,
           least(in_force.date_to, coming.date_from) AS recheck_at
      FROM lockgate_listing listing
      JOIN product_product product ON product.id = listing.product_id
      JOIN lockgate_price_book book ON book.channel_id = listing.channel_id
 LEFT JOIN LATERAL ({IN_FORCE}) in_force ON true
 LEFT JOIN LATERAL (
           SELECT min(seal.date_from) AS date_from
             FROM lockgate_price_seal seal
            WHERE seal.listing_id = listing.id AND seal.book_id = book.id
              AND seal.id > coalesce(in_force.id, 0)
              AND seal.revokes_id IS NULL AND seal.date_from > %(moment)s) coming ON true
 LEFT JOIN res_currency currency ON currency.id = in_force.currency_id
 LEFT JOIN uom_uom unit ON unit.id = in_force.uom_id
 LEFT JOIN lockgate_price_change change ON change.id = in_force.change_id
 LEFT JOIN lockgate_publication publication ON publication.listing_id = listing.id
       AND publication.aspect = 'price' AND publication.scope = book.id
     WHERE listing.id = ANY(%(listings)s)
  ORDER BY listing.id, book.id
"""


class Turn(models.Model):
    _inherit = "lockgate.turn"

    def _wanted_makers(self):
        return {**super()._wanted_makers(), "price": self._wanted_price}

    def _wanted_price(self, channel, listings, now, _reasons):
        """The price of each listing in each of its channel's books, as sealed and in force at `now`.

        Nothing is computed here that nobody approved. No seal in force, an archived listing, book or
        product: nothing is to be sent. A channel that keeps dated prices also gets what is coming; one
        with a lead gets what is in force that much later.
        """
        self.env["lockgate.price.check"]._check_begun(channel, listings, now)
        coming = self.env["lockgate.price.seal"]._coming(channel, listings, now)
        lead = timedelta() if channel.holds_dated_prices else channel._ahead()
        prepared.execute(self.env.cr, WANTED, {"moment": now + lead, "listings": listings.ids})
        return [
            self._prepare_wanted(row, now, lead, *coming.get((row["listing_id"], row["book_id"]), ([], None)))
            for row in self.env.cr.dictfetchall()
        ]

    def _prepare_wanted(self, row, now, lead, coming, look_at):
        later = [row["recheck_at"] and row["recheck_at"] - lead, look_at]
        coming = _taking_over(row["seal"], coming)
        return Wanted(
            listing_id=row["listing_id"],
            scope=row["book_id"],
            value=_value(row, coming) if row["seal"] and row["sold"] else None,
            work_class=_work_class(row, now, coming),
            recheck_at=min(filter(None, later), default=None),
        )


def _taking_over(seal, coming):
    """Of the prices that are in force from some moment on, those that another seal's price goes before."""
    before = [seal, *(price["seal"] for price in coming)]
    return [price for price, last in zip(coming, before, strict=False) if price["seal"] != last]


def _value(row, coming):
    """A PriceValue of contract v1."""
    return {
        "aspect": "price",
        "sku": row["sku"],
        "reference": row["reference"] or None,
        "book": row["book"] or None,
        "amount": row["amount"],
        "currency": row["currency"],
        "tax_included": row["tax_included"],
        "unit": row["unit"],
        "breaks": row["breaks"],
        "compare_at": row["compare_at"],
        "seal": row["seal"],
        "starts": moment_text(row["date_from"]),
        "ends": row["date_to"] and moment_text(row["date_to"]),
        "coming": coming,
    }


def _work_class(row, now, coming):
    """A price that falls is urgent: until it is out, customers pay too much and leave. So is to take back
    what a channel would show by itself; what it shows by itself already can wait."""
    before = [price for price in row["coming_before"] or () if price["starts"] > moment_text(now)]
    if any(price not in coming for price in before):
        return "critical"
    if any(price["seal"] == row["seal"] for price in row["held"] or ()):
        return "bulk"
    if row["falls"] or row["kind"] == "emergency":
        return "critical"
    return "bulk" if row["kind"] == "baseline" else "routine"
