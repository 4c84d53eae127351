import os
from datetime import timedelta

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.internal.conjecture import providers
from hypothesis.stateful import run_state_machine_as_test

from odoo import Command
from odoo.addons.lockgate.tests.common import request
from odoo.tests import tagged

from .common import KitCase
from .warehouse_day import WarehouseDay

STEPS = 50
# By hand: LOCKGATE_SEED=7 LOCKGATE_OPERATIONS=10000. Without a seed every run tries the same.
SEED = os.environ.get("LOCKGATE_SEED", "lockgate")
OPERATIONS = int(os.environ.get("LOCKGATE_OPERATIONS", 2000))
# What time alone moves, beside the listings that it lets grow older.
MOMENTS = (
    ("stock_lot", "removal_date"),
    ("stock_lot", "expiration_date"),
    ("stock_quant", "removal_date"),
    ("stock_quant", "expiration_date"),
    ("stock_move", "date"),
    ("lockgate_exposure_policy", "ends_at"),
    ("lockgate_publication", "recheck_at"),
)


@tagged("post_install", "-at_install")
class TestWarehouseDay(KitCase):
    """Whatever people do, in whatever order: what is published equals what is counted again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Nobody reads the messages of so many pickings, and they cost a tenth of the time.
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.second = cls.env["stock.warehouse"].create({"name": "Second", "code": "SECON"})
        cls.second.write({"reception_steps": "three_steps", "delivery_steps": "pick_pack_ship"})
        cls.warehouses = cls.warehouse | cls.second | cls.elsewhere
        company = cls.env["res.company"].create({"name": "Abroad"})
        cls.env.user.company_ids += company
        cls.abroad = cls.env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
        bays = [{"name": f"Bay {number}", "location_id": cls.shelf.id} for number in range(2)]
        cls.bays = cls.env["stock.location"].create(bays)
        cls.controls = cls.env["stock.location"].create({"name": "Controls", "location_id": cls.stock.id})
        cls.warehouse.wh_qc_stock_loc_id = cls.controls
        cls.places = cls.warehouses.lot_stock_id | cls.bays | cls.controls
        cls.jam = cls._product("Jam", tracking="lot", use_expiration_date=True, expiration_time=30)
        cls.lots = cls.env["stock.lot"].create(
            [{"name": name, "product_id": cls.jam.id} for name in ("old", "new")]
        )
        cls.raft = cls._product("Raft")
        cls.raft_bom = cls._bom(cls.raft, (cls.product, 2), type="normal")
        cls.goods = cls.product | cls.paddle | cls.jam | cls.raft
        cls.fleet = cls._product("Fleet", is_storable=False)
        cls.kits = cls.kit | cls.fleet
        cls.kit_boms = cls.bom | cls._bom(cls.fleet, (cls.kit, 2), (cls.jam, 1))
        cls.owner = cls.env["res.partner"].create({"name": "Consignor"})
        cls.boxes = {
            place: cls.env["stock.package"].create({"name": f"Box {place.id}"}) for place in cls.places
        }
        cls.channels = cls.channel | cls._channel("stock_test_2", cls.second)
        cls.channels.sweep_minutes = 100000
        cls.towing = cls._product("Towing", type="service", is_storable=False)
        for product in cls.paddle | cls.jam | cls.raft | cls.fleet | cls.towing:
            cls._listing(product)
        for product in cls.goods | cls.kits:
            cls._listing(product, cls.channels[1], uom_id=cls.unit.id)
        cls.listings = cls.channels.listing_ids
        cls.vessels, cls.boats = cls.env["product.category"].create([{"name": "Vessels"}, {"name": "Boats"}])
        (cls.product | cls.fleet).categ_id = cls.boats
        cls.operations = 0
        # A day begins with something everywhere: what few operations bring would leave most of them idle.
        for place in cls.places:
            for product in cls.goods:
                cls.count(24, place, product, lot_id=cls.lots[0].id if product == cls.jam else False)
        cls.pass_time("lockgate_listing", "create_date", 1)
        cls.channels._mark_stock("listed")
        cls.drain()

    @classmethod
    def pass_time(cls, table, column, days):
        cls.env.flush_all()
        cls.env.cr.execute(f"UPDATE {table} SET {column} = {column} - %s", [timedelta(days=days)])
        cls.env.invalidate_all()

    def wait(self, days):
        for table, column in MOMENTS:
            self.pass_time(table, column, days)

    def finish(self, picking, quantity=None):
        """Validate a picking, with lots where they are asked for; the rest becomes a backorder."""
        for move in picking.move_ids.filtered(lambda move: move.state not in ("done", "cancel")):
            if move.product_id.tracking == "lot" and not quantity:
                move.move_line_ids.unlink()
                move.move_line_ids = [
                    Command.create(
                        {
                            **move._prepare_move_line_vals(),
                            "lot_id": self.lots[int(move.product_uom_qty) % 2].id,
                            "quantity": move.product_uom_qty,
                        }
                    )
                ]
            else:
                move.quantity = quantity or move.product_uom_qty
            for line in move.move_line_ids:
                if move.product_id.tracking == "lot" and not line.lot_id:
                    line.lot_id = self.lots[0]
            move.picked = True
        picking._action_done()

    # What Lockgate makes of it

    @classmethod
    def drain(cls):
        """A turn of each channel."""
        cls.env.cr.flush()
        for channel in cls.channels.filtered("active"):
            cls.env["lockgate.turn"]._take(request(channel, ceiling=0))
        # What turns write in SQL, and what Odoo does; reading all else again took half of the time.
        for model in ("lockgate.publication", "stock.quant", "stock.move"):
            cls.env[model].invalidate_model(flush=False)
        cls.env["lockgate.listing"].invalidate_model(["ended_at"], flush=False)

    def told(self):
        """What every listing is published with: {listing: quantity or None}."""
        publications = self.env["lockgate.publication"].search(
            [("listing_id", "in", self.listings.ids), ("aspect", "=", "stock")]
        )
        wanted = {each.listing_id: each.wanted["quantity"] if each.wanted else None for each in publications}
        return {listing: wanted.get(listing) for listing in self.listings}

    def parts(self, listing):
        """What one unit of a listing takes: its parts, and theirs where they are kits too."""

        def take(product, quantity):  # in the product's unit
            bom = self.kit_boms.filtered(
                lambda bom: bom.product_tmpl_id == product.product_tmpl_id and bom.type == "phantom"
            )
            if not bom:
                return [(product, quantity)]
            return [
                part
                for line in bom.bom_line_ids
                for part in take(
                    line.product_id,
                    quantity
                    * (product.uom_id.factor / bom.product_uom_id.factor / bom.product_qty)
                    * (line.product_qty * line.product_uom_id.factor / line.product_id.uom_id.factor),
                )
            ]

        parts = {}
        for part, quantity in take(listing.product_id, 1):
            parts[part] = parts.get(part, 0) + quantity
        return parts

    def test_whatever_people_do_every_publication_is_what_is_counted_again(self):
        def day():
            return WarehouseDay(self)

        # Hypothesis would read all of Odoo's source for constants to draw, which takes a minute; so a seed
        # says nothing new with each release of Odoo.
        self.patch(providers, "_get_local_constants", lambda: providers._local_constants)
        # Some days end earlier than after all their steps.
        while self.operations < OPERATIONS:
            run_state_machine_as_test(
                seed(f"{SEED} {self.operations}")(day),
                settings=settings(
                    max_examples=-(-(OPERATIONS - self.operations) // STEPS),
                    stateful_step_count=STEPS,
                    database=None,
                    deadline=None,
                    phases=[Phase.generate],
                    print_blob=False,
                    suppress_health_check=list(HealthCheck),
                ),
            )
