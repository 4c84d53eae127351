from odoo import fields, models


class Channel(models.Model):
    _inherit = "lockgate.channel"

    book_ids = fields.One2many("lockgate.price.book", "channel_id", "Price Books")
    book_count = fields.Integer("Number of Price Books", compute="_compute_book_count")

    def _compute_book_count(self):
        books = dict(
            self.env["lockgate.price.book"]._read_group(
                [("channel_id", "in", self.ids)], ["channel_id"], ["__count"]
            )
        )
        for channel in self:
            channel.book_count = books.get(channel, 0)

    def action_open_books(self):
        return self._open("lockgate_price.lockgate_price_book_action")
