"""Changes that arrive at a fixed rate, whatever comes back, and how long each took to the channel."""

import math
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from bench.arena import Arena, percentiles
from bench.ours import Channel

THREADS = 4
"""Transactions at once, so that one that takes long does not hold the others up."""

PATIENCE = 30.0
"""Seconds after the last arrival; what is not on the channel by then has taken for ever."""


class Arrivals:
    """`count` changes of stock, each of another listing and to a number of its own, `rate` a second."""

    def __init__(self, arena: Arena, channel: Channel, count: int, rate: float, first: int = 0) -> None:
        self.arena, self.channel, self.rate = arena, channel, rate
        self.numbers = range(first, first + count)
        self.lateness = 0.0

    def run(self, before: int) -> dict:
        """Percentiles from right before each commit; every product has `before` of it in stock by now."""
        since = self.arena.told()
        began = time.monotonic() + 0.5
        with ThreadPoolExecutor(THREADS) as pool:
            parts = [pool.submit(self._changes, part, began) for part in range(THREADS)]
            committed = dict(pair for part in parts for pair in part.result())
        wanted = {
            self.channel.skus[number]: (before + self._added(number), committed[number])
            for number in self.numbers
        }
        applied = self._applied(since, wanted)
        took = [1000 * (applied.get(sku, math.inf) - moment) for sku, (_, moment) in wanted.items()]
        return {
            "changes": len(took),
            "a_second": self.rate,
            "latest_arrival_ms": round(1000 * self.lateness, 1),
            "unfinished": sum(map(math.isinf, took)),
            **percentiles(took, 50, 95, 99),
        }

    def _added(self, number: int) -> int:
        return 1 + number - self.numbers.start

    def _changes(self, part: int, began: float) -> Iterable[tuple[int, float]]:
        """Every fourth of them, each at its time; returns (number, when it was committed)."""
        done = []
        for place in range(part, len(self.numbers), THREADS):
            number, due = self.numbers[place], began + place / self.rate
            time.sleep(max(0.0, due - time.monotonic()))
            self.lateness = max(self.lateness, time.monotonic() - due)
            done.append((number, self.channel.new_quantity(number, self._added(number))))
        return done

    def _applied(self, since: int, wanted: dict[str, tuple[int, float]]) -> dict[str, float]:
        """By SKU when the channel first applied what was wanted of it."""
        found: dict[str, float] = {}
        give_up = time.monotonic() + PATIENCE
        while len(found) < len(wanted) and time.monotonic() < give_up:
            for entry in self.arena.history(since):
                since = entry["number"]
                quantity, _ = wanted.get(entry["sku"], (-1, 0.0))
                if entry["applied"] and entry["value"].get("quantity") == quantity:
                    found.setdefault(entry["sku"], entry["applied_monotonic"])
            time.sleep(0.2)
        return found
