"""One side of `bench.hook_overhead`: a process inside Odoo that does the work it is told on standard input.

Each line is [work, lines], each answer {seconds, processor, statements, failures, turn}: what a user waits
for (the call, its flush, the commit, and telling Redis), the seconds of Odoo alone without PostgreSQL, the
SQL statements of the transaction, how often a transaction lost to another one, and how long the turns lasted
that drained the marks afterwards. Setting up and draining are not timed.
"""

import gc
import json
import sys
import threading
import time

import psycopg2.errors

from stack import inside

CHANNELS = 2
LOST = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.DeadlockDetected,
)


class HookWork(inside.Inside):
    """The work on one database."""

    def __init__(self, configuration: str, database: str, products: int) -> None:
        # Critical: that transactions lose to each other is counted, not told.
        super().__init__(configuration, database, "critical")
        with self.transaction(inside.ADMIN) as env:
            self.products, self.channels = make_products(env, products)
        self.drain()

    def do(self, name: str, lines: int) -> dict[str, float]:
        """Do one work and drain what it marked."""
        figures = getattr(self, name)(lines)
        return {**figures, "turn": self.drain()}

    def delivery(self, lines: int) -> dict[str, float]:
        """Validate a delivery of one of each product, reserved and picked."""
        return self.timed(self.ready_delivery(self.products[:lines]), "button_validate", "done")

    def reservation(self, lines: int) -> dict[str, float]:
        """Reserve what a confirmed delivery is to bring."""
        with self.transaction(inside.ADMIN) as env:
            picking = make_delivery(env, self.products[:lines])
            picking.do_unreserve()
        return self.timed(picking.id, "action_assign", "assigned")

    def hot(self, pickings: int) -> dict[str, float]:
        """Validate that many deliveries of one product at once; one that loses to another tries again."""
        ready = [self.ready_delivery(self.products[:1]) for _number in range(pickings)]
        together, failures, errors = threading.Barrier(pickings), [], []

        def validate(picking_id: int) -> None:
            together.wait()
            try:
                while not self.tried(picking_id):
                    failures.append(picking_id)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=validate, args=(picking_id,)) for picking_id in ready]
        began, worked = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return {
            "seconds": time.perf_counter() - began,
            "processor": time.process_time() - worked,
            "statements": 0,
            "failures": len(failures),
        }

    def tried(self, picking_id: int) -> bool:
        """Whether a delivery could be validated, or lost to another transaction."""
        try:
            with self.transaction(inside.ADMIN) as env:
                env["stock.picking"].browse(picking_id).button_validate()
        except LOST:
            return False
        return True

    def age(self, changes: int) -> dict[str, float]:
        """Change quants that often, in rounds over all, and drain what would have been marked of it."""
        for _round in range(max(1, changes // len(self.products))):
            with self.transaction(inside.ADMIN) as env:
                env.cr.execute(
                    "UPDATE stock_quant SET quantity = quantity + 1 WHERE product_id = ANY(%s)",
                    [self.products],
                )
                if self.channels:
                    env["lockgate.outbox"]._mark_products("stock", self.products, "adjusted")
            self.drain()
        return {}

    def ready_delivery(self, product_ids: list[int]) -> int:
        """A delivery of one of each, reserved and picked: all that is left is to validate it."""
        with self.transaction(inside.ADMIN) as env:
            picking = make_delivery(env, product_ids)
            picking.action_assign()
            picking.move_ids.picked = True
            return picking.id

    def timed(self, picking_id: int, method: str, state: str) -> dict[str, float]:
        gc.collect()
        began, worked = time.perf_counter(), time.process_time()
        with self.transaction(inside.ADMIN) as env:
            picking = env["stock.picking"].browse(picking_id)
            getattr(picking, method)()
            env.cr.flush()
            statements = env.cr.sql_log_count
            env.cr.commit()
            seconds, processor = time.perf_counter() - began, time.process_time() - worked
            if picking.state != state:
                raise SystemExit(f"hook_work: the delivery is {picking.state}, not {state}")
        return {"seconds": seconds, "processor": processor, "statements": statements, "failures": 0}

    def drain(self) -> float:
        """Take a turn of each channel, and one more while marks are left; the seconds of all."""
        began = time.perf_counter()
        for channel in self.channels:
            self.take_turn(channel)
        return time.perf_counter() - began


def make_products(env, count: int) -> tuple[list[int], list[str]]:
    """Products in plenty; listed on every channel, where there are channels. Returns their ids and codes."""
    warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
    products = env["product.product"].create(
        [{"name": f"Bench {n}", "default_code": f"BENCH-{n}", "is_storable": True} for n in range(count)]
    )
    for product in products:
        env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 1_000_000)
    if "lockgate.channel" not in env:
        return products.ids, []
    connector = {"code": "bench", "name": "Bench", "settings_schema": {}}
    connector = env["lockgate.connector"].sudo().create(connector)
    channels = env["lockgate.channel"].create(
        [
            {
                "name": f"Bench {n}",
                "code": f"bench_{n}",
                "connector_id": connector.id,
                "warehouse_ids": [(6, 0, warehouse.ids)],
            }
            for n in range(CHANNELS)
        ]
    )
    pairs = [(channel, product) for channel in channels for product in products]
    env["lockgate.listing"].create(
        [{"channel_id": channel.id, "product_id": product.id} for channel, product in pairs]
    )
    return products.ids, channels.mapped("code")


def make_delivery(env, product_ids: list[int]):
    """A confirmed delivery of one of each."""
    warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
    places = {
        "location_id": warehouse.lot_stock_id.id,
        "location_dest_id": env.ref("stock.stock_location_customers").id,
    }
    moves = [(0, 0, {"product_id": product_id, "product_uom_qty": 1, **places}) for product_id in product_ids]
    values = {"picking_type_id": warehouse.out_type_id.id, "move_ids": moves, **places}
    picking = env["stock.picking"].create(values)
    picking.action_confirm()
    return picking


def main() -> None:
    configuration, database, products = sys.argv[1:]
    work = HookWork(configuration, database, int(products))
    for line in sys.stdin:
        print(json.dumps(work.do(*json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
