"""What large price changes leave to the background, so that nobody waits for it."""

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from .proposals import parameters
from .resolve import DECIDED

# Up to here an edit or a decision is done at once; beyond, the person is not kept waiting.
AT_ONCE = 2000


class PriceImpact(models.Model):
    _inherit = "lockgate.price.impact"

    @api.model
    def _refresh_soon(self, changes):
        """Compute the impact of these drafts anew: now where it is little, in the background where not."""
        self.env.flush_all()
        for change in changes:
            clean = change._clean()
            if clean._names_at_most(AT_ONCE):
                self._refresh(change)
            else:
                clean.env["lockgate.price.job"]._queue(clean, "impact")


class PriceChange(models.Model):
    _inherit = "lockgate.price.change"

    def _do(self, task):
        """Do what a person decided on, in their name: all of it or nothing."""
        if task == "request":
            self.with_user(self.requester_id)._clean()._ask()
            return
        approver = self._given()[-1:].user_id
        if not approver:
            raise AccessError(self.env._("Price change %s: nobody has approved it.", self.name))
        clean = self.with_user(approver)._clean()
        clean._check_as_asked()
        clean._seal_approved()

    def _is_large(self):
        """Whether it does too much to have a person wait for it."""
        self.env.flush_all()
        return not self._names_at_most(AT_ONCE)

    def _refuse_under_way(self):
        if not self.request_hash:
            raise UserError(
                self.env._("Price change %s is still being checked: approve it once that is done.", self.name)
            )
        if self._open_tiers() <= 0:
            raise UserError(
                self.env._("Price change %s is approved already, and is being sealed.", self.name)
            )

    def _give_back(self, task, error):
        """Back to its analyst, as what was decided could not be done; that voids every approval of it."""
        people = self.requester_id | self._given().user_id
        self._transition({"to_approve"}, "draft", request_hash=False)
        why = str(error) if isinstance(error, UserError) else self.env._("An error, see the server's log.")
        what = (
            self.env._("Approval could not be asked for.")
            if task == "request"
            else self.env._("It was approved and could not be sealed; nothing of it was. Ask again.")
        )
        body = "\n".join([what, why])
        self.message_post(body=body, partner_ids=people.partner_id.ids)

    def _names_at_most(self, limit):
        """Whether a clean change names at most `limit` listings, counted in each line that names them."""
        self.env.cr.execute(
            f"{DECIDED} SELECT count(*) FROM (SELECT FROM named LIMIT %(limit)s + 1) few",
            {**parameters(self, self._begins()), "limit": limit},
        )
        return self.env.cr.fetchone()[0] <= limit

    def _ask_pricelists_soon(self):
        """Ask what pricelists give for a clean change: now where it is little, else in the background."""
        self.env.cr.execute(
            "SELECT count(*) FROM (SELECT FROM lockgate_price_impact"
            " WHERE change_id = %s AND current_price IS NULL LIMIT %s) unknown",
            [self.id, AT_ONCE + 1],
        )
        if self.env.cr.fetchone()[0] > AT_ONCE:
            self.env["lockgate.price.job"]._queue(self, "pricelists")
        else:
            self._ask_pricelists(AT_ONCE)

    def _ask_pricelists(self, limit):
        """Ask Odoo for up to `limit` prices that the impact still lacks; returns whether there were any.

        A rule with a fixed price was read in SQL; these are list prices, discounts and formulas.
        """
        clean = self._clean()
        cr = clean.env.cr
        cr.execute(
            """
            SELECT book_id, uom_id, rule_id IS NULL, array_agg(DISTINCT product_id), array_agg(id)
              FROM (SELECT * FROM lockgate_price_impact
                     WHERE change_id = %s AND current_price IS NULL
                  ORDER BY book_id, uom_id, rule_id IS NULL, product_id LIMIT %s) unknown
          GROUP BY 1, 2, 3
            """,
            [clean.id, limit],
        )
        groups = cr.fetchall()
        for book_id, uom_id, at_list_price, product_ids, impact_ids in groups:
            book = clean.env["lockgate.price.book"].browse(book_id)._clean()
            prices = book._prices_at(
                clean._begins(),
                book.env["product.product"].browse(product_ids),
                book.env["uom.uom"].browse(uom_id),
                at_list_price,
            )
            cr.execute(
                """
                UPDATE lockgate_price_impact impact SET current_price = asked.price
                  FROM unnest(%s::int[], %s::numeric[]) asked(product_id, price)
                 WHERE impact.id = ANY(%s) AND impact.product_id = asked.product_id
                """,
                [list(prices), list(prices.values()), impact_ids],
            )
        clean.env.invalidate_all()
        return bool(groups)
