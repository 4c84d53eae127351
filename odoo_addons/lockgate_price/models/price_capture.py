from math import ceil

from odoo import api, fields, models

from .price_seal import IN_FORCE

KEY = "lockgate.captured"
# A rule for a whole book reaches more than a commit should wait for: the rest is the sweep's.
MOST_AT_ONCE = 2000
NAMED = 10

SEALED = f"""
    SELECT listing.id, listing.product_id, listing.uom_id, in_force.id, in_force.amount, in_force.breaks
      FROM lockgate_listing listing
      JOIN product_product product ON product.id = listing.product_id AND product.active
      JOIN lockgate_price_book book ON book.id = %(book)s AND book.channel_id = listing.channel_id
 LEFT JOIN LATERAL ({IN_FORCE}) in_force ON true
     WHERE listing.active AND listing.id > %(after)s
       AND (%(products)s::int[] IS NULL OR listing.product_id = ANY(%(products)s))
  ORDER BY listing.id LIMIT %(limit)s
"""


class PriceBook(models.Model):
    _inherit = "lockgate.price.book"

    def _compare(self, products=None, after=0, limit=MOST_AT_ONCE):
        """What Odoo gives now beside what is sealed, in the order of listings: dicts of listing_id,
        product_id, seal_id, sealed, live (both of one unit of the listing, in the book's currency) and
        quantity: of so many units they are, the fewest of which Odoo's price differs; one, if it never
        does. A listing without a seal in force has neither seal nor sealed price.

        At most `limit` listings above the number `after`, of these product ids or of all. Call it on
        clean books (`_clean`).
        """
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            SEALED,
            {
                "book": self.id,
                "products": products,
                "after": after,
                "limit": limit,
                "moment": fields.Datetime.now(),
            },
        )
        rows, by_unit = self.env.cr.fetchall(), {}
        for _listing, product_id, uom_id, _seal, _sealed, breaks in rows:
            sealed = by_unit.setdefault(uom_id, {}).setdefault(product_id, {1})
            sealed.update(int(step["minimum"]) for step in breaks or ())
        live = {uom_id: self._live(quantities, uom_id) for uom_id, quantities in by_unit.items()}
        return [
            {
                "listing_id": listing_id,
                "product_id": product_id,
                "seal_id": seal_id,
                **self._first_difference(sealed, breaks, live[uom_id][product_id]),
            }
            for listing_id, product_id, uom_id, seal_id, sealed, breaks in rows
        ]

    def _live(self, quantities, uom_id):
        """What Odoo gives now: {product id: {units: price of one}}, for these units and for those from which
        its rules step."""
        uom = self.env["uom.uom"].browse(uom_id)
        products = self.env["product.product"].browse(sorted(quantities))
        stepping = self._quantities_now(products)
        for product in products.filtered(lambda product: product.id in stepping):
            ratio = product.uom_id.factor / uom.factor
            quantities[product.id].update(
                max(ceil(round(step * ratio, 6)), 1) for step in stepping[product.id]
            )
        return self._prices_from(quantities, uom)

    def _first_difference(self, amount, breaks, live):
        """quantity, sealed and live of a row of `_compare`."""
        if amount is None:
            return {"quantity": 1, "sealed": None, "live": live[1]}
        sealed, pairs = float(amount), []
        steps = {int(step["minimum"]): float(step["amount"]) for step in breaks or ()}
        for quantity in sorted(live):
            sealed = steps.get(quantity, sealed)
            pairs.append({"quantity": quantity, "sealed": sealed, "live": live[quantity]})
        return next(filter(self._differs, pairs), pairs[0])

    def _differs(self, pair):
        return self.currency_id.compare_amounts(pair["sealed"], pair["live"]) != 0

    def _drifted(self, row):
        """Whether a row of `_compare` differs; one without a seal does, if Odoo gives it a price."""
        return self._differs(row) if row["seal_id"] else row["live"] > 0


class PriceChange(models.Model):
    """A direct edit of a governed price, where it stands, becomes a draft of what Odoo gives now."""

    _inherit = "lockgate.price.change"

    kind = fields.Selection(selection_add=[("captured", "Captured")], ondelete={"captured": "set regular"})

    def _writes_rules(self):
        """What was captured stands in Odoo already."""
        return super()._writes_rules() and self.kind != "captured"

    @api.model
    def _gather_captured(self, book, product_ids):
        """Hold what was edited until the flush: ids of products, None for everything in the book."""
        precommit = self.env.cr.precommit
        if KEY not in precommit.data:
            precommit.data[KEY] = {}
            precommit.add(self._capture)
        gathered = precommit.data[KEY]
        key = self.env.uid, book.id
        if product_ids is None or gathered.get(key, ()) is None:
            gathered[key] = None
        else:
            gathered.setdefault(key, set()).update(product_ids)

    @api.model
    def _capture(self):
        # Taken out here: `Callbacks.run` clears its data only after every callback has run.
        for (uid, book_id), product_ids in self.env.cr.precommit.data.pop(KEY, {}).items():
            env = self.env(user=uid, su=True, context={})
            env = env(context={"lang": env.user.lang})
            book = env["lockgate.price.book"].browse(book_id)
            clean = book._clean()
            rows = clean._compare(product_ids and sorted(product_ids))
            rows = [row for row in rows if row["seal_id"]]  # without a seal there is nothing to keep
            drifted = [row for row in rows if clean._drifted(row)]
            equal = {row["product_id"] for row in rows} - {row["product_id"] for row in drifted}
            env["lockgate.price.change"]._take_over(
                book,
                {row["product_id"] for row in drifted},
                self.env._(
                    "Edited directly in Odoo by %s. Channels keep their prices until this is approved.",
                    env.user.name,
                ),
                equal,
            )

    @api.model
    def _take_over(self, book, product_ids, reason, taken_back=()):
        """Draft Odoo's prices of these products for the book, in the user's open captured draft if there
        is one; lines of products that were taken back go. Returns the draft, if there is any."""
        draft = self.search(
            [
                ("kind", "=", "captured"),
                ("state", "=", "draft"),
                ("requester_id", "=", self.env.uid),
                ("book_ids", "=", book.id),
            ],
            limit=1,
        )
        draft.line_ids.filtered(lambda line: line.product_id.id in taken_back).unlink()
        products = self.env["product.product"].browse(sorted(product_ids))
        lines = book._clean()._lines_now(products)
        priced = products.filtered(lambda product: product.id in lines)
        if priced and not draft:
            draft = self._create_draft([self._prepare_draft(book, reason)], "captured")
        standing = {line.product_id: line for line in draft.line_ids}
        for product in priced:
            line, values = standing.get(product), lines[product.id]
            if line and any(line[name] != value for name, value in values.items()):
                line.write(values)
        self.env["lockgate.price.change.line"].create(
            [
                {"change_id": draft.id, "product_id": product.id, **lines[product.id]}
                for product in priced
                if product not in standing
            ]
        )
        if draft and not draft.line_ids:
            draft.unlink()
            return self.browse()
        if draft and (unpriced := products - priced):
            draft.message_post(
                body=self.env._(
                    "Not taken over, because Odoo gives them no price above zero: %s.",
                    ", ".join(unpriced[:NAMED].mapped("display_name")),
                )
            )
        return draft
