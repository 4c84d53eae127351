"""A flash sale: three shops share 500 units and sell as fast as they can on what they were last told.

One sale after the other, of a product each, with the same shops in front of the same Odoo: told by a batch,
by one queue_job job an event and shop, by Lockgate without a buffer, and by Lockgate with the buffer that the
sale before it asks for: the greatest latency that was seen, from a sale until every shop knew of it, times
what all shops sell in a second, and one unit for each till. A sale becomes a confirmed delivery in Odoo half
a second later, one after the other, as orders that a shop tells of do.

What the shops do with their own sales stands in `bench.shops`.
"""

import argparse
import itertools
import json
import math
import queue
import statistics
import sys
import threading
import time
from pathlib import Path

from bench.arena import Arena, arena
from bench.flash_plot import COLOURS, plot
from bench.peer_stack import PeerStack
from bench.shops import SHOPS, SellingShops, Sold, selling_shops
from stack.inside import ADMIN
from stack.paths import ROOT
from stack.processes import wait_until

ON_ITS_WAY = 0.5
QUIET = 10.0
"""Seconds without a sale after which none will come."""
PICTURE = ROOT / "docs" / "images" / "flash-sale.svg"


class Sale:
    """One sale, and how the shops are told of it: what differs stands in the classes below."""

    def __init__(self, running: Arena, shops: SellingShops, way: str, units: int) -> None:
        self.arena, self.shops, self.units, self.offered = running, shops, units, units
        self.skus = {shop: f"{shop}-{way}" for shop in SHOPS}
        self.sales: list[Sold] = []
        self.orders: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self.ordered: list[float] = []
        with running.transaction(ADMIN) as env:
            self.warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1).id
            stock = env["stock.warehouse"].browse(self.warehouse).lot_stock_id
            product = env["product.product"].create({"name": way, "is_storable": True})
            env["stock.quant"]._update_available_quantity(product, stock, units)
            self.product = product.id

    def begin(self) -> None:
        """Tell the shops what there is."""
        self.shops.tell(self.skus.values(), self.units)

    def tell_of(self, env) -> None:
        """An order is made: part of its transaction."""

    def tick(self) -> None:
        """Time has passed."""

    def run(self, rate: float) -> dict:
        """Sell until nothing more can be; each shop tries `rate` times in three seconds, in turns."""
        self.begin()
        if not wait_until(lambda: self.told() == {self.offered}, 60):
            raise SystemExit(f"flash: the shops were told {self.told()}, not {self.offered}")
        importer = threading.Thread(target=self.take_orders, daemon=True)
        importer.start()
        began = due = time.monotonic()
        for shop in itertools.cycle(SHOPS):
            due += 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))
            if self.shops.sell_one(shop, self.skus[shop], self.offered, self.sales):
                self.orders.put(self.sales[-1].at)
            elif len(self.ordered) == len(self.sales) and time.monotonic() - self.sales[-1].at > QUIET:
                break
            if not importer.is_alive():
                raise SystemExit("flash: a sale could not be made an order; the error is above")
            self.tick()
        self.orders.put(None)
        importer.join()
        return self.figures(began, rate)

    def told(self) -> set[int]:
        return {self.shops.told_last[sku] for sku in self.skus.values()}

    def take_orders(self) -> None:
        """Make a delivery of each sale, some time after it."""
        while (sold_at := self.orders.get()) is not None:
            time.sleep(max(0.0, sold_at + ON_ITS_WAY - time.monotonic()))
            with self.arena.transaction(ADMIN) as env:
                self.order(env)
                self.tell_of(env)
            self.ordered.append(time.monotonic() - sold_at)

    def order(self, env) -> None:
        """One unit promised to a customer."""
        warehouse = env["stock.warehouse"].browse(self.warehouse)
        places = {
            "location_id": warehouse.lot_stock_id.id,
            "location_dest_id": env.ref("stock.stock_location_customers").id,
        }
        move = {"product_id": self.product, "product_uom_qty": 1, **places}
        picking = {"picking_type_id": warehouse.out_type_id.id, "move_ids": [(0, 0, move)], **places}
        env["stock.picking"].create(picking).action_confirm()

    def figures(self, began: float, rate: float) -> dict:
        """What was sold, and how well the shops knew."""
        ages = [sold.age for sold in self.sales]
        return {
            "sold": len(self.sales),
            "oversold": max(0, len(self.sales) - self.units),
            "left_over": max(0, self.units - len(self.sales)),
            "seconds": round(self.sales[-1].at - began, 1),
            "by_shop": {shop: sum(sold.shop == shop for sold in self.sales) for shop in SHOPS},
            "seconds_to_order": summary(self.ordered),
            "seconds_until_known": summary(ages),
            "most_units_unknown": max(sold.unknown for sold in self.sales),
            "asks_for_buffer": math.ceil(max(ages) * rate) + len(SHOPS),
            "curve": [(round(sold.at - began, 2), sold.unknown) for sold in self.sales],
        }


