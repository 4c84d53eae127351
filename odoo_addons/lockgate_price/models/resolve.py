"""What a price change says for each listing and book that it names, in one statement of SQL."""

from .price_seal import IN_FORCE
from .price_tax import tax_of

# Which line decides which listing: of those that name it the most specific, and of equals (two tags) the
# first. A rank is 1000 times the kind of target, plus the depth of a category.
RANKS = {"variant": 4000, "product": 3000, "category": 2000, "tag": 1000, "book": 0}
RANK = f"""CASE line.applies_to {
    " ".join(f"WHEN '{target}' THEN {rank}" for target, rank in RANKS.items() if target != "category")
} ELSE {RANKS["category"]} + coalesce(array_length(string_to_array(category.parent_path, '/'), 1), 0) END"""

DECIDED = f"""
    WITH book AS MATERIALIZED (
        SELECT book.id, book.channel_id, book.pricelist_id,
               coalesce(book.tax_included, false) AS tax_included, currency.id AS currency_id,
               currency.name AS currency, currency.rounding AS smallest, currency.decimal_places,
               coalesce(nullif(book.rounding, 0)::numeric, currency.rounding) AS rounding,
               book.rounding_method
          FROM lockgate_price_change_book_rel chosen
          JOIN lockgate_price_book book ON book.id = chosen.book_id AND book.active
          JOIN product_pricelist pricelist ON pricelist.id = book.pricelist_id
          JOIN res_currency currency ON currency.id = pricelist.currency_id
         WHERE chosen.change_id = %(change)s
    ), listing AS MATERIALIZED (
        SELECT listing.id, listing.channel_id, listing.product_id, product.product_tmpl_id, template.categ_id,
               unit.id AS uom_id, unit.name->>'en_US' AS unit, unit.factor, own_unit.factor AS own_factor,
               coalesce((product.standard_price->>%(company)s)::numeric, %(default_cost)s)
                   * unit.factor / own_unit.factor
                   * (%(rates)s::jsonb->>%(company_currency)s)::numeric AS cost
          FROM lockgate_listing listing
          JOIN product_product product ON product.id = listing.product_id AND product.active
          JOIN product_template template ON template.id = product.product_tmpl_id
          JOIN uom_uom unit ON unit.id = listing.uom_id
          JOIN uom_uom own_unit ON own_unit.id = template.uom_id
         WHERE listing.active AND listing.channel_id IN (SELECT channel_id FROM book)
    ), line AS MATERIALIZED (
        SELECT line.*, {RANK} AS rank, category.parent_path
          FROM lockgate_price_change_line line
     LEFT JOIN product_category category ON category.id = line.categ_id
         WHERE line.change_id = %(change)s
    ), named AS (
        SELECT line.id, line.rank, listing.id AS listing_id
          FROM line JOIN listing ON listing.product_id = line.product_id
         WHERE line.applies_to = 'variant'
     UNION ALL
        SELECT line.id, line.rank, listing.id
          FROM line JOIN listing ON listing.product_tmpl_id = line.product_tmpl_id
         WHERE line.applies_to = 'product'
     UNION ALL
        SELECT line.id, line.rank, listing.id
          FROM line
          JOIN product_category below ON starts_with(below.parent_path, line.parent_path)
          JOIN listing ON listing.categ_id = below.id
         WHERE line.applies_to = 'category'
     UNION ALL (
        SELECT line.id, line.rank, listing.id
          FROM line
          JOIN product_tag_product_template_rel tagged ON tagged.product_tag_id = line.tag_id
          JOIN listing ON listing.product_tmpl_id = tagged.product_template_id
         WHERE line.applies_to = 'tag'
         UNION
        SELECT line.id, line.rank, listing.id
          FROM line
          JOIN product_tag_product_product_rel tagged ON tagged.product_tag_id = line.tag_id
          JOIN listing ON listing.product_id = tagged.product_product_id
         WHERE line.applies_to = 'tag')
     UNION ALL
        SELECT line.id, line.rank, listing.id FROM line CROSS JOIN listing WHERE line.applies_to = 'book'
    ), decided AS (
        SELECT listing_id, array_agg(id ORDER BY rank DESC, id) AS line_ids FROM named GROUP BY listing_id
    )
"""

