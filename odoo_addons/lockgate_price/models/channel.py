from odoo import fields, models


class Channel(models.Model):
    _inherit = "lockgate.channel"

    book_ids = fields.One2many("lockgate.price.book", "channel_id", "Price Books")
    book_count = fields.Integer("Number of Price Books", compute="_compute_book_count")

    price_lead = fields.Integer(
        "Lead of Prices",
        required=True,
        default=0,
        tracking=True,
        help="Seconds that this channel needs to show a price: prices are sent ahead by as much. A channel "
        "that keeps dated prices has none.",
    )

    _price_lead_positive = models.Constraint(
        "CHECK (price_lead BETWEEN 0 AND 604800)", "The lead of prices is between 0 seconds and a week."
    )

    def _compute_book_count(self):
        books = dict(
            self.env["lockgate.price.book"]._read_group(
                [("channel_id", "in", self.ids)], ["channel_id"], ["__count"]
            )
        )
        for channel in self:
            channel.book_count = books.get(channel, 0)

    def write(self, vals):
        result = super().write(vals)
        if "price_lead" in vals:  # what was looked at too late or too early is looked at anew
            self.env["lockgate.outbox"]._mark_listings("price", self.listing_ids.ids, "lead changed")
        return result

    def action_open_books(self):
        return self._open("lockgate_price.lockgate_price_book_action")