class ByBatch(Sale):
    """What is free, every so many seconds."""

    def __init__(self, *arguments, every: float) -> None:
        super().__init__(*arguments)
        self.every, self.due = every, time.monotonic() + every

    def tick(self) -> None:
        if time.monotonic() >= self.due:
            with self.arena.transaction(ADMIN) as env:
                free = env["product.product"].browse(self.product).free_qty
            self.shops.tell(self.skus.values(), max(int(free), 0))
            self.due += self.every


class ByJobs(Sale):
    """A job for each order and shop."""

    def tell_of(self, env) -> None:
        for sku in self.skus.values():
            env["product.product"].browse(self.product).with_delay().export_free(sku)


class ByLockgate(Sale):
    """Three channels; the listings are strategic, so that each change goes at once."""

    def __init__(self, *arguments, url: str, buffer: int) -> None:
        super().__init__(*arguments)
        self.url, self.buffer = url, buffer
        self.offered -= buffer

    def begin(self) -> None:
        with self.arena.transaction(ADMIN) as env:
            connector = env["lockgate.connector"].search([("code", "=", "demo")]).id
            settings, warehouses = {"url": self.url}, [(6, 0, [self.warehouse])]
            common = {"connector_id": connector, "settings": settings, "warehouse_ids": warehouses}
            channels = env["lockgate.channel"].create(
                [{"name": sku, "code": sku.replace("-", "_"), **common} for sku in self.skus.values()]
            )
            listings = env["lockgate.listing"].create(
                [
                    {"channel_id": channel.id, "product_id": self.product, "sku": sku, "strategic": True}
                    for channel, sku in zip(channels, self.skus.values(), strict=True)
                ]
            )
            policy = {"name": "Flash sale", "applies_to": "listings", "listing_ids": [(6, 0, listings.ids)]}
            env["lockgate.exposure.policy"].create({**policy, "buffer": self.buffer})
            for channel in channels:
                channel.action_start()


def summary(seconds: list[float]) -> dict:
    return {"median": round(statistics.median(seconds), 2), "most": round(max(seconds), 2)}


def measure(units: int, rate: float, batch: float) -> dict:
    """The four ways, in one run."""
    sys.setswitchinterval(0.0005)  # shops and orders are threads of this process; no shop waits for an order
    with arena(PeerStack("bench")) as running, selling_shops() as (shops, url):
        with running.transaction() as env:
            env["ir.config_parameter"].set_param("bench_peer.channel", url)
        figures = {
            "batch": ByBatch(running, shops, "batch", units, every=batch).run(rate),
            "queue_job": ByJobs(running, shops, "queue_job", units).run(rate),
        }
        buffer = 0
        for way in ("lockgate", "lockgate_with_buffer"):
            sale = ByLockgate(running, shops, way, units, url=url, buffer=buffer)
            figures[way] = {"buffer": buffer, **sale.run(rate)}
            buffer = figures[way]["asks_for_buffer"]
            if buffer >= units:
                raise SystemExit(f"flash: Odoo cannot keep up with {rate} orders a second here")
    return {"units": units, "shops": SHOPS, "sales_a_second": rate, "batch_seconds": batch, **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--rate", type=float, default=4, help="sales a second, of all shops")
    parser.add_argument("--batch", type=float, default=900, help="seconds between two batches")
    parser.add_argument(
        "--plot", type=Path, help="where to draw it; by default, at its own size, for the page"
    )
    arguments = parser.parse_args()
    figures = measure(arguments.units, arguments.rate, arguments.batch)
    curves = {way: figures[way].pop("curve") for way in COLOURS}
    picture = arguments.plot or (None if sys.argv[1:] else PICTURE)
    if picture:
        picture.write_text(plot(curves, figures))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
