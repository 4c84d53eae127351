"""A channel that keeps dated prices holds those that are coming, and shows each by its own clock."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.lockgate.turn import prepared

from .price_seal import IN_FORCE

# So long before a price begins policies look at it once more, when a channel holds it already: what they
# hold then is taken back in time.
LAST_LOOK = timedelta(minutes=15)

# Every moment to come at which another price may be in force and, within what the channel holds ahead, the
# seal that is in force from then on.
COMING = f"""
    SELECT listing.id AS listing_id, book.id AS book_id, boundary.moment AS starts, in_force.id AS seal,
           round(in_force.amount, currency.decimal_places)::text AS amount,
           round(in_force.compare_at, currency.decimal_places)::text AS compare_at,
           coalesce(in_force.tax_included, false) AS tax_included, in_force.breaks,
           currency.name AS currency, in_force.date_to AS ends
      FROM lockgate_listing listing
      JOIN lockgate_price_book book ON book.channel_id = listing.channel_id
CROSS JOIN LATERAL (
           SELECT seal.date_from AS moment FROM lockgate_price_seal seal
            WHERE seal.listing_id = listing.id AND seal.book_id = book.id
              AND seal.revokes_id IS NULL AND seal.date_from > %(now)s
            UNION
           SELECT seal.date_to FROM lockgate_price_seal seal
            WHERE seal.listing_id = listing.id AND seal.book_id = book.id
              AND seal.revokes_id IS NULL AND seal.date_to > %(now)s) boundary
 LEFT JOIN LATERAL ({IN_FORCE.replace("%(moment)s", "boundary.moment")}) in_force
        ON boundary.moment <= %(until)s
 LEFT JOIN res_currency currency ON currency.id = in_force.currency_id
     WHERE listing.id = ANY(%(listings)s)
  ORDER BY listing.id, book.id, boundary.moment
"""


class Channel(models.Model):
    _inherit = "lockgate.channel"

    holds_dated_prices = fields.Boolean(compute="_compute_holds_dated_prices")
    price_ahead = fields.Integer(
        "Prices Held Ahead",
        required=True,
        default=24,
        tracking=True,
        help="Hours before a price begins at which this channel gets it, with its dates. The channel shows "
        "it by its own clock; what is cancelled or held meanwhile is taken back.",
    )

    _price_ahead_positive = models.Constraint(
        "CHECK (price_ahead BETWEEN 1 AND 8760)", "Prices are held ahead for between one hour and a year."
    )

    @api.depends("connector_id.capabilities")
    def _compute_holds_dated_prices(self):
        for channel in self:
            channel.holds_dated_prices = channel.connector_id._holds_dated_prices()

    def write(self, vals):
        result = super().write(vals)
        if "price_ahead" in vals:  # what was looked at too late or too early is looked at anew
            self.env["lockgate.outbox"]._mark_listings("price", self.listing_ids.ids, "time ahead changed")
        return result

    def _ahead(self):
        """How long before it begins a price is wanted for this channel: to be held ahead, or to be shown."""
        if self.holds_dated_prices:
            return timedelta(hours=self.price_ahead)
        return timedelta(seconds=self.price_lead)


class Connector(models.Model):
    _inherit = "lockgate.connector"

    def _holds_dated_prices(self):
        return bool((self.capabilities or {}).get("scheduled_prices"))

    @api.model
    def _upsert(self, descriptions):
        before = {connector: connector._holds_dated_prices() for connector in self.search([])}
        super()._upsert(descriptions)
        changed = [connector for connector, held in before.items() if connector._holds_dated_prices() != held]
        listings = self.union(*changed).channel_ids.listing_ids
        self.env["lockgate.outbox"]._mark_listings("price", listings.ids, "connector changed")


class PriceSeal(models.Model):
    _inherit = "lockgate.price.seal"

    @api.model
    def _coming(self, channel, listings, now):
        """{(listing id, book id): ([ComingPrice of contract v1], when to look again or None)}.

        What `channel` is to hold ahead at `now` (naive UTC), in the order of its moments: each price until
        the next one, that of a seal which ends followed by the one underneath. Empty for a channel that
        keeps no dated prices.
        """
        if not channel.holds_dated_prices:
            return {}
        ahead = channel._ahead()
        prepared.execute(self.env.cr, COMING, {"listings": listings.ids, "now": now, "until": now + ahead})
        found = {}
        for row in self.env.cr.dictfetchall():
            prices, moments = found.setdefault((row["listing_id"], row["book_id"]), ([], []))
            starts = row["starts"]
            looks = (starts - LAST_LOOK, starts) if starts <= now + ahead else (starts - ahead,)
            moments += [moment for moment in looks if moment > now]
            if row["seal"]:
                prices.append(_coming_price(row))
        return {key: (prices, min(moments, default=None)) for key, (prices, moments) in found.items()}


def _coming_price(row):
    return {
        "amount": row["amount"],
        "currency": row["currency"],
        "tax_included": row["tax_included"],
        "breaks": row["breaks"],
        "compare_at": row["compare_at"],
        "seal": row["seal"],
        "starts": moment_text(row["starts"]),
        "ends": row["ends"] and moment_text(row["ends"]),
    }


def moment_text(date):
    """A moment (naive UTC) as contract v1 has it."""
    return f"{date.isoformat()}+00:00"
