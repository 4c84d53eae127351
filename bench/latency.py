"""From a commit to the channel, with changes that arrive at a fixed rate whatever comes back.

On an idle system, at 50 transactions a second, and for critical changes while a full refresh of very many
listings uses nearly all of the same credential. A change that is not on the channel half a minute after the
last one counts as one that takes for ever.

The refresh runs one item a request against a channel that lets so many requests a second through, which
Lockgate knows as its vendor would document it. Each critical change needs two of them, to be sent and to be
read back, so its rate says how much of the credential it leaves to the refresh.
"""

import argparse
import json
import time

from bench.arena import Arena, arena
from bench.arrivals import Arrivals
from bench.ours import Channel
from lockgate.testing.outsiders import ONE_BY_ONE
from stack.inside import ADMIN

STOCK = 1000
"""Of each product at the beginning, where a change should be a routine one: far from zero."""


SITUATIONS = ("idle", "busy", "refresh")


def measure(
    only: list[str], changes: int, idle: float, busy: float, refresh: int, calls: int, critical: float
) -> dict:
    """Percentiles in milliseconds, by situation."""
    figures = {}
    with arena() as running:
        channel = Channel(running, "routine", "demo", 2 * changes, priced=False)
        channel.stock_up(range(2 * changes), STOCK)
        for situation, rate, first in (("idle", idle, 0), ("busy", busy, changes)):
            if situation in only:
                figures[situation] = Arrivals(running, channel, changes, rate, first).run(STOCK)
                channel.settle()
        if "refresh" in only:
            figures["refresh"] = under_refresh(running, changes, refresh, calls, critical)
    return figures


def under_refresh(running: Arena, changes: int, size: int, calls: int, rate: float) -> dict:
    """Critical changes (what was sold out is there again) while everything on their channel is sent again."""
    channel = Channel(running, "refresh", "demo", size, priced=False)
    running.fake.post(
        "/script", json={"kind": "limit", "limit": "leaky_bucket", "calls": calls, "seconds": 1}
    ).raise_for_status()
    with running.transaction(ADMIN) as env:
        record = env["lockgate.channel"].browse(channel.id)
        record.connector_id = env["lockgate.connector"].search([("code", "=", ONE_BY_ONE)])
        record.settings = {"url": running.stack.fake.url, "limit": f"leaky_bucket {calls}/1"}
    channel.settle()
    with running.transaction(ADMIN) as env:
        env["lockgate.channel"].browse(channel.id).action_refresh()
    time.sleep(3)  # it is under way, and the first calls that a bucket holds are gone
    before, began = running.fake.get("/limit").json(), time.monotonic()
    figures = Arrivals(running, channel, changes, rate).run(0)
    after, seconds = running.fake.get("/limit").json(), time.monotonic() - began
    let_through = {name: after[name] - before[name] for name in after}
    good = let_through["answered"] - let_through["refused"]
    with running.transaction(ADMIN) as env:
        (still,) = env["lockgate.channel"].browse(channel.id).reconciliation_ids[:1]
        if still.state != "running":
            raise SystemExit("the refresh ended before the changes did: give it more listings")
    return {
        **figures,
        "listings": size,
        "calls_a_second": calls,
        "used_of_credential": round(good / (calls * seconds), 3),
        "used_by_refresh": round((good - 2 * changes) / (calls * seconds), 3),
        "refused": let_through["refused"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=SITUATIONS, default=SITUATIONS)
    parser.add_argument("--changes", type=int, default=1000, help="in each situation")
    parser.add_argument("--idle", type=float, default=4, help="changes a second on the idle system")
    parser.add_argument("--busy", type=float, default=50, help="changes a second under load")
    parser.add_argument("--refresh", type=int, default=100_000, help="listings that are sent again")
    parser.add_argument("--calls", type=int, default=40, help="requests a second that the channel allows")
    parser.add_argument("--critical", type=float, default=1, help="changes a second during the refresh")
    print(json.dumps(measure(**vars(parser.parse_args())), indent=2))


if __name__ == "__main__":
    main()
