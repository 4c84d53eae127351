import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.lockgate.models.exception_fingerprint import fingerprint
from odoo.addons.lockgate.models.exception_record import Seen
from odoo.exceptions import AccessError, UserError

from .price_change_decision import ANALYST
from .price_guard import passage

SLICE = 500
NAMED = 5

# Replaces what was found of the compared listings: those that agree again go.
FOUND = """
    WITH compared AS (
        SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS row(
            listing_id int, product_id int, seal_id int, quantity float8, sealed numeric, live numeric,
            differs bool)
    ), agreed AS (
        DELETE FROM lockgate_price_drift drift USING compared
              WHERE drift.book_id = %(book)s AND drift.listing_id = compared.listing_id
                AND NOT compared.differs
    )
    INSERT INTO lockgate_price_drift AS drift (
           kind, listing_id, channel_id, product_id, book_id, company_id, currency_id, seal_id, quantity,
           sealed, live, found_at)
    SELECT CASE WHEN compared.seal_id IS NULL THEN 'ungoverned' ELSE 'drift' END,
           compared.listing_id, %(channel)s, compared.product_id, %(book)s, %(company)s, %(currency)s,
           compared.seal_id, compared.quantity, compared.sealed, compared.live, %(now)s
      FROM compared WHERE compared.differs
 ON CONFLICT (listing_id, book_id) DO UPDATE SET
           kind = excluded.kind, seal_id = excluded.seal_id, quantity = excluded.quantity,
           sealed = excluded.sealed, live = excluded.live, product_id = excluded.product_id,
           currency_id = excluded.currency_id
     WHERE (drift.seal_id, drift.quantity, drift.live)
           IS DISTINCT FROM (excluded.seal_id, excluded.quantity, excluded.live)
"""

# What is listed or sold in a book no more is compared no more.
LEFT = """
    DELETE FROM lockgate_price_drift drift
     USING lockgate_listing listing, product_product product, lockgate_price_book book
     WHERE listing.id = drift.listing_id AND product.id = listing.product_id AND book.id = drift.book_id
       AND NOT (listing.active AND product.active AND book.active)
 RETURNING drift.listing_id
"""
OPEN = """
    SELECT subject FROM lockgate_exception_failure
     WHERE listing_id = ANY(%s) AND category = ANY(%s) AND publication_id IS NULL AND resolved_at IS NULL
"""
CATEGORY = {"drift": "drift", "ungoverned": "ungoverned_price"}


