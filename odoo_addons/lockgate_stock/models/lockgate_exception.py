from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from .. import exposure

# By how many units the channel showed more of these listings than it was told, when it was read back last.
SHOWN = """
    SELECT DISTINCT ON (p.id) p.listing_id, (a.reading->>'quantity')::int - (a.value->>'quantity')::int
      FROM lockgate_exception_failure f
      JOIN lockgate_publication p ON p.id = f.publication_id
      JOIN lockgate_attempt a ON a.publication_id = p.id AND a.outcome = 'read'
       AND a.reading->>'quantity' IS NOT NULL AND a.value->>'quantity' IS NOT NULL
     WHERE f.listing_id = ANY(%s) AND f.resolved_at IS NULL AND f.aspect = 'stock' AND f.category = 'drift'
  ORDER BY p.id, a.id DESC
"""


class LockgateException(models.Model):
    _inherit = "lockgate.exception"

    def action_use_channel_stock(self):
        """Draft a count of the products whose stock drifted, as if the channel were right: not applied.

        The channel's number is what may be sold, which is less than what lies there, so its difference to
        what it was told becomes the difference of the count. A person looks, and applies it in Physical
        Inventory. Only where that number is one product's in one place. Very many are done in the background.
        Raises UserError where it is of none, and AccessError for who may not count.
        """
        self.check_access("read")
        drifted = self.env["lockgate.listing"]._mended_by("channel_stock")
        listings = self._failing().filtered_domain(drifted).listing_id
        listings._check_counter()
        if behind := self.env["lockgate.exception.bulk"]._queue_many(listings, "channel_stock", {}):
            self._note_count(
                self.env._(
                    "Counts of %s listings are being drafted as the channel shows them.", len(listings)
                )
            )
            return behind
        counted, left = listings._count_by_channel()
        refused = [f"{listing.display_name}: {why}" for listing, why in left.items()]
        if not counted:
            raise UserError(
                "\n".join(refused) or self.env._("No stock of this drifted: there is nothing to count by.")
            )
        note = self.env._("%s counts drafted as the channel shows them, to be applied.", len(counted))
        self._note_count("\n".join([note, *refused]))
        return counted.action_view_inventory() | {
            "domain": [("id", "in", counted.ids)],
            "name": self.env._("Counts by the Channel"),
        }

    def _note_count(self, note):
        for exception in self.sudo():
            exception.message_post(body=note, author_id=self.env.user.partner_id.id)


class ExceptionBulk(models.Model):
    _inherit = "lockgate.exception.bulk"

    kind = fields.Selection(
        selection_add=[("channel_stock", "Count as the Channel Shows")],
        ondelete={"channel_stock": "cascade"},
    )


class Listing(models.Model):
    _inherit = "lockgate.listing"

    @api.model
    def _mended_by(self, kind):
        if kind == "channel_stock":
            return Domain("category", "=", "drift") & Domain("aspect", "=", "stock")
        return super()._mended_by(kind)

    def _mend(self, kind):
        super()._mend(kind)
        if kind == "channel_stock":
            self._check_counter()
            _counted, left = self._count_by_channel()
            if left:
                raise UserError("\n".join(left.values()))

    def _check_counter(self):
        if not self.env.user.has_group("stock.group_stock_user"):
            raise AccessError(self.env._("Stock is counted by Inventory users: ask one of them."))

    def _count_by_channel(self):
        """Draft a count of each of these whose stock drifted: (the quants, {listing: why it has none})."""
        quants, left = self.env["stock.quant"].with_context(inventory_mode=True), {}
        counted = quants.browse()
        self.env.cr.execute(SHOWN, [self.ids])
        shown = dict(self.env.cr.fetchall())
        for listing in self:
            values, why = listing._prepare_channel_count(shown.get(listing.id))
            if why:
                left[listing] = why
            else:
                counted |= quants.create(values)
        return counted, left

    def _prepare_channel_count(self, more):
        """A count that gives the channel `more` units of the listing: (values of a quant, why not).

        None: the channel showed no number.
        """
        if more is None:
            return {}, self.env._("the channel showed no number of units: there is nothing to count by.")
        self.env.flush_all()
        product, warehouses = self.product_id, self.channel_id.sudo().warehouse_ids
        (stock,) = exposure.read(self.env, self.channel_id.id, self.ids, fields.Datetime.now())
        if self.sudo().standing_ids.product_id != product:
            return {}, self.env._("it is a kit, so its number is that of several products: count its parts.")
        if product.tracking != "none":
            return {}, self.env._("it is kept by lots or serial numbers: count those.")
        if stock.case != "counted":
            return {}, self._stock_words(stock)
        if len(warehouses) != 1 or stock.where or stock.without:
            return {}, self.env._("the channel sells it from several places: count it where it differs.")
        if stock.steps:
            return {}, self.env._(
                "its exposure policy shows another number than there is: %s.", self._stock_words(stock)
            )
        quants = self.env["stock.quant"].search(
            [("product_id", "=", product.id), ("location_id", "child_of", warehouses.lot_stock_id.id)]
        )
        if len(quants) > 1 or quants.owner_id or quants.package_id:
            return {}, self.env._("it lies in several places or packages: count it where it differs.")
        if quants.inventory_quantity_set:
            return {}, self.env._("a count of it waits to be applied already.")
        quantity = quants.quantity + self.uom_id._compute_quantity(more, product.uom_id, round=False)
        if quantity < 0:
            return {}, self.env._("the channel's number is lower than what is promised to others.")
        location = quants.location_id or warehouses.lot_stock_id
        return {
            "product_id": product.id,
            "location_id": location.id,
            "inventory_quantity": quantity,
        }, ""
