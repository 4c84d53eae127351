from odoo import api, fields, models

from .. import exposure


class Listing(models.Model):
    _inherit = "lockgate.listing"

    stock_text = fields.Char("May Sell Now", compute="_compute_stock", compute_sudo=True)
    stock_explanation = fields.Char("Because", compute="_compute_stock", compute_sudo=True)

    @api.depends("active", "sku", "product_id", "uom_id", "channel_id.warehouse_ids")
    def _compute_stock(self):
        """The number and its explanation, read now by the very code that makes the wanted values."""
        self.env.flush_all()
        found = {
            each.listing_id: each
            for channel, listings in self._origin.grouped("channel_id").items()
            for each in exposure.read(self.env.cr, channel.id, listings.ids)
        }
        for listing in self:
            stock = found.get(listing._origin.id)
            if stock is None:
                listing.stock_text = listing.stock_explanation = False
                continue
            listing.stock_text = (
                self.env._("Nothing is sent") if stock.quantity is None else str(stock.quantity)
            )
            listing.stock_explanation = listing._stock_words(stock)

    def _stock_words(self, stock):
        """An Exposure in words and figures."""
        words = {
            "service": self.env._("The product is not kept in stock, so there is no number to send."),
            "archived": self.env._("The listing or its product is archived, so the channel is told 0."),
            "replaced": self.env._("Archived, and its SKU is listed anew: that listing tells the channel."),
            "nowhere": self.env._("The channel has no warehouse to sell from: choose one on the channel."),
        }
        return words.get(stock.case) or self._stock_figures(stock)

    def _stock_figures(self, stock):
        figures = self.env._(
            "%(on_hand)s on hand − %(promised)s promised = %(rest)s %(product_unit)s"
            " → %(units)s whole %(unit)s",
            on_hand=_figure(stock.on_hand),
            promised=_figure(stock.promised),
            rest=_figure(stock.on_hand - stock.promised),
            product_unit=self.env["product.product"].browse(stock.part_id).uom_id.name,
            units=stock.units,
            unit=self.uom_id.name,
        )
        if stock.promised > stock.on_hand:
            return self.env._("%s, because it is never below zero", figures)
        if stock.units == exposure.MOST:
            return self.env._("%s, the most that a channel is told", figures)
        return figures

    def _mark(self, reason):
        super()._mark(reason)
        # An archived listing keeps its SKU at 0, until the SKU is listed anew: then it has to fall silent.
        archived = self.with_context(active_test=False).search(
            [
                ("active", "=", False),
                ("channel_id", "in", self.channel_id.ids),
                ("sku", "in", self.mapped("sku")),
            ]
        )
        self.env["lockgate.outbox"]._mark_listings("stock", (archived - self).ids, reason)


def _figure(quantity):
    """120.0 as '120', 1.50 as '1.5', -2.0 as '−2'."""
    text = f"{abs(quantity):.6f}".rstrip("0").rstrip(".")
    return f"−{text}" if quantity < 0 and text != "0" else text