class PriceDrift(models.Model):
    """A listing whose price in Odoo is not the one that is sealed, or for which none is.

    What slips by the guard (SQL, modules, cost, currency) is found by a sweep over each book's listings.
    The channel keeps its seal. A person adopts Odoo's price as a draft, or puts the sealed one back.
    """

    _name = "lockgate.price.drift"
    _inherit = ["lockgate.rows"]
    _description = "Price Drift"
    _log_access = False
    _order = "id desc"
    _rec_name = "listing_id"

    kind = fields.Selection(
        [("drift", "Differs"), ("ungoverned", "No Approved Price")], required=True, readonly=True
    )
    listing_id = fields.Many2one("lockgate.listing", required=True, readonly=True, ondelete="cascade")
    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, readonly=True, ondelete="cascade")
    book_id = fields.Many2one(
        "lockgate.price.book", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True, ondelete="cascade")
    seal_id = fields.Many2one("lockgate.price.seal", readonly=True, ondelete="restrict")
    quantity = fields.Float(
        "From Quantity",
        readonly=True,
        digits=0,
        aggregator=None,
        help="The fewest units of the listing of which Odoo's price is another one.",
    )
    sealed = fields.Monetary(
        "Approved Price", readonly=True, aggregator=None, help="Sealed and in force: what the channel gets."
    )
    live = fields.Monetary("Odoo's Price", readonly=True, aggregator=None, help="What the pricelist gives.")
    found_at = fields.Datetime("Since", readonly=True)

    _key_unique = models.UniqueIndex("(listing_id, book_id)")

    @api.model
    def _record(self, book, rows):
        """Hold which of these rows of `_compare` differ."""
        self.env.cr.execute(
            FOUND,
            {
                "rows": json.dumps([{**row, "differs": book._drifted(row)} for row in rows]),
                "book": book.id,
                "channel": book.channel_id.id,
                "company": book.company_id.id,
                "currency": book.currency_id.id,
                "now": fields.Datetime.now(),
            },
        )
        self.env.invalidate_all()
        self._report(self.env["lockgate.listing"].browse(row["listing_id"] for row in rows))

    @api.model
    def _report(self, listings):
        """What differs of these listings, in whatever book, is an exception for as long as it does.

        One that is ignored stays so until the listing differs in another way.
        """
        exceptions = self.env["lockgate.exception"].sudo()
        found = self.sudo().search([("listing_id", "in", listings.ids)])
        drifts = {drift._subject(): drift for drift in found}
        unknown = exceptions._unknown(drifts)
        exceptions._record([drift._seen() for subject, drift in drifts.items() if subject in unknown])
        self.env.cr.execute(OPEN, [listings.ids, list(CATEGORY.values())])
        if over := {subject for (subject,) in self.env.cr.fetchall()} - drifts.keys():
            exceptions._settle(list(over), listings.channel_id)
        standing = [("subject", "in", list(drifts)), ("resolved_at", "=", False)]
        # Nothing that is sent mends it.
        exceptions.search([("state", "=", "retrying"), ("failure_ids", "any", standing)]).state = "open"

    def _subject(self):
        """What differs, as a key: it goes when prices agree again. Where none is approved, Odoo's own says
        nothing new."""
        if self.kind == "ungoverned":
            return f"ungoverned {self.id}"
        live = f"{self.live:.{self.currency_id.decimal_places}f}"
        return f"drift {self.id} {self.seal_id.id} {self.quantity:g} {live}"

    def _seen(self):
        if self.kind == "ungoverned":
            message = self.env._(
                "Listed, and no price was ever approved: the channel gets none. Open Prices, Drift, and "
                "adopt Odoo's prices as a draft."
            )
        else:
            message = self.env._(
                "Odoo gives other prices than the approved ones, which the channel keeps. Open Prices, "
                "Drift: adopt Odoo's prices as a draft, or put the approved ones back."
            )
        category = CATEGORY[self.kind]
        return Seen(
            self.channel_id.id,
            category,
            fingerprint(category, message),
            self._subject(),
            None,
            self.listing_id.id,
            "price",
            self.env.cr.now(),
            message,
        )

    def action_adopt(self):
        """Draft Odoo's prices, for approval; opens the drafts, also those that there were already."""
        self._require_analyst()
        changes = self.env["lockgate.price.change"]
        for book, drifts in self.grouped("book_id").items():
            listed = drifts.filtered(lambda drift: drift.kind == "ungoverned").product_id
            drafted = self.env["lockgate.price.impact"]._pending(listed, book)
            changes = changes.union(*drafted.values())
            changes |= changes._take_over(
                book,
                set((drifts.product_id - listed.union(*drafted)).ids),
                self.env._("Odoo's prices differ from the approved ones, or nothing is approved yet."),
            )
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_price.lockgate_price_change_action")
        return action | {"domain": [("id", "in", changes.ids)], "context": {}}

    def action_put_back(self):
        """Let Odoo's pricelist give the approved price again, by the rule of the change behind it.

        Raises UserError when another rule would still decide.
        """
        self._require_analyst()
        if ungoverned := self.filtered(lambda drift: drift.kind == "ungoverned"):
            raise UserError(
                self.env._(
                    "Nothing is approved for %s, so there is nothing to put back: adopt Odoo's prices.",
                    ", ".join(ungoverned[:NAMED].mapped("display_name")),
                )
            )
        for book, drifts in self.sudo().grouped("book_id").items():
            clean = book._clean()
            with passage():
                for seal in drifts.with_env(clean.env).seal_id:
                    seal._put_back()
            self._compare_again(clean, drifts)

    def _compare_again(self, book, drifts):
        rows = book._compare(drifts.product_id.ids, limit=None)
        listings = drifts.listing_id
        self._record(book, rows)
        left = [row for row in rows if row["listing_id"] in listings.ids and book._drifted(row)]
        if left:
            raise UserError(
                self.env._(
                    "Pricelist %(pricelist)s would still not give the approved price of %(listing)s: another "
                    "rule decides. Remove that rule, or adopt Odoo's price.",
                    pricelist=book.pricelist_id.name,
                    listing=listings.browse(left[0]["listing_id"]).display_name,
                )
            )

    def _require_analyst(self):
        if not self.env.user.has_group(ANALYST):
            raise AccessError(self.env._("Only a pricing analyst adopts prices or puts them back."))
        self.check_access("read")

    @api.model
    def _cron_sweep(self):
        """Compare slice by slice, for as long as the cron has time; each channel says how often."""
        self.env.cr.execute(LEFT)
        self._report(self.env["lockgate.listing"].browse({row[0] for row in self.env.cr.fetchall()}))
        cron = self.env["ir.cron"]
        books = self.env["lockgate.price.book"].search([])
        due = books.filtered(lambda book: book._sweep_is_due())
        cron._commit_progress(remaining=len(due))
        for book in due:
            while book._sweep():
                if not cron._commit_progress():
                    return
            if not cron._commit_progress(1):
                return


