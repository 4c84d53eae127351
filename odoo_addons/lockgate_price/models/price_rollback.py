from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .breaks import written
from .price_breach import MATCH
from .price_change_decision import ANALYST
from .price_seal import IN_FORCE

# Each seal of a change beside the one in force now, and the one underneath: in force if it were not there.
BASIS = f"""
    SELECT own.id AS seal_id, own.listing_id, own.book_id, own.product_id, own.uom_id,
           (own.amount, coalesce(own.breaks, '[]'), own.compare_at) IS NOT DISTINCT FROM
           (underneath.amount, coalesce(underneath.breaks, '[]'), underneath.compare_at) AS same,
           listing.active AND product.active AND book.active AS sold,
           in_force.id AS current_id, in_force.change_id AS current_change_id,
           underneath.amount AS old_amount, underneath.breaks AS old_breaks,
           underneath.compare_at AS old_compare_at, least(own.date_to, underneath.date_to) AS date_to
      FROM lockgate_price_seal own
      JOIN lockgate_listing listing ON listing.id = own.listing_id
      JOIN product_product product ON product.id = own.product_id
      JOIN product_template own_template ON own_template.id = product.product_tmpl_id
      JOIN lockgate_price_book book ON book.id = own.book_id
 LEFT JOIN LATERAL ({IN_FORCE}) in_force ON true
 LEFT JOIN LATERAL ({IN_FORCE.replace("WHERE", "WHERE seal.id < own.id AND", 1)}) underneath ON true
     WHERE own.change_id = %(change)s AND own.revokes_id IS NULL
  ORDER BY own.uom_id = own_template.uom_id DESC, own.id
"""
# The policies that name people to roll back what is sealed by the change.
WHO = f"""
    SELECT DISTINCT policy.id
      FROM (SELECT * FROM lockgate_price_seal WHERE change_id = %(change)s) numbers {MATCH}
     WHERE policy.kind = 'rollback' AND policy.group_id IS NOT NULL
  ORDER BY policy.id
"""


