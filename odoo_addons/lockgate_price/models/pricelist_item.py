from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError

from .price_book import SLICE


class ProductPricelistItem(models.Model):
    _inherit = "product.pricelist.item"

    @api.model
    def _write_for(self, change):
        """Write the rules that an approved change stands for, so that inside and outside agree.

        One rule for each line and pricelist, held on the line. Raises UserError when another rule would
        still decide a price.
        """
        end = change.effective_to and change.effective_to - timedelta(seconds=1)  # Odoo's end is inclusive
        rules = self.create(
            [
                {
                    "pricelist_id": pricelist.id,
                    "applied_on": "0_product_variant",
                    "product_tmpl_id": line.product_id.product_tmpl_id.id,
                    "product_id": line.product_id.id,
                    "compute_price": "fixed",
                    "fixed_price": line.price,
                    "min_quantity": 0,
                    "date_start": change.effective_from,
                    "date_end": end,
                }
                for pricelist in change.book_ids.pricelist_id
                for line in change.line_ids
            ]
        )
        change.line_ids._link_rules(rules)
        for pricelist, own in rules.grouped("pricelist_id").items():
            for start in range(0, len(own), SLICE):
                own[start : start + SLICE]._check_decide(pricelist, change.effective_from)

    def _check_decide(self, pricelist, moment):
        """The newest rule wins among its equals; a rule of a minimum quantity up to one still beats it."""
        decided = pricelist._compute_price_rule(self.product_id, 1.0, date=moment, compute_price=False)
        for rule in self:
            winner = self.browse(decided[rule.product_id.id][1])
            if winner != rule:
                raise UserError(
                    self.env._(
                        "In pricelist %(pricelist)s the rule “%(rule)s” would still decide the price of "
                        "%(product)s. Remove its minimum quantity of %(minimum)s, or the rule.",
                        pricelist=pricelist.name,
                        rule=winner.name,
                        product=rule.product_id.display_name,
                        minimum=winner.min_quantity,
                    )
                )
