from collections import defaultdict

from odoo import api, models

WATCHED = frozenset(
    {
        "active",
        "company_id",
        "product_id",
        "product_qty",
        "product_tmpl_id",
        "product_uom_id",
        "sequence",
        "type",
    }
)


class MrpBom(models.Model):
    _inherit = "mrp.bom"

    @api.model_create_multi
    def create(self, vals_list):
        boms = super().create(vals_list)
        boms._lockgate_gather()
        return boms

    def write(self, vals):
        if WATCHED.isdisjoint(vals):
            return super().write(vals)
        self._lockgate_gather()  # what was a kit until now
        result = super().write(vals)
        self._lockgate_gather()
        return result

    def unlink(self):
        self._lockgate_gather()
        return super().unlink()

    def _lockgate_gather(self):
        """What stands on the kits of these bills is to be asked anew; other bills make no kits."""
        kits = self.sudo().with_context(active_test=False).filtered(lambda bom: bom.type == "phantom")
        products = [bom.product_id or bom.product_tmpl_id.product_variant_ids for bom in kits]
        self.env["lockgate.standing"]._gather(self.env["product.product"].union(*products).ids)

    @api.model
    def _lockgate_parts(self, products, company):
        """What one unit of each of these products takes: {product: {part's id: quantity in the part's unit}}.

        A product that is no kit takes one of itself. A kit takes its parts, and theirs where they are kits
        too, as Odoo explodes its moves; each kit on the way is named with 0. Not rounded: `explode` rounds
        each line up to the precision of units, so that a screw of 0.001 kg would take ten times as much.
        """
        boms, new = {}, products
        finder = self.with_context(active_test=False)  # an archived product keeps its parts
        while new:
            found = finder._bom_find(new, company_id=company.id, bom_type="phantom")
            boms.update((product, found[product]) for product in new)
            new = self.env["product.product"].union(
                *[line.product_id for bom in found.values() for line in bom.bom_line_ids]
            )
            new = new.filtered(lambda product: product not in boms)

        def take(product, above):
            bom = boms[product]
            if not bom or product in above:  # a kit within itself: Odoo refuses it, SQL does not
                return {product.id: 1.0}
            parts = defaultdict(float, {product.id: 0.0})
            times = product.uom_id._compute_quantity(1, bom.product_uom_id, round=False) / bom.product_qty
            for line in bom.bom_line_ids:
                if line._skip_bom_line(product):
                    continue
                part = line.product_id
                quantity = line.product_uom_id._compute_quantity(line.product_qty, part.uom_id, round=False)
                for part_id, each in take(part, above | product).items():
                    parts[part_id] += times * quantity * each
            return parts

        return {product: take(product, self.env["product.product"]) for product in products}