# The pricelist rule that decides Odoo's price of one unit when the change begins, by Odoo's own order, and
# how specific it is: as the line that wrote it, or as what it applies to.
RULE = f"""
    SELECT item.id, item.compute_price, item.fixed_price::numeric AS fixed_price,
           coalesce((SELECT {RANK}
                       FROM lockgate_price_change_line_rule_rel written
                       JOIN lockgate_price_change_line line ON line.id = written.line_id
                  LEFT JOIN product_category category ON category.id = line.categ_id
                      WHERE written.rule_id = item.id LIMIT 1),
                    CASE item.applied_on
                         WHEN '0_product_variant' THEN {RANKS["variant"]}
                         WHEN '1_product' THEN {RANKS["product"]}
                         WHEN '2_product_category' THEN {RANKS["category"]}
                             + array_length(string_to_array(item.parent_path, '/'), 1)
                         ELSE {RANKS["book"]} END) AS rank
      FROM (SELECT item.*, NULL AS parent_path FROM product_pricelist_item item
             WHERE item.product_id = listing.product_id AND item.applied_on = '0_product_variant'
         UNION ALL
            SELECT item.*, NULL FROM product_pricelist_item item
             WHERE item.product_tmpl_id = listing.product_tmpl_id AND item.applied_on = '1_product'
         UNION ALL
            SELECT broad.* FROM broad
             WHERE broad.applied_on = '3_global' OR broad.applied_on = '2_product_category'
               AND starts_with((SELECT parent_path FROM product_category WHERE id = listing.categ_id),
                               broad.parent_path)) item
     WHERE item.pricelist_id = book.pricelist_id
       AND coalesce(item.min_quantity, 0) <= listing.factor / listing.own_factor
       AND (item.date_start IS NULL OR item.date_start <= %(moment)s)
       AND (item.date_end IS NULL OR item.date_end >= %(moment)s)
  ORDER BY item.applied_on, item.min_quantity DESC, item.categ_id DESC, item.id DESC LIMIT 1
"""
BROAD = """, broad AS MATERIALIZED (
        SELECT item.*, category.parent_path FROM product_pricelist_item item
     LEFT JOIN product_category category ON category.id = item.categ_id
         WHERE item.pricelist_id IN (SELECT pricelist_id FROM book)
           AND item.applied_on IN ('2_product_category', '3_global'))
"""
FACTS = f"""
 LEFT JOIN LATERAL ({IN_FORCE}) in_force ON true
 LEFT JOIN LATERAL ({RULE}) rule ON true
"""
# The price of the same product in another book, for one unit of this listing, with the tax of this book.
OTHER = f"""
 LEFT JOIN LATERAL (
           SELECT round((sealed.amount - there.on_net) / there.per_net * here.factor / unit.factor
                            * (%(rates)s::jsonb->>(sealed.currency_id::text))::numeric
                            * here.per_net + here.on_net, 9) AS amount
             FROM (SELECT listing.factor, listing.product_id, listing.product_tmpl_id, listing.uom_id,
                          tax.per_net, tax.on_net) here
             JOIN lockgate_price_book book ON book.id = line.base_book_id
             JOIN lockgate_listing listing ON listing.channel_id = book.channel_id AND listing.active
                                          AND listing.product_id = here.product_id
       CROSS JOIN LATERAL ({IN_FORCE}) sealed
       CROSS JOIN LATERAL {tax_of("line.base_book_id", "here.product_tmpl_id")} there
             JOIN uom_uom unit ON unit.id = sealed.uom_id
            WHERE line.base = 'book'
         ORDER BY sealed.uom_id = here.uom_id DESC, sealed.id DESC LIMIT 1) other ON true
"""


def _shown(given):
    """SQL of what the book shows of an amount that is given for one of the product's own unit."""
    return f"({given} * listing.factor / listing.own_factor * tax.per_given + tax.on_given)"


FIXED = _shown("line.price")
COMPARED = _shown("line.compare_price")
# What a line computes from: looked up while the change is drafted, and held in its impact from the moment
# that approval is asked for, so that what is approved is what was asked for.
LIVE = f"""
    SELECT CASE line.base WHEN 'fixed' THEN {FIXED} WHEN 'in_force' THEN in_force.amount
                          WHEN 'cost' THEN nullif(listing.cost, 0) * tax.per_net + tax.on_net
                          ELSE other.amount END AS amount,
           CASE line.compare_at WHEN 'fixed' THEN {COMPARED} ELSE in_force.amount END AS compared,
           NOT coalesce(line.overrides, false) AND coalesce(rule.rank > line.rank, false) AS loses
"""
HELD = f"""
    SELECT CASE line.base WHEN 'fixed' THEN {FIXED} ELSE held.base_amount END AS amount,
           CASE line.compare_at WHEN 'fixed' THEN {COMPARED} ELSE held.compare_base END AS compared,
           held.id IS NULL AND line.applies_to <> 'variant' AND NOT coalesce(line.overrides, false) AS loses
"""
HELD_JOIN = """
 LEFT JOIN lockgate_price_impact held ON held.change_id = %(change)s AND held.listing_id = listing.id
                                     AND held.book_id = book.id
"""


