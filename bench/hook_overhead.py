"""What the hooks cost a user: the same work in a database with the add-ons and in one without.

Two databases of one server, cloned from the same template, one with the project's add-ons on top; two Odoo
processes take turns, so that whatever else the machine does meets both. The work and what is timed of it
stand in `bench.hook_work`: deliveries of 1, 100 and 1,000 lines, the reservation of 100 lines, 20 deliveries
of one product at once, and the delivery of 100 once more beside an old snapshot.

The old snapshot is an open REPEATABLE READ transaction on each database. It is not an hour old, but it sees
what an hour leaves: since it began each quant was changed and its marks were drained, 36,000 changes in all
(ten a second), none of which PostgreSQL may clean up while it is open.

    python -m bench hooks [--small] [--only old_snapshot]

Prints JSON.
"""

import argparse
import json
import statistics
import subprocess
from contextlib import contextmanager
from typing import NamedTuple

import psycopg2

from stack import inside
from stack.paths import ROOT
from stack.postgres import Databases
from stack.servers import Servers
from stack.templates import CORE, clone

WARM_UP, CHANGES, PRODUCTS = 3, 36_000, 1000


class Work(NamedTuple):
    """What is done in each round, and how often."""

    name: str
    lines: int
    rounds: int

    def small(self) -> "Work":
        """For a run of seconds."""
        return self._replace(lines=min(self.lines, 20), rounds=2)


SCENARIOS = {
    "delivery_of_1": Work("delivery", 1, 60),
    "delivery_of_100": Work("delivery", 100, 40),
    "delivery_of_1000": Work("delivery", 1000, 6),
    "reservation_of_100": Work("reservation", 100, 40),
    "hot_product": Work("hot", 20, 15),
    "old_snapshot": Work("delivery", 100, 40),
}


class Side:
    """One database and the Odoo process that works on it: told a work, it answers with its figures."""

    def __init__(self, servers: Servers, database: str, products: int) -> None:
        configuration = inside.configure(servers, database)
        argv = inside.command("bench.hook_work", configuration, database, products)
        self.database = database
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=inside.variables(servers.redis.url),
        )

    def do(self, name: str, lines: int) -> dict[str, float]:
        """Do one work; the answer says what it cost: see `bench.hook_work`."""
        self.process.stdin.write(json.dumps([name, lines]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("hook_overhead: Odoo ended; its messages are above")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait(30)


def compare(sides: dict[str, Side], work: Work) -> dict:
    """Let both sides take turns, each first as often as the other, and compare their medians."""
    found = {side: [] for side in sides}
    for number in range(WARM_UP + work.rounds):
        order = list(sides) if number % 2 else list(reversed(sides))
        for side in order:
            answer = sides[side].do(work.name, work.lines)
            if number >= WARM_UP:
                found[side].append(answer)
    medians = {
        figure: {side: statistics.median(each[figure] for each in answers) for side, answers in found.items()}
        for figure in ("seconds", "processor", "statements")
    }
    return {
        "rounds": work.rounds,
        "lines": work.lines,
        "ratio": round(medians["seconds"]["with"] / medians["seconds"]["without"], 4),
        "processor_ratio": round(medians["processor"]["with"] / medians["processor"]["without"], 4),
        "milliseconds": {side: round(value * 1000, 1) for side, value in medians["seconds"].items()},
        "statements": medians["statements"],
        "failures": {side: sum(each["failures"] for each in answers) for side, answers in found.items()},
        "turn_milliseconds": round(1000 * statistics.median(each["turn"] for each in found["with"]), 1),
    }


@contextmanager
def old_snapshots(databases: Databases, sides: dict[str, Side], changes: int):
    """On each database a transaction that began before all those changes, and is still open."""
    held = []
    for side in sides.values():
        connection = databases.connect(side.database)
        connection.set_session(isolation_level="REPEATABLE READ", autocommit=False)
        connection.cursor().execute("SELECT count(*) FROM stock_quant")
        held.append(connection)
    try:
        for side in sides.values():
            side.do("age", changes)
        yield
        for connection in held:
            if connection.status != psycopg2.extensions.STATUS_IN_TRANSACTION:
                raise SystemExit("hook_overhead: an old snapshot ended before its time")
    finally:
        for connection in held:
            connection.close()


def measure(servers: Servers, small: bool, names: list[str]) -> dict:
    """Scenarios, one after the other."""
    databases = {"with": servers.database("with"), "without": servers.empty_name("without")}
    clone(servers.databases, servers.folder, databases["without"], CORE)
    products, changes = (20, 2000) if small else (PRODUCTS, CHANGES)
    sides = {side: Side(servers, database, products) for side, database in databases.items()}
    figures = {}
    try:
        for name in names:
            work = SCENARIOS[name].small() if small else SCENARIOS[name]
            if name == "old_snapshot":
                with old_snapshots(servers.databases, sides, changes):
                    figures[name] = {"changes": changes, **compare(sides, work)}
            else:
                figures[name] = compare(sides, work)
    finally:
        for side in sides.values():
            side.close()
    return figures


def main() -> None:
    """Measure on databases of our own and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="a run of a minute, to see that it works")
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    arguments = parser.parse_args()
    with Servers("bench_hooks") as servers:
        figures = measure(servers, arguments.small, arguments.only or list(SCENARIOS))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