class PriceChange(models.Model):
    """Rolling back: a new change that seals again what was in force underneath, approved as any other."""

    _inherit = "lockgate.price.change"

    kind = fields.Selection(selection_add=[("rollback", "Rollback")], ondelete={"rollback": "set regular"})
    rollback_of_id = fields.Many2one(
        "lockgate.price.change", "Rolls Back", readonly=True, copy=False, ondelete="restrict", index=True
    )

    def action_roll_back(self):
        """Draft the prices underneath this change, for every listing where it is in force.

        One draft, or several where books or periods need different prices. Listings where a newer price
        stands above, or nothing underneath, are left out and named in the chatter. UserError when no
        listing is left.
        """
        self.ensure_one()
        self._require(ANALYST, self.env._("Only a pricing analyst drafts a rollback."))
        self.check_access("read")
        self._clean()._refuse_rolling_back()
        if self.state != "approved" or self.effective_from > fields.Datetime.now():
            raise UserError(
                self.env._(
                    "Price change %s is not effective: there is nothing to roll back. One that is approved "
                    "and has not begun is revoked.",
                    self.name,
                )
            )
        prices, left_out = self._clean()._underneath()
        if not prices:
            raise UserError(
                "\n".join([self.env._("Nothing of %s can be rolled back:", self.name), *left_out])
            )
        drafts = self._draft_rollback(prices)
        note = self.env._("Rollback drafted: %s.", ", ".join(drafts.mapped("name")))
        if left_out:
            note += "\n" + "\n".join([self.env._("Left out:"), *left_out])
        for change in drafts | self:
            change.message_post(body=note)
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_price.lockgate_price_change_action")
        return action | {"domain": [("id", "in", drafts.ids)], "context": {}}

    def action_request(self):
        for change in self.filtered("rollback_of_id"):
            change.rollback_of_id._clean()._refuse_rolling_back()
        return super().action_request()

    def _refuse_rolling_back(self):
        """AccessError where a policy of this change's prices names people to roll back, and not the user."""
        self.env.flush_all()
        self.env.cr.execute(WHO, {"change": self.id})
        policies = self.env["lockgate.price.policy"].browse(number for (number,) in self.env.cr.fetchall())
        for policy in policies:
            if policy.group_id not in self.env.user.all_group_ids:
                raise AccessError(
                    self.env._(
                        "Price policy %(policy)s leaves it to “%(group)s” to roll back price change "
                        "%(change)s, and %(user)s is not one of them.",
                        policy=policy.name,
                        group=policy.group_id.name,
                        change=self.name,
                        user=self.env.user.name,
                    )
                )

    def _underneath(self):
        """({(book, end): {product: what its line says}}, what is left out, in words).

        Of listings of one product in several units the one in its own unit speaks.
        """
        self.env.flush_all()
        self.env.cr.execute(BASIS, {"change": self.id, "moment": fields.Datetime.now()})
        rows = self.env.cr.dictfetchall()
        products = self.env["product.product"].browse({row["product_id"] for row in rows})
        taxes = {book: book._taxes_by_product(products) for book in self.book_ids}
        prices, left_out = {}, []
        for row in rows:
            listing = self.env["lockgate.listing"].browse(row["listing_id"])
            book = self.env["lockgate.price.book"].browse(row["book_id"])
            reason = self._left_out(row)
            if not reason and not row["same"]:
                product = self.env["product.product"].browse(row["product_id"])
                values = self._given_again(row, book, product, taxes[book][product])
                own = prices.setdefault((book, row["date_to"]), {})
                if not values or own.setdefault(product, values)["price"] != values["price"]:
                    reason = self.env._("its old price cannot be given for one unit of the product")
            if reason:
                left_out.append(f"{listing.display_name}, {book.name}: {reason}")
        return {key: own for key, own in prices.items() if own}, left_out

    def _given_again(self, row, book, product, tax):
        """What a line says that gives this row's old price, breaks and regular price again; None where no
        line of one of the product's own unit does to the cent."""
        unit, inexact = self.env["uom.uom"].browse(row["uom_id"]), []

        def given(shown):
            shown = float(shown)
            price = book.currency_id.round(unit._compute_price(tax.given(shown), product.uom_id))
            back = book._round_final(tax.shown(product.uom_id._compute_price(price, unit)))
            if book.currency_id.compare_amounts(back, shown):
                inexact.append(shown)
            return price

        values = {"price": given(row["old_amount"])}
        if row["old_breaks"]:
            ratio = unit.factor / product.uom_id.factor
            values["breaks"] = written(
                (float(step["minimum"]) * ratio, given(step["amount"])) for step in row["old_breaks"]
            )
        if row["old_compare_at"]:
            values |= {"compare_at": "fixed", "compare_price": given(row["old_compare_at"])}
        return None if inexact else values

    def _left_out(self, row):
        if not row["sold"]:
            return self.env._("no longer sold")
        if row["current_id"] != row["seal_id"]:
            above = self.browse(row["current_change_id"] or ())
            if above:
                return self.env._("%s stands above", above.name)
            return self.env._("no longer in force")
        if row["old_amount"] is None:
            return self.env._("it had no price before")
        return None

    def _draft_rollback(self, prices):
        """A draft for each group of books that get the same prices until the same moment."""
        groups = {}
        for (book, end), own in prices.items():
            key = end, frozenset((product.id, *values.items()) for product, values in own.items())
            groups.setdefault(key, self.env["lockgate.price.book"])
            groups[key] |= book.with_env(self.env)
        drafts = self.browse()
        for (end, lines), books in groups.items():
            draft = self._create_draft([self._prepare_rollback(books, end)], "rollback")
            self.env["lockgate.price.change.line"].create(
                [
                    {"change_id": draft.id, "product_id": product_id, **dict(values)}
                    for product_id, *values in sorted(lines)
                ]
            )
            drafts |= draft
        return drafts

    @api.model
    def _prepare_rollback(self, books, end):
        reason = self.env._("Back to the prices before %s.", self.name)
        return {
            **self._prepare_draft(books, reason),
            "effective_to": end,
            "rollback_of_id": self.id,
        }