def _round(amount, multiple):
    return f"round(({amount}) / {multiple}) * {multiple}"


def _round_final(amount):
    """SQL of `amount` as the book rounds what it shows; the sixth decimal is noise of rates and units."""
    parts = f"round(({amount}) / book.rounding, 6)"
    return f"""round(book.rounding * CASE book.rounding_method
        WHEN 'up' THEN ceil({parts}) WHEN 'down' THEN floor({parts}) ELSE round({parts}) END,
        book.decimal_places)"""


def _finish(amount):
    """SQL of `amount` as the line rounds it, with its extra, as the book rounds what it shows."""
    rounded = f"CASE WHEN line.rounding > 0 THEN {_round(amount, 'line.rounding::numeric')} ELSE {amount} END"
    return _round_final(f"{rounded} + coalesce(line.surcharge, 0)::numeric")


LINE_PRICE = "base.amount * (1 + coalesce(line.percent, 0)::numeric / 100)"
STEP_PRICE = _finish(f"coalesce({_shown('step.price')}, {LINE_PRICE} * (1 + step.percent / 100))")
# A break is asked for in the product's own unit and sealed in whole units of the listing; one that the
# first unit reaches is the price itself.
BREAKS = f"""
 LEFT JOIN LATERAL (
           SELECT jsonb_agg(jsonb_build_object('minimum', trim_scale(minimum)::text, 'amount', amount::text)
                            ORDER BY minimum) FILTER (WHERE minimum > 1) AS steps,
                  (array_agg(amount) FILTER (WHERE minimum <= 1))[1] AS first
             FROM (SELECT DISTINCT ON (1)
                          greatest(ceil(step.minimum * listing.own_factor / listing.factor), 1) AS minimum,
                          {STEP_PRICE} AS amount
                     FROM jsonb_to_recordset(line.break_rows)
                          AS step(minimum numeric, price numeric, percent numeric)
                 ORDER BY 1, step.minimum DESC) steps) breaks ON line.break_rows IS NOT NULL
"""
OF_FACTS = f""",
               in_force.id AS old_seal_id, in_force.amount AS old_price, in_force.breaks AS old_breaks,
               rule.id AS rule_id,
               rule.rank > line.rank AS rule_is_closer,
               CASE WHEN rule.compute_price = 'fixed'
                    THEN {_round_final(_shown("rule.fixed_price"))}
                    WHEN %(asked)s THEN held.current_price END AS current_price
"""


def resolved(live, facts):
    """SQL of what a change says for each listing and book that it names; see `parameters` for what it takes.

    `amount` is null where there is nothing to compute from, `loses` where a more specific rule keeps its
    price. `live`: compute from the prices and costs of now, not from those held. `facts`: with the seal in
    force and the pricelist's rule.
    """
    facts = facts or live
    return f"""
        {DECIDED} {BROAD if facts else ""}
        SELECT listing.id AS listing_id, listing.channel_id, listing.product_id, book.id AS book_id,
               line.id AS line_id, book.currency_id, book.currency, book.tax_included, listing.uom_id,
               listing.unit, coalesce(breaks.first, price.amount) AS amount,
               coalesce(breaks.steps, '[]'::jsonb) AS breaks,
               CASE WHEN line.compare_at IS NOT NULL AND shown.amount > coalesce(breaks.first, price.amount)
                    THEN shown.amount END AS compare_at,
               base.loses, base.amount AS base_amount, base.compared AS compare_base,
               decided.line_ids[2:] AS shadowed, listing.cost,
               tax.per_net, tax.on_net, book.smallest, book.decimal_places,
               trim_scale(book.rounding)::text AS rounding, book.rounding_method
               {OF_FACTS if facts else ""}
          FROM decided
          JOIN listing ON listing.id = decided.listing_id
          JOIN line ON line.id = decided.line_ids[1]
          JOIN book ON book.channel_id = listing.channel_id
    CROSS JOIN LATERAL {tax_of("book.id", "listing.product_tmpl_id")} tax
          {FACTS if facts else ""} {OTHER if live else ""} {HELD_JOIN}
    CROSS JOIN LATERAL ({LIVE if live else HELD}) base
    CROSS JOIN LATERAL (SELECT {_finish(LINE_PRICE)} AS amount) price
    CROSS JOIN LATERAL (SELECT {_round_final("base.compared")} AS amount) shown
          {BREAKS}
    """
