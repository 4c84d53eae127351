"""Lockgate beside OCA queue_job 19.0: the same Odoo, PostgreSQL, machine and channel, taking turns.

A round measures one after the other, by both: single changes of stock on an idle system, from right before
their commit until the fake channel applied them; and a new price for every listing, from its commit until
the channel has the last and Odoo has it confirmed. With batches, and one item a call.

The peer has what its documentation recommends: Odoo in workers mode, `queue_job` server-wide, 4 slots. Its
job (`addons/bench_peer`) is the least that a connector does: it reads a value that stands ready, calls the
channel over a kept connection, and writes back what it took. Lockgate computes what may be sold, or checks
the seal.
"""

import argparse
import json
import statistics

from bench.arena import Arena, arena, percentiles
from bench.ours import Channel
from bench.peer_stack import PeerStack
from bench.theirs import Peer
from lockgate.testing.outsiders import ONE_BY_ONE

BATCH = 250
"""Items a request, as the fake channel's connector declares."""


def measure(rounds: int, changes: int, listings: int) -> dict:
    """Both sides and the ratios: theirs divided by ours in time, so more is better for Lockgate."""
    with arena(PeerStack("bench")) as running:
        return Comparison(running, listings).run(rounds, changes)


class Comparison:
    def __init__(self, running: Arena, listings: int) -> None:
        self.arena, self.listings = running, listings
        self.batched = Channel(running, "batched", "demo", listings)
        self.single = Channel(running, "single", ONE_BY_ONE, listings)
        self.peer = Peer(running, listings)
        self.quantity = 0

    def run(self, rounds: int, changes: int) -> dict:
        latencies: dict[str, list[float]] = {"lockgate": [], "queue_job": []}
        seconds: dict[str, list[float]] = {}
        for _ in range(rounds):
            self.batched.set(lag=0)  # one change at a time: it is read back at once
            for name, side in (("lockgate", self.batched), ("queue_job", self.peer)):
                latencies[name] += self.latency(side, -(-changes // rounds))
            self.batched.set(lag=1)
            for name, round_ in self.new_prices().items():
                seconds.setdefault(name, []).append(round_)
        return self.figures(latencies, seconds)

    def latency(self, side: Channel | Peer, changes: int) -> list[float]:
        """Milliseconds from right before each commit until the channel applied the change."""
        found = []
        for _ in range(changes):
            self.quantity += 1
            number = self.quantity % self.listings
            since = self.arena.told()
            committed = side.new_quantity(number, self.quantity)
            sku = side.skus[number]
            applied = self.arena.applied(
                since, lambda value, sku=sku: value["sku"] == sku and "quantity" in value
            )
            found.append(1000 * (applied - committed))
            side.settle(number)
        return found

    def new_prices(self) -> dict[str, float]:
        """Seconds of one round, by side and size of batch."""
        ways = {
            "lockgate_batched": (self.batched, self.batched.raise_prices),
            "queue_job_batched": (self.peer, lambda: self.peer.raise_prices(BATCH)),
            "lockgate_single": (self.single, self.single.raise_prices),
            "queue_job_single": (self.peer, lambda: self.peer.raise_prices(1)),
        }
        seconds = {}
        for name, (side, change) in ways.items():
            committed = change()
            seconds[name] = side.wait_confirmed() - committed
            side.settle()
        return seconds

    def figures(self, latencies: dict[str, list[float]], seconds: dict[str, list[float]]) -> dict:
        median = {name: statistics.median(each) for name, each in seconds.items()}
        return {
            "commit_to_channel": {
                name: {"changes": len(found), **percentiles(found, 50, 95)}
                for name, found in latencies.items()
            },
            "new_prices": {
                name: {
                    "seconds": [round(each, 3) for each in found],
                    "listings_a_second": round(self.listings / median[name]),
                }
                for name, found in seconds.items()
            },
            "ratios": {
                "both_one_a_call": round(median["queue_job_single"] / median["lockgate_single"], 2),
                "both_batched": round(median["queue_job_batched"] / median["lockgate_batched"], 2),
                "ours_batched_theirs_one_a_call": round(
                    median["queue_job_single"] / median["lockgate_batched"], 1
                ),
            },
            "listings": self.listings,
            "batch": BATCH,
            "channel_service_ms": {str(size): self.arena.service_time(size) for size in (1, BATCH)},
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--changes", type=int, default=200, help="single changes by each side, in all rounds")
    parser.add_argument("--listings", type=int, default=1500)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.rounds, arguments.changes, arguments.listings), indent=2))


if __name__ == "__main__":
    main()
