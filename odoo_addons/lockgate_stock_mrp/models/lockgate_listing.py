from odoo import models
from odoo.addons.lockgate_stock.models.lockgate_listing_words import figure


class Listing(models.Model):
    _inherit = "lockgate.listing"

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
        return self.env._(
            "Kit of %(parts)s; the scarcest is %(part)s: %(figures)s",
            parts=", ".join(
                f"{figure(part.quantity)} {part.product_id.uom_id.name} {part.product_id.display_name}"
                for part in self.standing_ids
                if part.quantity
            ),
            part=self.env["product.product"].browse(stock.part_id).display_name,
            figures=figures,
        )
