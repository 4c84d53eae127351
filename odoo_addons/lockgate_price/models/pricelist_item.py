from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .price_tax import tax_of

OF_CHANGE = "seal.change_id = %(change)s"
OF_PRODUCT = f"""{OF_CHANGE} AND seal.product_id = %(product)s AND book.pricelist_id = %(pricelist)s"""


# For each product and pricelist of a change: which prices of one of its own unit its seals stand for, from
# which quantity on. Two listings of one product may be sealed differently (another unit): the one in the
# product's own unit speaks, then the oldest. A quantity at which an earlier change put a break is priced
# too, so that the break no longer decides.
def stands_for(of):
    """SQL of the rules that the seals of a change, or those of one product in one pricelist, stand for."""
    return f"""
    SELECT nextval('product_pricelist_item_id_seq') AS id, sealed.*, quantity.minimum AS min_quantity,
           coalesce((SELECT ((step->>'amount')::numeric - sealed.on_given) / sealed.per_given / sealed.ratio
                       FROM jsonb_array_elements(sealed.breaks) step
                      WHERE (step->>'minimum')::numeric * sealed.ratio <= quantity.minimum
                   ORDER BY (step->>'minimum')::numeric DESC LIMIT 1), sealed.price) AS fixed_price
      FROM (SELECT DISTINCT ON (book.pricelist_id, seal.product_id)
                   book.pricelist_id, seal.product_id, template.id AS product_tmpl_id, seal.line_id,
                   seal.breaks, unit.factor / own_unit.factor AS ratio,
                   CASE line.base WHEN 'fixed' THEN line.price
                                  ELSE (seal.amount - tax.on_given) / tax.per_given
                                       * own_unit.factor / unit.factor END AS price,
                   tax.per_given, tax.on_given,
                   coalesce(pricelist.company_id, template.company_id) AS company_id, pricelist.currency_id
              FROM lockgate_price_seal seal
              JOIN lockgate_price_change_line line ON line.id = seal.line_id
              JOIN lockgate_price_book book ON book.id = seal.book_id
              JOIN product_pricelist pricelist ON pricelist.id = book.pricelist_id
              JOIN product_product product ON product.id = seal.product_id
              JOIN product_template template ON template.id = product.product_tmpl_id
              JOIN uom_uom unit ON unit.id = seal.uom_id
              JOIN uom_uom own_unit ON own_unit.id = template.uom_id
        CROSS JOIN LATERAL {tax_of("book.id", "template.id")} tax
             WHERE {of} AND seal.revokes_id IS NULL
          ORDER BY book.pricelist_id, seal.product_id, unit.id = own_unit.id DESC, seal.listing_id) sealed
CROSS JOIN LATERAL (
           SELECT 0 AS minimum
            UNION
           SELECT (step->>'minimum')::numeric * sealed.ratio FROM jsonb_array_elements(sealed.breaks) step
            UNION
           SELECT earlier.min_quantity
             FROM product_pricelist_item earlier
             JOIN lockgate_price_change_line_rule_rel written ON written.rule_id = earlier.id
            WHERE earlier.product_id = sealed.product_id AND earlier.pricelist_id = sealed.pricelist_id
              AND earlier.applied_on = '0_product_variant'
              AND earlier.min_quantity > 0
              AND (earlier.date_end IS NULL OR earlier.date_end >= %(start)s)) quantity
"""


OWN = (
    "id", "pricelist_id", "product_id", "product_tmpl_id", "company_id", "currency_id", "min_quantity",
    "fixed_price",
)  # fmt: skip


