import math

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import float_is_zero, float_round

MOST_ROUNDING = 1e6
ODOOS_METHODS = {"nearest": "HALF-UP", "up": "UP", "down": "DOWN"}
ROUNDING_METHODS = [("nearest", "To the Nearest"), ("up", "Up"), ("down", "Down")]
PUBLISHED = {"reference", "active"}


class PriceBook(models.Model):
    """One Odoo pricelist as one channel shows it: its default prices, or those of a segment or region."""

    _name = "lockgate.price.book"
    _description = "Price Book"
    _inherit = ["lockgate.governed"]
    _order = "channel_id, name, id"
    _rec_names_search = ["name", "channel_id.name"]
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    channel_id = fields.Many2one("lockgate.channel", required=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    pricelist_id = fields.Many2one(
        "product.pricelist", required=True, ondelete="restrict", index=True, check_company=True
    )
    reference = fields.Char(
        "Channel Reference", help="The channel's own name of this book; empty for its default prices."
    )
    currency_id = fields.Many2one(related="pricelist_id.currency_id")
    tax_included = fields.Boolean(help="Whether the channel shows the prices of this book with tax.")
    rounding = fields.Float(
        "Rounded To",
        digits=0,
        help="Every price of this book is a multiple of this, after the rounding of the line that makes it. "
        "0: of the smallest amount of its currency.",
    )
    rounding_method = fields.Selection(ROUNDING_METHODS, "Rounded", required=True, default="nearest")
    change_count = fields.Integer("Price Changes", compute="_compute_counts")
    seal_count = fields.Integer("Seals", compute="_compute_counts")

    _pricelist_unique = models.Constraint(
        "UNIQUE (channel_id, pricelist_id)", "This channel already has a price book of this pricelist."
    )

    @api.depends("name", "channel_id.name")
    def _compute_display_name(self):
        """Books of different channels often have the same name."""
        for book in self:
            book.display_name = f"{book.channel_id.name}: {book.name}" if book.channel_id else book.name

    @api.depends_context("uid")
    def _compute_counts(self):
        changes = dict(
            self.env["lockgate.price.change"]._read_group(
                [("book_ids", "in", self.ids)], ["book_ids"], ["__count"]
            )
        )
        seals = dict(
            self.env["lockgate.price.seal"]._read_group(
                [("book_id", "in", self.ids)], ["book_id"], ["__count"]
            )
        )
        for book in self:
            book.change_count = changes.get(book, 0)
            book.seal_count = seals.get(book, 0)

    @api.constrains("rounding", "pricelist_id")
    def _check_rounding(self):
        for book in self:
            smallest = book.currency_id.rounding
            if not (
                math.isfinite(book.rounding)
                and 0 <= book.rounding <= MOST_ROUNDING
                and float_is_zero(book.currency_id.round(book.rounding) - book.rounding, precision_digits=6)
            ):
                raise ValidationError(
                    self.env._(
                        "Price book %(book)s: give a rounding that is a multiple of %(smallest)s, the "
                        "smallest amount of %(currency)s, or 0 for just that.",
                        book=book.name,
                        smallest=smallest,
                        currency=book.currency_id.name,
                    )
                )

    @api.model
    def _fixed_by_seals(self):
        """What a sealed price stands on: these stay as they are once there is one in the book."""
        return {"channel_id", "pricelist_id", "tax_included"}

    def _round_final(self, price):
        """A price in the book's currency, rounded as the book rounds what it shows."""
        self.ensure_one()
        return float_round(
            price,
            precision_rounding=self.rounding or self.currency_id.rounding,
            rounding_method=ODOOS_METHODS[self.rounding_method],
        )

    def write(self, vals):
        moved = self.filtered(
            lambda book: any(
                book._fields[name].convert_to_write(book[name], book) != vals[name]
                for name in self._fixed_by_seals() & set(vals)
            )
        )
        sealed = moved and self.env["lockgate.price.seal"].sudo().search(
            [("book_id", "in", moved.ids)], limit=1
        )
        if sealed:
            raise ValidationError(
                self.env._(
                    "Price book %s has sealed prices, so its channel, pricelist and taxes stay as they are: "
                    "archive it and make a new one.",
                    sealed.book_id.display_name,
                )
            )
        result = super().write(vals)
        if PUBLISHED & set(vals):
            self._mark("book changed")
        return result

    def _mark(self, reason):
        """Mark the listings that have a price in these books: what they show may have changed."""
        self.env.cr.execute(
            "SELECT DISTINCT listing_id FROM lockgate_price_seal WHERE book_id = ANY(%s)", [self.ids]
        )
        listing_ids = [listing_id for (listing_id,) in self.env.cr.fetchall()]
        self.env["lockgate.outbox"]._mark_listings("price", listing_ids, reason)

    def action_draft_baseline(self):
        """Draft one baseline change a book: each listed product at the price Odoo gives now.

        A product without a price above zero is left out and named in the change's chatter: a listing
        without a seal gets no price. Raises UserError for a book on whose channel nothing is listed.
        """
        if not self.env.user.has_group("lockgate_price.lockgate_price_group_analyst"):
            raise AccessError(self.env._("Only a pricing analyst drafts price changes."))
        changes = self.env["lockgate.price.change"]
        for book in self:
            changes += book._draft_baseline()
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_price.lockgate_price_change_action")
        return action | {"domain": [("id", "in", changes.ids)], "context": {}}

    def _draft_baseline(self):
        listings = self._clean().env["lockgate.listing"].search([("channel_id", "=", self.channel_id.id)])
        products = listings.product_id.filtered("active")
        lines = self._clean()._lines_now(products)
        priced = products.filtered(lambda product: product.id in lines)
        if not priced:
            raise UserError(
                self.env._(
                    "Price book %(book)s: no product that is listed on %(channel)s has a price above zero. "
                    "List products on the channel and price them in pricelist %(pricelist)s first.",
                    book=self.name,
                    channel=self.channel_id.name,
                    pricelist=self.pricelist_id.name,
                )
            )
        changes = self.env["lockgate.price.change"]
        reason = self.env._("Baseline of %s: the prices that Odoo gives now.", self.name)
        change = changes._create_draft([changes._prepare_draft(self, reason)], "baseline")
        self.env["lockgate.price.change.line"].create(
            [{"change_id": change.id, "product_id": product.id, **lines[product.id]} for product in priced]
        )
        if left_out := products - priced:
            change.message_post(
                body=self.env._(
                    "Left out, because Odoo gives them no price above zero: %s. They get no price on the "
                    "channel until a price change seals one.",
                    ", ".join(left_out.mapped("display_name")),
                )
            )
        return change

    def _clean(self):
        """These books in a context rebuilt from nothing: what a caller passes never reaches a price."""
        self.ensure_one()
        return self.sudo().with_env(self.env(su=True, context={})).with_company(self.sudo().company_id)

    def action_open_changes(self):
        return self._open("lockgate_price.lockgate_price_change_action", "book_ids")

    def action_open_seals(self):
        return self._open("lockgate_price.lockgate_price_seal_action", "book_id")

    def _open(self, action, field):
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id(action) | {
            "domain": [(field, "in", self.ids)],
            "context": {},
        }
