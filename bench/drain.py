"""How fast marks become wanted values, and how much memory that takes.

One process takes turns of one channel after the other, as a worker's exchanges would, until no mark is left:
five marks of each listing, in rounds over all of them, once when the publications are new and once when every
number has changed. Each time every publication and a row of the stock ledger is written.

    python -m bench drain [--products 4000] [--channels 5] [--marks 5]

Prints JSON: marks, turns, marks a second, the slowest turn, and the peak memory of the process beside what
Odoo's registry alone takes.
"""

import argparse
import json
import resource
import time
from itertools import chain

from bench.copies import copy_row
from stack import inside

PRODUCTS, CHANNELS, MARKS = 4000, 5, 5


class Drain(inside.Inside):
    """The process that takes the turns."""

    def run(self, products: int, channels: int, marks: int) -> dict:
        """The figures of the first values and of changed ones."""
        with self.transaction(inside.ADMIN) as env:
            self.codes = make_listings(env, products, channels)
        memory = peak_memory()
        figures = {}
        for name in ("first", "changed"):
            with self.registry.cursor() as cr:
                mark(cr, marks)
            figures[name] = self.drain(products * channels * marks)
        return {
            "listings": products * channels,
            "channels": channels,
            **figures,
            "memory_megabytes": {"before": memory, "peak": peak_memory()},
        }

    def drain(self, marks: int) -> dict:
        """Take turns until no mark is left."""
        turns = []
        processor = time.process_time()
        for code in self.codes:
            while True:
                began = time.perf_counter()
                taken = self.turn(code)
                if not taken:
                    break
                turns.append(time.perf_counter() - began)
        seconds = sum(turns)
        return {
            "marks": marks,
            "seconds": round(seconds, 2),
            "processor_seconds": round(time.process_time() - processor, 2),
            "marks_a_second": round(marks / seconds),
            "turns": len(turns),
            "slowest_turn_ms": round(1000 * max(turns)),
        }

    def turn(self, code: str) -> bool:
        """One turn that leases nothing; tells whether there was a mark."""
        with self.registry.cursor() as cr:
            cr.execute(
                """SELECT EXISTS (SELECT FROM lockgate_outbox o JOIN lockgate_channel c ON c.id = o.channel_id
                                   WHERE c.code = %s)""",
                [code],
            )
            (waiting,) = cr.fetchone()
        if waiting:
            self.take_turn(code)
        return waiting


def peak_memory() -> int:
    """Of this process, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def make_listings(env, products: int, channels: int) -> list[str]:
    """Channels that list every product: the first made by Odoo, the others copied in SQL."""
    warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
    product = env["product.product"].create({"name": "Drain", "default_code": "DRAIN", "is_storable": True})
    env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 100)
    quant = env["stock.quant"].search([("product_id", "=", product.id)])
    connector = (
        env["lockgate.connector"].sudo().create({"code": "drain", "name": "Drain", "settings_schema": {}})
    )
    env.flush_all()
    templates = copy_row(env, product.product_tmpl_id, products - 1)
    copies = copy_row(env, product, products - 1, product_tmpl_id=templates)
    copy_row(env, quant, products - 1, product_id=copies)
    skus = [f"DRAIN-{number}" for number in range(1, products)]
    codes = [f"drain_{number}" for number in range(channels)]
    for code in codes:
        channel = env["lockgate.channel"].create(
            {
                "name": code,
                "code": code,
                "connector_id": connector.id,
                "warehouse_ids": [(6, 0, warehouse.ids)],
            }
        )
        listing = env["lockgate.listing"].create({"channel_id": channel.id, "product_id": product.id})
        env.flush_all()
        listings = copy_row(env, listing, products - 1, product_id=copies, sku=skus)
        copy_row(env, listing.standing_ids, products - 1, listing_id=listings, product_id=copies)
    env.cr.execute("DELETE FROM lockgate_outbox")
    env.cr.execute("ANALYZE")
    return codes


def mark(cr, marks: int) -> None:
    """Change every quant, and append that many marks of each listing in rounds over all of them."""
    cr.execute(
        """
        UPDATE stock_quant SET quantity = quantity + 1
         WHERE product_id IN (SELECT product_id FROM lockgate_standing)
        """
    )
    cr.execute(
        """
        INSERT INTO lockgate_outbox (channel_id, listing_id, aspect, reason, marked_at)
        SELECT l.channel_id, l.id, 'stock', 'shipped', now() AT TIME ZONE 'UTC'
          FROM generate_series(1, %s) round, lockgate_listing l ORDER BY round, l.product_id, l.channel_id
        """,
        [marks],
    )


def main() -> None:
    """Measure on a database of our own and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=PRODUCTS)
    parser.add_argument("--channels", type=int, default=CHANNELS)
    parser.add_argument("--marks", type=int, default=MARKS, help="of each listing")
    parser.add_argument("--inside", nargs=2, metavar=("CONFIGURATION", "DATABASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes = arguments.products, arguments.channels, arguments.marks
    if arguments.inside:
        print(json.dumps(Drain(*arguments.inside).run(*sizes), indent=2))
    else:
        inside.run("bench.drain", *chain(*zip(("--products", "--channels", "--marks"), sizes, strict=True)))


if __name__ == "__main__":
    main()
