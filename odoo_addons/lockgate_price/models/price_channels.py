from odoo import api, fields, models


class PriceChange(models.Model):
    """A change for all books of a channel names the channel: its books are added, and none may be missing."""

    _inherit = "lockgate.price.change"

    channel_ids = fields.Many2many(
        "lockgate.channel",
        "lockgate_price_change_channel_rel",
        "change_id",
        "channel_id",
        string="All Books Of",
        check_company=True,
        help="Every price book of these channels is chosen; one that comes later has to be, before approval "
        "is asked for.",
    )

    def _create_draft(self, vals_list, kind):
        changes = super()._create_draft(vals_list, kind)
        changes._add_books_of_channels()
        return changes

    def write(self, vals):
        result = super().write(vals)
        if "channel_ids" in vals:
            self._add_books_of_channels()
        return result

    @api.onchange("channel_ids")
    def _onchange_channel_ids(self):
        self.book_ids |= self.channel_ids.book_ids

    def _missing_books(self):
        return self.channel_ids.book_ids - self.book_ids

    def _add_books_of_channels(self):
        for change in self:
            if missing := change._missing_books():
                change._put(book_ids=[fields.Command.link(book.id) for book in missing])
                self.env["lockgate.price.impact"]._refresh_soon(change)

    def _problems(self):
        problems = super()._problems()
        if missing := self._missing_books():
            problems.append(
                self.env._(
                    "It is for all price books of %(channels)s, and these are not chosen: %(books)s. Choose "
                    "them, or name the books alone.",
                    channels=self._named(missing.channel_id),
                    books=self._named(missing),
                )
            )
        return problems
