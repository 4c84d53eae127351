import logging
from typing import NamedTuple

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .exception_record import Seen

_logger = logging.getLogger(__name__)

# Products of one transaction.
SLICE = 500
# What most rules look at: a change has them run at once. Everything else waits for the next run.
WATCHED = frozenset(
    {
        "active",
        "additional_product_tag_ids",
        "categ_id",
        "company_id",
        "default_code",
        "product_tag_ids",
        "sale_ok",
    }
)


class Stuck(NamedTuple):
    """A product that cannot be listed: why, in words, and the listing in its way, if it is one."""

    product_id: int
    listing_id: int | None
    words: str


class ListingRuleRun(models.Model):
    """A run of a rule: slice by slice, each of them whole or not at all."""

    _inherit = "lockgate.listing.rule"

    @api.model
    def _cron_run(self):
        """Run every rule of the channels that are in use; the trouble of one does not stop the others."""
        for rule in self.search([("channel_id.active", "=", True)]):
            after = 0
            while after is not None:
                try:
                    with self.env.cr.savepoint():
                        after = rule._run_slice(after)
                except (UserError, psycopg2.IntegrityError) as error:
                    _logger.warning("Listing rule %s was stopped: %s", rule.name, error)
                    rule._message_log(
                        body=self.env._("A run was stopped, nothing of it is half done: %s", error)
                    )
                    after = None
                if not self.env["ir.cron"]._commit_progress(1, remaining=int(after is not None)):
                    return

    def _run_slice(self, after):
        """List the next products by id; the last ends what matches no more. Returns the last id or None.

        What is in the way of a product becomes one exception of the channel for the rule.
        """
        rule = self._clean()
        products = rule._unlisted(after, SLICE)
        stuck = rule._stuck(products)
        rule._make(products.browse(set(products.ids) - {each.product_id for each in stuck}))
        rule._report_stuck(stuck)
        if len(products) == SLICE:
            return products[-1].id
        rule._settle_stuck()
        rule._put_back()
        rule._to_end()._end_by_rule()
        return None

    def _clean(self):
        """The rule as no caller's context, language or companies can change it, in the name of who set it."""
        uid = self.user_id.id or self.env.uid
        return self.with_env(self.env(user=uid, su=True, context={}))

    # What is to be done

    def _unlisted(self, after=0, limit=None, among=None):
        """Matching products that the channel has no listing of, not even an archived one, by id."""
        listed = Domain("lockgate_listing_ids", "any!", [("channel_id", "=", self.channel_id.id)])
        domain = self._products() & ~listed & Domain("id", ">", after)
        if among is not None:
            domain &= Domain("id", "in", list(among))
        return self.env["product.product"].search(domain, order="id", limit=limit)

    def _stuck(self, products):
        """Which of these cannot be listed, and why: a list of Stuck."""
        skus = [sku for sku in products.mapped("default_code") if sku]
        taken = {
            listing.sku: listing
            for listing in self.env["lockgate.listing"].search(
                [("channel_id", "=", self.channel_id.id), ("sku", "in", skus)]
            )
        }
        stuck, coming = [], {}
        for product in products:
            sku = product.default_code
            other = taken.get(sku) or coming.get(sku)
            if not sku:
                words = self.env._("%s has no internal reference to be its SKU.", product.display_name)
                stuck.append(Stuck(product.id, None, words))
            elif other:
                stuck.append(
                    Stuck(product.id, other.id if sku in taken else None, self._clash(product, other))
                )
            else:
                coming[sku] = product
        return stuck

    def _clash(self, product, other):
        named = other.product_id.display_name if other._name == "lockgate.listing" else other.display_name
        return self.env._(
            "%(product)s would be listed as %(sku)s, which is %(other)s on %(channel)s already: give one of "
            "them another internal reference, or list it by hand.",
            product=product.display_name,
            sku=product.default_code,
            other=named,
            channel=self.channel_id.name,
        )

    def _ended(self):
        """What a rule archived on this channel, and matches this one now."""
        ended = self.env["lockgate.listing"].search(
            [("channel_id", "=", self.channel_id.id), ("active", "=", False), ("ended_by_rule", "=", True)]
        )
        matching = self.env["product.product"].search(
            self._products() & Domain("id", "in", ended.product_id.ids)
        )
        return ended.filtered(lambda listing: listing.product_id in matching)

    def _to_end(self):
        """The rule's listings whose products match none of the channel's rules any more."""
        nothing = self.env["lockgate.listing"]
        if self.unmatched != "archive":
            return nothing
        listings = nothing.search([("rule_id", "=", self.id)])
        rules = self.search([("channel_id", "=", self.channel_id.id)])
        matching = self.env["product.product"].search(
            Domain.OR(rule._products() for rule in rules) & Domain("id", "in", listings.product_id.ids)
        )
        return listings.filtered(lambda listing: listing.product_id not in matching)

    # Doing it

    def _make(self, products):
        self.env["lockgate.listing"].create(
            [
                {"channel_id": self.channel_id.id, "product_id": product.id, "rule_id": self.id}
                for product in products
            ]
        )

    def _put_back(self):
        """A listing whose SKU is another's by now stays archived."""
        ended = self._ended()
        taken = set(
            self.env["lockgate.listing"]
            .search([("channel_id", "=", self.channel_id.id), ("sku", "in", ended.mapped("sku"))])
            .mapped("sku")
        )
        ended.filtered(lambda listing: listing.sku not in taken).write(
            {"active": True, "ended_by_rule": False, "rule_id": self.id}
        )

    def _report_stuck(self, stuck):
        """One exception for each rule; what a person ignored stays ignored."""
        failures = {self._subject(each.product_id): each for each in stuck if each.listing_id}
        exceptions = self.env["lockgate.exception"]
        unknown = exceptions._unknown(failures)
        exceptions._record(
            [
                Seen(
                    self.channel_id.id,
                    "conflict",
                    f"conflict:rule {self.id}",
                    subject,
                    None,
                    each.listing_id,
                    "stock",
                    self.env.cr.now(),
                    each.words,
                )
                for subject, each in failures.items()
                if subject in unknown
            ]
        )

    def _settle_stuck(self):
        """What is in the way of no product any more leaves the exception."""
        self.env.cr.execute(
            "SELECT subject FROM lockgate_exception_failure WHERE resolved_at IS NULL AND subject LIKE %s",
            [self._subject("%")],
        )
        open_ids = {int(subject.rsplit(" ", 1)[1]) for (subject,) in self.env.cr.fetchall()}
        products = self._unlisted(among=open_ids)
        over = open_ids - {each.product_id for each in self._stuck(products)}
        self.env["lockgate.exception"]._settle(
            [self._subject(product_id) for product_id in over], self.channel_id
        )

    def _subject(self, product_id):
        return f"rule {self.id} product {product_id}"


class Listing(models.Model):
    _inherit = "lockgate.listing"

    def _end_by_rule(self):
        self.write({"active": False, "ended_by_rule": True})

    def write(self, vals):
        """Who archives a listing, or puts it back, by hand has decided: no rule takes it up again."""
        if "active" in vals and "ended_by_rule" not in vals:
            vals = {**vals, "ended_by_rule": False}
        return super().write(vals)


class Product(models.Model):
    _inherit = "product.product"

    lockgate_listing_ids = fields.One2many(
        "lockgate.listing", "product_id", "Listings", readonly=True, context={"active_test": False}
    )

    @api.model_create_multi
    def create(self, vals_list):
        products = super().create(vals_list)
        self.env["lockgate.listing.rule"]._wake()
        return products

    def write(self, vals):
        result = super().write(vals)
        if not WATCHED.isdisjoint(vals):
            self.env["lockgate.listing.rule"]._wake()
        return result


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def write(self, vals):
        result = super().write(vals)
        if not WATCHED.isdisjoint(vals):
            self.env["lockgate.listing.rule"]._wake()
        return result
