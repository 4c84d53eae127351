from odoo import Command, fields
from odoo.addons.lockgate.tests.common import TurnCase, request

from .recount import Recount


class StockCase(TurnCase):
    """A channel that sells one product from one warehouse of its own, and what people do in a warehouse."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.warehouse = cls.env["stock.warehouse"].create({"name": "Sells", "code": "SELLS"})
        cls.stock = cls.warehouse.lot_stock_id
        cls.shelf = cls.env["stock.location"].create({"name": "Shelf", "location_id": cls.stock.id})
        cls.elsewhere = cls.env["stock.warehouse"].create({"name": "Elsewhere", "code": "ELSEW"})
        cls.customers = cls.env.ref("stock.stock_location_customers")
        cls.suppliers = cls.env.ref("stock.stock_location_suppliers")
        cls.unit = cls.env.ref("uom.product_uom_unit")
        cls.dozen = cls.env.ref("uom.product_uom_dozen")
        cls.product = cls._product("Canal boat")
        cls.unlisted = cls._product("Lock keeper's hat")
        cls.connector = cls.env["lockgate.connector"].create(
            {"code": "stock_test", "name": "Stock test", "settings_schema": {"type": "object"}}
        )
        cls.channel = cls._channel("stock_test", cls.warehouse)
        cls.listing = cls._listing(cls.product)
        cls.forget_marks()

    @classmethod
    def _product(cls, name, **values):
        values = {"name": name, "default_code": name.upper(), "is_storable": True, **values}
        return cls.env["product.product"].create(values)

    @classmethod
    def _channel(cls, code, warehouses, **values):
        values = {
            "name": code,
            "code": code,
            "connector_id": cls.connector.id,
            "warehouse_ids": [Command.set(warehouses.ids)],
            **values,
        }
        return cls.env["lockgate.channel"].create(values)

    @classmethod
    def _listing(cls, product, channel=None, **values):
        values = {"channel_id": (channel or cls.channel).id, "product_id": product.id, **values}
        return cls.env["lockgate.listing"].create(values)

    # What people do

    @classmethod
    def _picking(cls, picking_type, source, destination, *quantities, **values):
        """A confirmed picking of (product, quantity) lines; `values` are of each line's move."""
        picking = cls.env["stock.picking"].create(
            {
                "picking_type_id": picking_type.id,
                "location_id": source.id,
                "location_dest_id": destination.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": quantity,
                            "location_id": source.id,
                            "location_dest_id": destination.id,
                            **values,
                        }
                    )
                    for product, quantity in quantities
                ],
            }
        )
        picking.action_confirm()
        return picking

    @classmethod
    def _done(cls, picking, quantity=None):
        """Validate all of a picking, or `quantity` of each line; the rest becomes a backorder."""
        for move in picking.move_ids:
            move.quantity = move.product_uom_qty if quantity is None else quantity
            move.picked = True
        picking._action_done()
        return picking

    @classmethod
    def receive(cls, quantity, product=None, destination=None):
        lines = (product or cls.product, quantity)
        return cls._done(
            cls._picking(cls.warehouse.in_type_id, cls.suppliers, destination or cls.stock, lines)
        )

    @classmethod
    def order(cls, quantity, product=None, source=None):
        """A confirmed delivery, not reserved yet."""
        lines = (product or cls.product, quantity)
        return cls._picking(cls.warehouse.out_type_id, source or cls.stock, cls.customers, lines)

    @classmethod
    def transfer(cls, quantity, source, destination, product=None):
        lines = (product or cls.product, quantity)
        return cls._picking(cls.warehouse.int_type_id, source, destination, lines)

    @classmethod
    def count(cls, quantity, location=None, product=None, **values):
        """An inventory adjustment."""
        values = {
            "product_id": (product or cls.product).id,
            "location_id": (location or cls.stock).id,
            "inventory_quantity": quantity,
            **values,
        }
        cls.env["stock.quant"].with_context(inventory_mode=True).create(values).action_apply_inventory()

    @classmethod
    def scrap(cls, quantity, product=None, **values):
        scrap = cls.env["stock.scrap"].create(
            {
                "product_id": (product or cls.product).id,
                "scrap_qty": quantity,
                "location_id": cls.stock.id,
                **values,
            }
        )
        scrap.action_validate()
        return scrap

    # What Lockgate makes of it

    def wanted(self, listing=None):
        """What the turn's maker says of what is flushed, as at a commit: one Wanted."""
        self.env.cr.flush()
        listing = (listing or self.listing).with_context(active_test=False)
        (wanted,) = self.env["lockgate.turn"]._wanted_stock(
            listing.channel_id, listing, fields.Datetime.now(), {}
        )
        return wanted

    def quantity(self, listing=None):
        value = self.wanted(listing).value
        return value and value["quantity"]

    def publish(self, listing, wanted, confirmed=None):
        """A publication as the turn left it; plain SQL, since only the turn may write one."""
        self.env.cr.execute(
            """
            INSERT INTO lockgate_publication (
                   channel_id, listing_id, aspect, scope, state, work_class, wanted, confirmed,
                   version, tries, confirmed_version, verified_version)
            VALUES (%s, %s, 'stock', 0, 'settled', 'routine',
                    jsonb_build_object('quantity', %s), jsonb_build_object('quantity', %s), 1, 0, 0, 0)
            """,
            [listing.channel_id.id, listing.id, wanted, wanted if confirmed is None else confirmed],
        )

    def oracle(self, listing=None, **before):
        """The same number, slowly and obviously."""
        return Recount(self.env, fields.Datetime.now()).quantity(listing or self.listing, **before)

    def happens(self, *reasons, listing=None):
        """What was done just now is marked in this transaction, for these reasons and for no other listing
        of its channel, and a turn publishes what is counted again. Without reasons: nothing is marked."""
        listing = listing or self.listing
        self.env.cr.flush()
        self.env.cr.execute(
            "SELECT listing_id, reason FROM lockgate_outbox WHERE aspect = 'stock' AND channel_id = %s",
            [listing.channel_id.id],
        )
        marks = self.env.cr.fetchall()
        self.assertEqual({marked or listing.id for marked, _ in marks}, {listing.id} if reasons else set())
        self.assertLessEqual(set(reasons), {reason for _, reason in marks})
        told, ended = self.published(listing), bool(listing.ended_at)
        self.turn(listing.channel_id)
        recount = Recount(self.env, self.env.cr.now())
        self.assertEqual(self.published(listing), recount.quantity(listing, told, ended=ended))

    def turn(self, channel=None):
        """A turn of the channel, as at an exchange that leases nothing."""
        self.env.cr.flush()
        self.env["lockgate.turn"]._take(request(channel or self.channel, ceiling=0))
        self.env.invalidate_all()

    def bring_rechecks_near(self, by):
        """Rechecks fall due that much sooner: inside a transaction the clock stands still."""
        self.env.flush_all()
        self.env.cr.execute("UPDATE lockgate_publication SET recheck_at = recheck_at - %s", [by])
        self.env.invalidate_all()

    def published(self, listing=None):
        """The number that a turn published of a listing last; None: nothing."""
        listing = listing or self.listing
        publication = self.env["lockgate.publication"].search(
            [("listing_id", "=", listing.id), ("aspect", "=", "stock")]
        )
        return publication.wanted["quantity"] if publication.wanted else None

    @classmethod
    def forget_marks(cls):
        cls.env.cr.flush()
        cls.env.cr.execute("DELETE FROM lockgate_outbox")

    def marks(self):
        """[(listing id, aspect, reason)] of stock since the last time; other add-ons mark for themselves.

        The listing of a scoped mark is None.
        """
        self.env.cr.flush()
        self.env.cr.execute(
            "DELETE FROM lockgate_outbox WHERE aspect = 'stock' RETURNING listing_id, aspect, reason"
        )
        return sorted(self.env.cr.fetchall(), key=str)

    def scoped(self):
        """{(channel, reason)} of what asks for all stock of a channel since the last time."""
        self.env.cr.flush()
        self.env.cr.execute(
            "DELETE FROM lockgate_outbox WHERE aspect = 'stock' AND listing_id IS NULL"
            " RETURNING channel_id, reason"
        )
        return {
            (self.env["lockgate.channel"].browse(channel_id), reason)
            for channel_id, reason in self.env.cr.fetchall()
        }

    def reasons(self):
        """The reasons of the marks since the last time, all of them of the listing's stock."""
        marks = self.marks()
        for listing_id, aspect, _reason in marks:
            self.assertIn((listing_id, aspect), ((self.listing.id, "stock"), (None, "stock")))
        return {reason for *_, reason in marks}
