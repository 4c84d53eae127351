from odoo import api, fields, models

from .. import exposure


class Listing(models.Model):
    _inherit = "lockgate.listing"

    strategic = fields.Boolean(
        tracking=True, help="Every change of its stock is sent at once, without waiting for others."
    )
    stock_text = fields.Char("May Sell Now", compute="_compute_stock", compute_sudo=True)
    stock_explanation = fields.Char("Because", compute="_compute_stock", compute_sudo=True)
    ended_at = fields.Datetime(
        "Ended",
        compute="_compute_ended_at",
        compute_sudo=True,
        search="_search_ended_at",
        help="Discontinued and sold out since then: it stays at 0, whatever comes back.",
    )
    stock_policy_id = fields.Many2one(
        "lockgate.exposure.policy", "By Policy", compute="_compute_stock", compute_sudo=True
    )

    @api.depends("active", "sku", "product_id", "uom_id", "channel_id.warehouse_ids")
    def _compute_stock(self):
        """The number and its explanation, read now by the very code that makes the wanted values."""
        self.env.flush_all()
        found = {
            each.listing_id: each
            for channel, listings in self._origin.grouped("channel_id").items()
            for each in exposure.read(self.env, channel.id, listings.ids, fields.Datetime.now())
        }
        for listing in self:
            stock = found.get(listing._origin.id)
            if stock is None:
                listing.stock_text = listing.stock_explanation = listing.stock_policy_id = False
                continue
            listing.stock_text = listing._quantity_words(stock)
            listing.stock_explanation = listing._stock_words(stock)
            listing.stock_policy_id = stock.policy.id

    @api.depends("publication_ids.wanted")
    def _compute_ended_at(self):
        ended = self.env["lockgate.stock.ledger"]._ended(self._origin.ids)
        for listing in self:
            listing.ended_at = ended.get(listing._origin.id)

    def _search_ended_at(self, operator, value):
        """Whether it has ended; not when."""
        if operator not in ("in", "not in") or set(value) != {False}:
            return NotImplemented
        ended = self.env["lockgate.stock.ledger"].sudo()._ended()
        return [("id", "in" if operator == "not in" else "not in", list(ended))]

    def action_open_stock_ledger(self):
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "lockgate_stock.lockgate_stock_ledger_action"
        ) | {"domain": [("listing_id", "=", self.id)]}

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