class PriceBook(models.Model):
    _inherit = "lockgate.price.book"

    sweep_position = fields.Integer(
        readonly=True, copy=False, help="The number of the listing up to which this sweep has come."
    )
    swept_at = fields.Datetime(
        "Compared", readonly=True, copy=False, help="When Odoo's prices were last all compared."
    )
    drift_count = fields.Integer("Drift", compute="_compute_drift_count")

    def _compute_drift_count(self):
        drifts = dict(
            self.env["lockgate.price.drift"]._read_group(
                [("book_id", "in", self.ids)], ["book_id"], ["__count"]
            )
        )
        for book in self:
            book.drift_count = drifts.get(book, 0)

    def _sweep_is_due(self):
        window = timedelta(minutes=self.channel_id.sweep_minutes)
        return self.sweep_position or not self.swept_at or self.swept_at + window <= fields.Datetime.now()

    def _sweep(self, rows=SLICE):
        """Compare the next slice of the book; returns whether there is more."""
        book = self._clean()
        compared = book._sweep_slice(rows)
        self.env["lockgate.price.drift"]._record(book, compared)
        more = len(compared) == rows
        position = compared[-1]["listing_id"] if more else 0
        book.write({"sweep_position": position} | ({} if more else {"swept_at": fields.Datetime.now()}))
        return more

    def _sweep_slice(self, rows):
        """The rows of `_compare` that come next in the sweep of this clean book."""
        return self._compare(after=self.sweep_position, limit=rows)

    def action_compare(self):
        """Compare this book again from the start, in the background, beginning within a minute."""
        if not self.env.user.has_group(ANALYST):
            raise AccessError(self.env._("Only a pricing analyst compares prices."))
        self.check_access("read")
        self.sudo().write({"sweep_position": 0, "swept_at": False})
        self.env.ref("lockgate_price.ir_cron_price_sweep").sudo()._trigger()
        return self.env["lockgate.exception"]._tell(self.env._("The comparison begins within a minute."))

    def action_open_drift(self):
        return self._open("lockgate_price.lockgate_price_drift_action", "book_id")


class PriceChangeLine(models.Model):
    _inherit = "lockgate.price.change.line"

    def _hold_rule(self, rule):
        """Hold that this line stands behind a pricelist rule; nothing of what was approved is edited."""
        self.env.cr.execute(
            "INSERT INTO lockgate_price_change_line_rule_rel (line_id, rule_id) VALUES (%s, %s)",
            [self.id, rule.id],
        )
        self.invalidate_recordset(["rule_ids"])


class PriceSeal(models.Model):
    _inherit = "lockgate.price.seal"

    def _put_back(self):
        """Have the rules that this seal's change stands for give its price and breaks again: those of its
        line, and new ones where it has none."""
        self.ensure_one()
        pricelist, product = self.book_id.pricelist_id, self.product_id
        own = self.line_id.rule_ids.filtered(
            lambda rule: rule.pricelist_id == pricelist and rule.product_id == product
        )
        wanted = own._stands_for(self)
        kept = {rule.min_quantity: rule for rule in own}
        (own - own.union(*(kept[minimum] for minimum in wanted if minimum in kept))).unlink()
        for minimum, price in wanted.items():
            values = {
                "compute_price": "fixed",
                "fixed_price": price,
                "date_start": self.date_from,
                "date_end": self.date_to and self.date_to - timedelta(seconds=1),  # Odoo's end is inclusive
            }
            if minimum in kept:
                kept[minimum].write(values)
                continue
            rule = own.create(
                {
                    **values,
                    "min_quantity": minimum,
                    "pricelist_id": pricelist.id,
                    "applied_on": "0_product_variant",
                    "product_tmpl_id": product.product_tmpl_id.id,
                    "product_id": product.id,
                }
            )
            self.line_id._hold_rule(rule)
