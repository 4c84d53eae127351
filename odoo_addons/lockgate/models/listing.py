from functools import partial

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..turn.values import MAPPED
from .duplicates import listed_twice

# What a channel is told of a listing: a change of one of these may change every value.
MAPPING = {"sku", "reference", "uom_id", "active", "product_id"}


class Listing(models.Model):
    """One product variant on one channel."""

    _name = "lockgate.listing"
    _description = "Listing"
    _inherit = ["mail.thread"]
    _order = "channel_id, sku"
    _rec_name = "sku"
    _rec_names_search = ["sku", "reference", "product_id"]
    _check_company_auto = True

    channel_id = fields.Many2one("lockgate.channel", required=True, ondelete="restrict", tracking=True)
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    product_id = fields.Many2one(
        "product.product",
        required=True,
        ondelete="restrict",
        index=True,
        check_company=True,
        tracking=True,
    )
    sku = fields.Char(
        "Channel SKU",
        required=True,
        tracking=True,
        compute="_compute_sku",
        store=True,
        readonly=False,
        precompute=True,
        help="The SKU by which the channel knows the product.",
    )
    reference = fields.Char(
        "Channel Reference", tracking=True, help="The channel's own id of the product, where it has one."
    )
    uom_id = fields.Many2one(
        "uom.uom",
        "Sold In",
        required=True,
        compute="_compute_uom_id",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="The unit that the channel sells; stock is rounded down to whole units of it.",
    )
    active = fields.Boolean(default=True, tracking=True)
    publication_ids = fields.One2many("lockgate.publication", "listing_id", readonly=True)
    publication_count = fields.Integer("Publications", compute="_compute_counts")
    exception_count = fields.Integer("Exceptions", compute="_compute_counts")

    _sku_unique = models.UniqueIndex("(channel_id, sku) WHERE active", partial(listed_twice, name="sku"))

    _channel_index = models.Index("(channel_id, id)")

    @api.depends("product_id")
    def _compute_sku(self):
        for listing in self:
            listing.sku = listing.sku or listing.product_id.default_code

    @api.depends("product_id")
    def _compute_uom_id(self):
        for listing in self:
            listing.uom_id = listing.uom_id or listing.product_id.uom_id

    @api.depends("sku", "channel_id")
    def _compute_display_name(self):
        for listing in self:
            listing.display_name = f"{listing.sku} @ {listing.channel_id.name}"

    def _compute_counts(self):
        mine = [("listing_id", "in", self.ids)]
        publications = self.env["lockgate.publication"]._read_group(mine, ["listing_id"], ["__count"])
        exceptions = self.env["lockgate.exception.failure"]._read_group(
            mine, ["listing_id"], ["exception_id:count_distinct"]
        )
        publications, exceptions = dict(publications), dict(exceptions)
        for listing in self:
            listing.publication_count = publications.get(listing, 0)
            listing.exception_count = exceptions.get(listing, 0)

    @api.constrains("product_id", "active", "uom_id")
    def _check_product(self):
        for listing in self.filtered("active"):
            product = listing.product_id
            if not product.active:
                raise ValidationError(
                    self.env._(
                        "Listing %(listing)s: product %(product)s is archived. "
                        "Put the product back, or archive the listing.",
                        listing=listing.display_name,
                        product=product.display_name,
                    )
                )
            if not listing.uom_id._has_common_reference(product.uom_id):
                raise ValidationError(
                    self.env._(
                        "Listing %(listing)s: %(unit)s cannot be converted to %(product_unit)s, "
                        "the unit of %(product)s.",
                        listing=listing.display_name,
                        unit=listing.uom_id.name,
                        product_unit=product.uom_id.name,
                        product=product.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        listings = super().create(vals_list)
        listings._stand()
        listings._mark("listed")
        return listings

    def write(self, vals):
        if "channel_id" in vals:
            self._refuse_another_channel(vals["channel_id"])
        result = super().write(vals)
        if "product_id" in vals:
            self._stand()
        if MAPPING & set(vals):
            self._mark(MAPPED)
        return result

    def _refuse_another_channel(self, channel_id):
        """Publications, seals and marks are the channel's: versions of two turns could not be compared."""
        for listing in self:
            if listing.channel_id.id != channel_id:
                raise ValidationError(
                    self.env._(
                        "Listing %s stays with its channel: archive it, and list the product on the other "
                        "channel.",
                        listing.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        published = self.env["lockgate.publication"].sudo().search([("listing_id", "in", self.ids)], limit=1)
        if published:
            raise ValidationError(
                self.env._(
                    "Listing %s has been published and its history is kept: archive it instead.",
                    published.listing_id.display_name,
                )
            )

    def _mark(self, reason):
        outbox = self.env["lockgate.outbox"]
        for aspect in self.env["lockgate.turn"]._wanted_makers():
            outbox._mark_listings(aspect, self.ids, reason)

    def _open(self):
        """The form of one listing, the list of several."""
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate.lockgate_listing_action")
        if len(self) == 1:
            return {**action, "view_mode": "form", "views": [[False, "form"]], "res_id": self.id}
        return {**action, "domain": [("id", "in", self.ids)], "context": {"active_test": False}}

    def action_open_exceptions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate.lockgate_exception_action")
        return {**action, "domain": [("failure_ids.listing_id", "=", self.id)], "context": {}}

    def action_open_publications(self):
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id("lockgate.lockgate_publication_action") | {
            "domain": [("listing_id", "=", self.id)]
        }
