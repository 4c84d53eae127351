"""What the hooks cost a user: a 100-line delivery of listed products validated with the add-ons and without.

Two databases of one server, cloned from the same template, one with the project's add-ons on top; two Odoo
processes take turns, so that whatever else the machine does meets both. Timed is what a user waits for: the
validation, its flush, the commit, and telling Redis. Run `python -m bench.hook_overhead`; it prints JSON.
"""

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from stack.debian import odoo_source
from stack.odoo import environment, write_configuration
from stack.paths import ROOT
from stack.postgres import Databases
from stack.servers import Servers
from stack.templates import CORE, clone

LINES, CHANNELS, ROUNDS, WARM_UP = 100, 2, 40, 3
ADMIN = 2


class Side:
    """One database and the Odoo process that works on it: told a round, it answers with its figures."""

    def __init__(self, databases: Databases, folder: Path, database: str, redis_url: str) -> None:
        configuration = write_configuration(
            folder / f"{database}.conf", databases, folder / "odoo", db_name=database, log_level="error"
        )
        variables = {**environment(odoo_source()), "LOCKGATE_REDIS_URL": redis_url}
        variables["PYTHONPATH"] += os.pathsep + str(ROOT)
        argv = [sys.executable, "-m", "bench.hook_overhead", "--side", str(configuration), database]
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **variables},
        )

    def round(self) -> dict[str, float]:
        """Validate one delivery; {seconds, statements, processor: seconds of Odoo alone, not PostgreSQL}."""
        self.process.stdin.write("round\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("hook_overhead: Odoo ended; its messages are above")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait(30)


def compare(databases: Databases, folder: Path, names: dict[str, str], redis_url: str, rounds: int) -> dict:
    """Let both sides take turns, each first as often as the other, and compare their medians.

    `names`: the database of the side `with` the add-ons and of the one `without`.
    """
    sides = {side: Side(databases, folder, name, redis_url) for side, name in names.items()}
    figures = {side: [] for side in sides}
    try:
        for number in range(WARM_UP + rounds):
            order = list(sides) if number % 2 else list(reversed(sides))
            for side in order:
                answer = sides[side].round()
                if number >= WARM_UP:
                    figures[side].append(answer)
    finally:
        for side in sides.values():
            side.close()
    medians = {
        figure: {side: statistics.median(each[figure] for each in found) for side, found in figures.items()}
        for figure in ("seconds", "processor", "statements")
    }
    ratios = {figure: round(found["with"] / found["without"], 4) for figure, found in medians.items()}
    return {
        "ratio": ratios["seconds"],
        "milliseconds": {side: round(value * 1000, 1) for side, value in medians["seconds"].items()},
        "processor_ratio": ratios["processor"],
        "processor_milliseconds": {
            side: round(value * 1000, 1) for side, value in medians["processor"].items()
        },
        "extra_statements": medians["statements"]["with"] - medians["statements"]["without"],
        "statements": medians["statements"],
        "runs": {side: len(found) for side, found in figures.items()},
        "lines": LINES,
        "channels": CHANNELS,
    }


def work(configuration: str, database: str) -> None:
    """One side's process: validate a delivery for each line on standard input."""
    from odoo.api import Environment
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-c", configuration, "-d", database])
    registry = Registry(database)
    with registry.cursor() as cr:
        product_ids = make_products(Environment(cr, ADMIN, {}))
    for _round in sys.stdin:
        with registry.cursor() as cr:
            picking_id = make_delivery(Environment(cr, ADMIN, {}), product_ids)
        gc.collect()
        began, worked = time.perf_counter(), time.process_time()
        with registry.cursor() as cr:
            picking = Environment(cr, ADMIN, {})["stock.picking"].browse(picking_id)
            picking.button_validate()
            cr.flush()
            statements = cr.sql_log_count
            cr.commit()
            seconds, processor = time.perf_counter() - began, time.process_time() - worked
            if picking.state != "done":
                raise SystemExit(f"hook_overhead: the delivery is {picking.state}, not done")
        figures = {"seconds": seconds, "processor": processor, "statements": statements}
        print(json.dumps(figures), flush=True)


def make_products(env) -> list[int]:
    """Products in plenty; listed on every channel, where there are channels."""
    warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
    products = env["product.product"].create(
        [{"name": f"Bench {n}", "default_code": f"BENCH-{n}", "is_storable": True} for n in range(LINES)]
    )
    for product in products:
        env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 1_000_000)
    if "lockgate.channel" in env:
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
    return products.ids


def make_delivery(env, product_ids: list[int]) -> int:
    """A delivery of one of each, reserved and picked: all that is left is to validate it."""
    warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
    places = {
        "location_id": warehouse.lot_stock_id.id,
        "location_dest_id": env.ref("stock.stock_location_customers").id,
    }
    moves = [(0, 0, {"product_id": product_id, "product_uom_qty": 1, **places}) for product_id in product_ids]
    values = {"picking_type_id": warehouse.out_type_id.id, "move_ids": moves, **places}
    picking = env["stock.picking"].create(values)
    picking.action_confirm()
    picking.action_assign()
    for move in picking.move_ids:
        move.quantity = 1
        move.picked = True
    return picking.id


def main() -> None:
    """Measure on databases of our own and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--side", nargs=2, metavar=("CONFIGURATION", "DATABASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        work(*arguments.side)
        return
    with Servers("bench_hooks") as servers:
        names = {"with": servers.database("with"), "without": servers.empty_name("without")}
        clone(servers.databases, servers.folder, names["without"], CORE)
        figures = compare(servers.databases, servers.folder, names, servers.redis.url, arguments.rounds)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
