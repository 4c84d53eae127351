"""What people do in a warehouse and in an office, in any order: the operations of a stateful test."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from odoo import Command
from odoo.addons.lockgate_stock.tests.recount import OPEN, Recount
from odoo.exceptions import UserError

# Operations between two drains.
DRAIN_EVERY = 7

pick = st.integers(0, 10**6)
few = st.integers(1, 30)


def one(records, number):
    """One of the records, by a drawn number."""
    return records[number % len(records)]


class WarehouseDay(RuleBasedStateMachine):
    """Random operations; after each drain every publication equals what is counted again.

    `world` is the test case: it says what there is, and what the helpers of `StockCase` do. Sweeps are far
    away, so what no mark tells stays wrong and is seen.
    """

    def __init__(self, world):
        super().__init__()
        self.world, self.env = world, world.env
        self.since_drain = -1  # hypothesis looks once before the first operation
        self.ended = set()  # listings
        self.savepoint = self.env.cr.savepoint()

    def teardown(self):
        self.savepoint.close(rollback=True)
        self.env.invalidate_all()

    # What holds

    @invariant()
    def every_publication_is_true(self):
        self.since_drain += 1
        self.env.cr.flush()  # as at a commit
        if self.since_drain == DRAIN_EVERY:
            self.drain()

    def drain(self):
        self.world.operations += self.since_drain
        self.since_drain = 0
        told = self.world.told()
        self.world.drain()
        recount = Recount(self.env, self.env.cr.now())
        for listing, shown in self.world.told().items():
            if not listing.channel_id.active:
                continue  # nobody keeps it true before it is put back
            parts, ended = self.world.parts(listing), listing in self.ended
            counted = recount.quantity(listing, told[listing], parts, ended)
            name = f"{listing.display_name} on {listing.channel_id.name}"
            why = shown != counted and listing.stock_explanation
            assert shown == counted, f"{name}: {shown} published, {counted} counted: {why}"
            ended = recount.ended(listing, ended, parts)
            assert bool(listing.ended_at) == ended, f"{name}: ended {listing.ended_at}, counted {ended}"
            (self.ended.add if ended else self.ended.discard)(listing)
        defects = self.env["lockgate.stock.ledger"].search([("is_defect", "=", True)])
        assert not defects, f"no mark told of: {defects.mapped('explanation')}"

    # Goods

    @rule(
        product=pick,
        quantity=few,
        place=pick,
        days=st.sampled_from([0, 0, 3]),
        owner=st.sampled_from([0, 0, 1]),
    )
    def receive(self, product, quantity, place, days, owner):
        world = self.world
        product, place = one(world.goods, product), one(world.places, place)
        lines = (product, quantity)
        receipt = world._picking(world.warehouse.in_type_id, world.suppliers, place, lines)
        receipt.owner_id = owner and world.owner.id
        if days:
            receipt.move_ids.date += timedelta(days=days)
        else:
            world.finish(receipt)

    @rule(product=pick, quantity=few, place=pick, dozen=st.booleans())
    def order(self, product, quantity, place, dozen):
        world = self.world
        lines = (one(world.goods | world.kits, product), quantity)
        unit = {"product_uom": world.dozen.id} if dozen else {}
        world._picking(world.warehouse.out_type_id, one(world.places, place), world.customers, lines, **unit)

    @rule(product=pick, quantity=few, days=st.integers(0, 6))
    def purchase(self, product, quantity, days):
        """By all steps of the warehouse that has some: `finish` takes one after another."""
        world = self.world
        lines = (one(world.goods, product), quantity)
        warehouse = world.second
        receipt = world._picking(
            warehouse.in_type_id,
            world.suppliers,
            warehouse.wh_input_stock_loc_id,
            lines,
            location_final_id=warehouse.lot_stock_id.id,
        )
        receipt.move_ids.date += timedelta(days=days)

    @rule(product=pick, quantity=few)
    def sell(self, product, quantity):
        """As a sale orders it of that warehouse."""
        world = self.world
        product = one(world.goods | world.kits, product)
        rules = self.env["stock.rule"]
        values = {"warehouse_id": world.second, "date_planned": self.env.cr.now()}
        rules.run(
            [
                rules.Procurement(
                    product, quantity, product.uom_id, world.customers, "Sale", "Sale", world.company, values
                )
            ]
        )

    @rule(product=pick, quantity=few, places=st.tuples(pick, pick), planned=st.booleans())
    def send(self, product, quantity, places, planned):
        """To another place by the transit between warehouses; its second step planned ahead, or not."""
        world = self.world
        source, destination = (one(world.places, place) for place in places)
        transit = world.company.internal_transit_location_id
        lines = (one(world.goods, product), quantity)
        kind = world.warehouse.int_type_id
        first = world._picking(kind, source, transit, lines, location_final_id=destination.id)
        if planned:
            origin = [Command.set(first.move_ids.ids)]
            world._picking(kind, transit, destination, lines, move_orig_ids=origin)

    @rule(product=pick, quantity=few, place=pick, whole=st.booleans())
    def give_back(self, product, quantity, place, whole):
        """Consigned goods, to their owner."""
        world = self.world
        lines = (one(world.goods, product), quantity)
        owner = {} if whole else {"restrict_partner_id": world.owner.id}
        picking = world._picking(
            world.warehouse.out_type_id, one(world.places, place), world.suppliers, lines, **owner
        )
        if whole:
            picking.owner_id = world.owner

    @rule(product=pick, quantity=few, kind=st.sampled_from(["dropship", "received", "sent", "bought"]))
    def pass_by(self, product, quantity, kind):
        """What never lies in a place of ours, at a supplier's or in another company; or comes from there."""
        world = self.world
        lines = (one(world.goods, product), quantity)
        abroad = world.abroad
        inter_company = self.env.ref("stock.stock_location_inter_company")
        types, source, destination = {
            "dropship": (world.warehouse.in_type_id, world.suppliers, world.customers),
            "received": (abroad.in_type_id, world.suppliers, abroad.lot_stock_id),
            "sent": (abroad.out_type_id, abroad.lot_stock_id, inter_company),
            "bought": (world.warehouse.in_type_id, inter_company, world.stock),
        }[kind]
        company = {"company_id": types.company_id.id}
        world.finish(world._picking(types, source, destination, lines, **company))

    @rule(product=pick, quantity=few, places=st.tuples(pick, pick))
    def transfer(self, product, quantity, places):
        world = self.world
        source, destination = (one(world.places, place) for place in places)
        if source != destination:
            world.transfer(quantity, source, destination, one(world.goods, product))

    @rule(product=pick, quantity=st.integers(0, 60), place=pick, owner=st.booleans(), package=st.booleans())
    def count(self, product, quantity, place, owner, package):
        world = self.world
        product, place = one(world.goods, product), one(world.places, place)
        if not product.is_storable:
            return
        values = {"lot_id": world.lots[0].id} if product.tracking == "lot" else {}
        if owner:
            values["owner_id"] = world.owner.id
        if package:
            values["package_id"] = world.boxes[place].id
        world.count(quantity, place, product, **values)

    @rule(product=pick, quantity=few, place=pick, owner=st.booleans())
    def scrap(self, product, quantity, place, owner):
        world = self.world
        product = one(world.goods, product)
        values = {"lot_id": world.lots[0].id} if product.tracking == "lot" else {}
        if owner:
            values["owner_id"] = world.owner.id
        world.scrap(quantity, product, location_id=one(world.places, place).id, **values)

    @rule(lot=pick, quantity=few)
    def build(self, lot, quantity):
        """Rafts are manufactured from boats."""
        world = self.world
        order = self.env["mrp.production"].create(
            {
                "product_id": world.raft.id,
                "product_qty": quantity,
                "bom_id": world.raft_bom.id,
                "picking_type_id": world.warehouse.manu_type_id.id,
            }
        )
        order.action_confirm()
        if lot % 3:
            order.qty_producing = quantity
            order._set_qty_producing(False)
            order.move_raw_ids.picked = True
            order.button_mark_done()

    @rule(quantity=few)
    def take_apart(self, quantity):
        """Rafts become boats again."""
        world = self.world
        order = self.env["mrp.unbuild"].create(
            {
                "product_id": world.raft.id,
                "product_qty": quantity,
                "bom_id": world.raft_bom.id,
                "location_id": world.stock.id,
                "location_dest_id": world.stock.id,
            }
        )
        order.action_unbuild()

    @rule(place=pick, quantity=st.integers(-5, 40), owner=st.booleans())
    def write_a_quant(self, place, quantity, owner):
        quants = self.env["stock.quant"].search(
            [("product_id", "in", self.world.goods.ids), ("location_id", "in", self.world.places.ids)]
        )
        if quants:
            quant = one(quants, place)
            quant.write({"quantity": quantity, "owner_id": owner and self.world.owner.id})

    @rule()
    def tidy_quants(self):
        self.env["stock.quant"]._quant_tasks()

    # Pickings

    def _pickings(self):
        moves = self.env["stock.move"].search(
            [("product_id", "in", self.world.goods.ids), ("state", "in", OPEN)]
        )
        return moves.picking_id

    @precondition(lambda self: self._pickings())
    @rule(picking=pick, does=st.sampled_from(["action_assign", "do_unreserve", "action_cancel"]))
    def handle(self, picking, does):
        getattr(one(self._pickings(), picking), does)()

    @precondition(lambda self: self._pickings())
    @rule(picking=pick, quantity=st.sampled_from([None, None, 1, 4]))
    def finish(self, picking, quantity):
        self.world.finish(one(self._pickings(), picking), quantity)

    @precondition(lambda self: self._pickings())
    @rule(picking=pick, quantity=st.none() | few, days=st.integers(-3, 9))
    def change(self, picking, quantity, days):
        """What is ordered, or when."""
        move = one(self._pickings(), picking).move_ids[0]
        if move.state in OPEN and quantity:
            move.product_uom_qty = quantity
        elif move.state in OPEN:
            move.date += timedelta(days=days)

    @precondition(lambda self: self._pickings())
    @rule(picking=pick, owned=st.booleans())
    def give_to(self, picking, owned):
        """Whose it will be."""
        one(self._pickings(), picking).owner_id = owned and self.world.owner

    @precondition(lambda self: self._pickings())
    @rule(picking=pick, place=pick)
    def send_elsewhere(self, picking, place):
        """What was to end in a place of ours ends in another."""
        move = one(self._pickings(), picking).move_ids[0]
        if move.state in OPEN and move.location_dest_id in self.world.places:
            move.location_dest_id = one(self.world.places, place)

    def _delivered(self):
        return self.env["stock.picking"].search(
            [("state", "=", "done"), ("picking_type_id", "=", self.world.warehouse.out_type_id.id)]
        )

    @rule(number=pick, quantity=few)
    def correct(self, number, quantity):
        """What was done already."""
        done = self._delivered().move_ids.move_line_ids
        if done:
            one(done, number).quantity = quantity

    @rule(number=pick)
    def bring_back(self, number):
        done = self._delivered()
        if done:
            picking = one(done, number)
            wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
            for line in wizard.product_return_moves:
                line.quantity = line.move_quantity
            self.world.finish(wizard._create_return())

    # Time

    @rule(days=st.integers(1, 3))
    def wait(self, days):
        self.world.wait(days)

    @rule(lot=pick, days=st.integers(-2, 6), removed=st.booleans())
    def date_a_lot(self, lot, days, removed):
        moment = self.env.cr.now() + timedelta(days=days)
        dates = {"removal_date": moment} if removed else {"expiration_date": moment, "removal_date": False}
        one(self.world.lots, lot).write(dates)

    # The office

    @rule(
        channel=st.sampled_from([None, 0, 1]),
        terms=st.fixed_dictionaries(
            {
                "basis": st.sampled_from(["unpromised", "free", "incoming", "forecast", "on_hand"]),
                "days": st.integers(0, 5),
                "consigned": st.booleans(),
                "buffer": st.integers(0, 3),
                "buffer_percent": st.sampled_from([0, 0, 10]),
                "share": st.sampled_from([100, 30]),  # three channels may show it
                "backorder": st.sampled_from([0, 0, 2]),
                "most": st.sampled_from([0, 20]),
                "least": st.sampled_from([0, 2]),
                "pack": st.sampled_from([1, 1, 6]),
                "places": st.sampled_from(["channel", "channel", "sum", "first"]),
                "applies_to": st.sampled_from(["all", "category", "listings"]),
                "sequence": st.integers(1, 5),
                "shows": st.sampled_from(["counted"] * 6 + ["always", "never"]),
                "discontinued": st.sampled_from([False, False, True]),
            }
        ),
        tiers=st.lists(
            st.fixed_dictionaries(
                {
                    "below": st.sampled_from([3, 9, 20, 40]),
                    "share": st.sampled_from([100, 30, 0]),
                    "buffer": st.integers(0, 3),
                    "least": st.sampled_from([0, 3]),
                }
            ),
            max_size=4,
            unique_by=lambda tier: tier["below"],
        ),
        ends=st.sampled_from([None, None, 2]),
        listing=pick,
        sources=st.permutations(range(3)),
        left_out=st.sampled_from([None, None, 0, 1]),
    )
    def set_a_policy(self, channel, terms, tiers, ends, listing, sources, left_out):
        world = self.world
        channel = world.channels[channel] if channel is not None else world.channels[:0]
        listings = channel.listing_ids or world.listings
        if terms["shows"] == "always":
            terms["most"] = 20
        if terms["discontinued"]:
            terms["backorder"] = 0
            if terms["basis"] in ("incoming", "forecast"):
                terms["basis"] = "unpromised"
        values = {
            **terms,
            "name": "Drawn",
            "channel_id": channel.id,
            "category_id": one(world.boats | world.vessels, listing).id,
            "ends_at": ends and self.env.cr.now() + timedelta(days=ends),
            "tier_ids": [Command.clear(), *map(Command.create, tiers)],
            "source_ids": [Command.clear()]
            + [
                Command.create({"location_id": world.warehouses[each].lot_stock_id.id, "sequence": place})
                for place, each in enumerate(sources[:2])
            ],
            "left_out_ids": [Command.set([] if left_out is None else world.bays[left_out].ids)],
            "listing_ids": [Command.set(one(listings, listing).ids)],
        }
        policies = self.env["lockgate.exposure.policy"]
        drawn = policies.search([("name", "=", "Drawn"), ("sequence", "=", terms["sequence"])], limit=1)
        if drawn:
            drawn.write(values)
        else:
            policies.create(values)

    @rule(number=pick, gone=st.booleans())
    def drop_a_policy(self, number, gone):
        policies = self.env["lockgate.exposure.policy"].search([("name", "=", "Drawn")])
        if policies:
            policy = one(policies, number)
            policy.unlink() if gone else policy.action_archive()

    @rule(number=pick, sequence=st.integers(1, 5))
    def move_a_policy(self, number, sequence):
        policies = self.env["lockgate.exposure.policy"].search([("name", "=", "Drawn")])
        if policies:
            one(policies, number).sequence = sequence

    @rule(channel=pick, percent=st.sampled_from([0, 50, 80]))
    def reduce_or_restore(self, channel, percent):
        channel = one(self.world.channels, channel)
        channel.reduced_to = percent
        if channel.reduced_since:
            channel.action_restore()
        else:
            channel.action_reduce()

    def try_to_write(self, record, **values):
        """What Odoo refuses here and there, as of goods that lie somewhere."""
        try:
            with self.env.cr.savepoint():
                record.write(values)
        except UserError:
            self.env.invalidate_all()

    @rule(product=pick, dozen=st.booleans())
    def keep_by(self, product, dozen):
        """Another unit of a product: Odoo refuses it where moves or bills are in other units."""
        world = self.world
        self.try_to_write(one(world.goods, product), uom_id=(world.dozen if dozen else world.unit).id)

    @rule(number=st.sampled_from([10, 12]))
    def resize_a_dozen(self, number):
        self.try_to_write(self.world.dozen, relative_factor=number)

    @rule(product=pick, stored=st.booleans())
    def keep_in_stock(self, product, stored):
        self.try_to_write(one(self.world.goods | self.world.towing, product), is_storable=stored)

    @rule(channel=pick, warehouses=st.integers(0, 7))
    def choose_warehouses(self, channel, warehouses):
        world = self.world
        chosen = [each.id for bit, each in enumerate(world.warehouses) if warehouses & 1 << bit]
        one(world.channels, channel).warehouse_ids = [Command.set(chosen)]

    @rule(what=pick)
    def archive_or_put_back(self, what):
        world = self.world
        record = one([*world.goods, *world.kits, world.towing, *world.listings, *world.channels], what)
        if record._name != "lockgate.listing" or record.product_id.active:
            record.write({"active": not record.active})

    @rule(listing=pick, product=pick)
    def map_anew(self, listing, product):
        """A listing sells another product from now on."""
        world = self.world
        product = one(world.goods | world.kits, product)
        if product.active:
            one(world.listings, listing).product_id = product

    @rule(product=pick, boat=st.booleans())
    def sort_a_product(self, product, boat):
        world = self.world
        one(world.goods | world.kits, product).categ_id = boat and world.boats

    @rule(above=st.booleans())
    def move_a_category(self, above):
        self.world.boats.parent_id = above and self.world.vessels

    @rule(place=pick)
    def control_elsewhere(self, place):
        self.world.warehouse.wh_qc_stock_loc_id = one(self.world.bays | self.world.controls, place)

    @rule(place=pick, usage=st.sampled_from([None, "internal", "transit"]))
    def close_or_open(self, place, usage):
        """A bay is archived, put back, or another kind of place; Odoo refuses it while goods lie there."""
        bay = one(self.world.bays, place)
        self.try_to_write(bay, **({"usage": usage} if usage else {"active": not bay.active}))

    @rule(place=pick, hold=st.booleans())
    def hold(self, place, hold):
        one(self.world.bays, place).lockgate_hold = hold

    @rule(place=pick, above=pick)
    def move_a_location(self, place, above):
        world = self.world
        one(world.bays, place).location_id = one(world.warehouses.lot_stock_id, above)

    @rule(listing=pick, dozen=st.booleans())
    def sell_by(self, listing, dozen):
        world = self.world
        listing = one(world.listings, listing)
        if listing.product_id.active:
            listing.uom_id = world.dozen if dozen else world.unit

    @rule(bom=pick, line=pick, quantity=st.sampled_from([0.25, 0.5, 1, 2, 3]), kind=st.integers(0, 5))
    def change_a_bill(self, bom, line, quantity, kind):
        bom = one(self.world.kit_boms, bom)
        if kind == 0:
            bom.type = "normal" if bom.type == "phantom" else "phantom"
        elif kind == 1:
            bom.product_qty = 2 if bom.product_qty == 1 else 1
        else:
            one(bom.bom_line_ids, line).product_qty = quantity
