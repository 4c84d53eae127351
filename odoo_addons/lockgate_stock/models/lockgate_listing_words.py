from odoo import models


class Listing(models.Model):
    _inherit = "lockgate.listing"

    def _quantity_words(self, stock):
        """What the channel is told, of an Exposure."""
        return self.env._("Nothing is sent") if stock.quantity is None else str(stock.quantity)

    def _stock_words(self, stock):
        """An Exposure in words and figures."""
        words = {
            "service": self.env._("The product is not kept in stock, so there is no number to send."),
            "wrong_policy": self._wrong_policy_words(stock.policy),
            "archived": self.env._("The listing or its product is archived, so the channel is told 0."),
            "replaced": self.env._("Archived, and its SKU is listed anew: that listing tells the channel."),
            "no_unit": self._unit_words(),
            "nowhere": self.env._("The channel has no warehouse to sell from: choose one on the channel."),
        }
        return words.get(stock.case) or self._switch_words(stock) or self._stock_figures(stock)

    def _wrong_policy_words(self, policy):
        """What to do about a policy with a number that cannot be, as only SQL writes one."""
        if not policy.wrong:
            return None
        field = self.env["lockgate.exposure.policy"]._fields[policy.wrong]
        return self.env._(
            'Policy %(policy)s has %(number)s in its field "%(field)s", which cannot be: correct the policy. '
            "Until then the channel keeps its last number.",
            policy=policy.name,
            number=figure(getattr(policy, policy.wrong)),
            field=field._description_string(self.env),
        )

    def _unit_words(self):
        """What to do about a unit that nothing can be counted in."""
        return self.env._(
            "%(unit)s, in which the channel sells it, or %(product_unit)s, in which it is kept, contains "
            "nothing: correct how much the unit contains. Until then the channel keeps its last number.",
            unit=self.uom_id.name,
            product_unit=self.product_id.uom_id.name,
        )

    def _switch_words(self, stock):
        """Why the number does not depend on the stock, where the policy says so."""
        if not stock.steps:
            return None
        name, (kind, most, _result) = stock.policy.name, stock.steps[0]
        words = {
            "never": self.env._("Policy %s: never in stock here.", name),
            "ended": self.env._("Policy %s: it was sold until now, and is at an end.", name),
            "always": self.env._(
                "Policy %(policy)s: always in stock, shown as %(most)s%(steps)s",
                policy=name,
                most=most,
                steps="".join(self._step_words(*step) for step in stock.steps[1:]),
            ),
            "sold_out": self.env._(
                "Policy %s: discontinued and sold out, so it has ended and stays at 0.", name
            ),
        }
        return words.get(kind)

    def _stock_figures(self, stock):
        unit = self.env["product.product"].browse(stock.part_id).uom_id.name
        return self.env._(
            "%(places)s%(pool)s = %(rest)s %(product_unit)s → %(units)s whole %(unit)s%(steps)s",
            places=self._place_words(stock),
            pool=self._pool_words(stock),
            rest=figure(stock.on_hand - stock.sold - stock.taken + stock.coming),
            product_unit=unit,
            units=figure(stock.left),
            unit=self.uom_id.name,
            steps="".join(self._step_words(*step) for step in stock.steps),
        )

    def _pool_words(self, stock):
        """What is left of the pool, by the policy's basis."""
        terms = {
            "on_hand": self._on_hand_words(stock),
            "taken": figure(stock.taken),
            "coming": figure(stock.coming),
            "days": stock.policy.days,
        }
        match stock.policy.basis:
            case "unpromised":
                return self.env._("%(on_hand)s − %(taken)s promised", **terms)
            case "free":
                return self.env._("%(on_hand)s − %(taken)s reserved", **terms)
            case "incoming":
                return self.env._(
                    "%(on_hand)s − %(taken)s reserved + %(coming)s coming within %(days)s days",
                    **terms,
                )
            case "forecast":
                return self.env._("%(on_hand)s − %(taken)s promised + %(coming)s to come", **terms)
            case "on_hand":
                return terms["on_hand"]

    def _place_words(self, stock):
        """Of which places the figures are, where the policy says it."""
        where, without = (
            ", ".join(self.env["stock.location"].browse(ids).exists().mapped("display_name"))
            for ids in (stock.where, stock.without)
        )
        match bool(where), bool(without):
            case True, True:
                return self.env._("in %(where)s without %(without)s: ", where=where, without=without)
            case True, False:
                return self.env._("in %s: ", where)
            case False, True:
                return self.env._("without %s: ", without)
        return ""

    def _on_hand_words(self, stock):
        on_hand = self.env._("%s on hand", figure(stock.on_hand))
        if not stock.sold:
            return on_hand
        return self.env._(
            "%(on_hand)s − %(sold)s sold in open POS sessions", on_hand=on_hand, sold=figure(stock.sold)
        )

    def _step_words(self, kind, term, result):
        """One step of `policy.show`."""
        terms = {"term": figure(term), "result": figure(result)}
        match kind:
            case "scarce":
                return self.env._(", fewer than %(term)s left", **terms)
            case "buffer":
                return self.env._(", − %(term)s buffer = %(result)s", **terms)
            case "share":
                return self.env._(", %(term)s %% of it for this channel = %(result)s", **terms)
            case "backorder":
                return self.env._(", + %(term)s that may be sold before they come = %(result)s", **terms)
            case "zero":
                return self.env._(", shown as 0, because it is never below zero")
            case "most":
                return self.env._(", shown at most %(term)s", **terms)
            case "capped":
                return self.env._(", shown as %(term)s, the most that a channel is told", **terms)
            case "reduced" if term == 0:
                return self.env._(", shown as 0 while the channel is reduced")
            case "reduced" if term == 50:
                return self.env._(", halved while the channel is reduced = %(result)s", **terms)
            case "reduced":
                return self.env._(", %(term)s %% of it while the channel is reduced = %(result)s", **terms)
            case "pack":
                return self.env._(", in packs of %(term)s = %(result)s", **terms)
            case "least":
                return self.env._(", fewer than %(term)s are shown as 0", **terms)


def figure(quantity):
    """120.0 as '120', 1.50 as '1.5', -2.0 as '−2'."""
    text = f"{abs(quantity):.6f}".rstrip("0").rstrip(".")
    return f"−{text}" if quantity < 0 and text != "0" else text
