from odoo import api, fields, models
from odoo.addons.lockgate_stock.models.lockgate_listing_words import figure


class Listing(models.Model):
    _inherit = "lockgate.listing"

    parts_text = fields.Char("Kit Of", compute="_compute_parts_text", compute_sudo=True)

    @api.depends("standing_ids.quantity")
    def _compute_parts_text(self):
        for listing in self:
            parts = listing.standing_ids.filtered("quantity")
            listing.parts_text = parts.product_id != listing.product_id and ", ".join(
                f"{figure(part.quantity)} {part.product_id.uom_id.name} {part.product_id.display_name}"
                for part in parts
            )

    def _stands_on(self):
        stands = super()._stands_on()
        for company, listings in self.grouped("company_id").items():
            parts = self.env["mrp.bom"]._lockgate_parts(listings.product_id, company)
            stands.update((listing.id, parts[listing.product_id]) for listing in listings)
        return stands

    def _stock_figures(self, stock):
        figures = super()._stock_figures(stock)
        if stock.part_id == self.product_id.id:
            return figures
        part = self.env["product.product"].browse(stock.part_id)
        return self.env._(
            "the scarcest part is %(part)s: %(figures)s", part=part.display_name, figures=figures
        )