class ProductPricelistItem(models.Model):
    _inherit = "product.pricelist.item"

    # A pricelist may hold a rule for every product: its index alone reads them all for each.
    _lockgate_variant_index = models.Index(
        "(product_id, pricelist_id) WHERE applied_on = '0_product_variant'"
    )
    _lockgate_product_index = models.Index("(product_tmpl_id, pricelist_id) WHERE applied_on = '1_product'")

    @api.model
    def _write_for(self, change):
        """Write the rules that an approved change stands for, so that inside and outside agree.

        A fixed price for each sealed product and pricelist, held on its line, in one statement: one rule is
        made by the ORM, with whatever other add-ons put into rules, and the others are copies of it. Raises
        UserError when another rule would still decide a price.
        """
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(
            "SELECT line_id, pricelist_id, product_id, product_tmpl_id FROM lockgate_price_seal seal"
            " JOIN lockgate_price_book book ON book.id = seal.book_id"
            " JOIN product_product product ON product.id = seal.product_id WHERE change_id = %s LIMIT 1",
            [change.id],
        )
        _line_id, pricelist_id, product_id, template_id = cr.fetchone()
        pattern = self.create(
            {
                "pricelist_id": pricelist_id,
                "applied_on": "0_product_variant",
                "product_tmpl_id": template_id,
                "product_id": product_id,
                "compute_price": "fixed",
                "date_start": change.effective_from,
                # Odoo's end is inclusive.
                "date_end": change.effective_to and change.effective_to - timedelta(seconds=1),
            }
        )
        pattern.flush_recordset()
        self._copy(pattern, change)
        pattern.unlink()
        self.env.invalidate_all()
        self._check_decide(change)

    def _copy(self, pattern, change):
        columns = [name for name, field in self._fields.items() if field.store and field.column_type]
        self.env.cr.execute(
            SQL(
                """
                WITH rule AS MATERIALIZED (%(rules)s), written AS (
                    INSERT INTO product_pricelist_item (%(columns)s)
                    SELECT %(values)s FROM rule CROSS JOIN product_pricelist_item pattern
                     WHERE pattern.id = %(pattern)s
                )
                INSERT INTO lockgate_price_change_line_rule_rel (line_id, rule_id)
                SELECT line_id, id FROM rule
                """,
                rules=SQL(
                    stands_for(OF_CHANGE),
                    change=change.id,
                    start=change.effective_from,
                    taxes=change.book_ids._taxes(),
                ),
                columns=SQL(", ").join(map(SQL.identifier, columns)),
                values=SQL(", ").join(
                    SQL.identifier("rule" if name in OWN else "pattern", name) for name in columns
                ),
                pattern=pattern.id,
            )
        )

    def _stands_for(self, seal):
        """{quantity: price} of the rules that the change of this seal stands for, for its product in the
        pricelist of its book."""
        self.env.flush_all()
        self.env.cr.execute(
            f"SELECT min_quantity::float8, fixed_price::float8 FROM ({stands_for(OF_PRODUCT)}) rule",
            {
                "change": seal.change_id.id,
                "product": seal.product_id.id,
                "pricelist": seal.book_id.pricelist_id.id,
                "start": seal.date_from,
                "taxes": seal.book_id._taxes(seal.product_id.product_tmpl_id.ids),
            },
        )
        return dict(self.env.cr.fetchall())

    def _check_decide(self, change):
        """The newest of equal rules wins; one that people made from a quantity on still beats it."""
        self.env.cr.execute(
            """
            SELECT other.id FROM product_pricelist_item other
             WHERE other.pricelist_id = ANY(%(pricelists)s) AND other.applied_on = '0_product_variant'
               AND other.min_quantity > 0
               AND (other.date_start IS NULL OR other.date_start <= %(start)s)
               AND (other.date_end IS NULL OR other.date_end >= %(start)s)
               AND NOT EXISTS (SELECT FROM lockgate_price_change_line_rule_rel ours
                                WHERE ours.rule_id = other.id)
               AND EXISTS (SELECT FROM lockgate_price_seal seal
                             JOIN lockgate_price_book book ON book.id = seal.book_id
                             JOIN lockgate_price_change_line line ON line.id = seal.line_id
                            WHERE seal.product_id = other.product_id AND seal.change_id = %(change)s
                              AND book.pricelist_id = other.pricelist_id
                              AND (other.min_quantity <= 1 OR line.break_rows IS NOT NULL))
             LIMIT 1
            """,
            {
                "change": change.id,
                "pricelists": change.book_ids.pricelist_id.ids,
                "start": change.effective_from,
            },
        )
        if found := self.env.cr.fetchone():
            winner = self.browse(found)
            raise UserError(
                self.env._(
                    "In pricelist %(pricelist)s the rule “%(rule)s” would still decide the price of "
                    "%(product)s. Remove its minimum quantity of %(minimum)s, or the rule.",
                    pricelist=winner.pricelist_id.name,
                    rule=winner.name,
                    product=winner.product_id.display_name,
                    minimum=winner.min_quantity,
                )
            )
