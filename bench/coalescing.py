"""How many pushes a burst of stock moves becomes, and whether what is critical waits for it.

10,000 done moves of ten SKUs in a minute, ten of each in a transaction, or as fast as the machine can, on a
channel with a window for routine changes. Ten times meanwhile one of the SKUs is sold out or comes back:
that is critical and must not wait for the window, nor behind the others.
"""

import argparse
import json
import time

from bench.arena import Arena, arena, percentiles
from bench.ours import Channel
from stack.inside import ADMIN

SKUS, EACH, STOCK, CROSSINGS = 10, 10, 1_000_000, 10


class Burst:
    """Ten SKUs on a channel, and what is moved of them."""

    def __init__(self, running: Arena, window: int) -> None:
        self.arena, self.window = running, window
        self.channel = Channel(running, "burst", "demo", SKUS, priced=False, routine_window=window)
        self.channel.stock_up(range(SKUS), STOCK)
        self.left = STOCK  # of the last SKU, which is sold out and comes back

    def run(self, moves: int, seconds: float) -> dict:
        """Make so many moves, evenly over those seconds where the machine can."""
        since, began, done, crossings = self.arena.told(), time.monotonic(), 0, []
        while done < moves:
            time.sleep(max(0.0, began + seconds * done / moves - time.monotonic()))
            products = self.channel.products if self.left else self.channel.products[:-1]
            self.move([(product, 1) for product in products for _again in range(EACH)])
            done += len(products) * EACH
            self.left -= EACH if self.left else 0
            if done >= moves * (len(crossings) + 0.5) / CROSSINGS:
                quantity = self.left or -STOCK
                crossings.append((self.move([(self.channel.products[-1], quantity)]), quantity > 0))
                self.left -= quantity
                done += 1
        lasted = time.monotonic() - began
        self.channel.settle()
        entries = [each for each in self.arena.history(since) if each["path"] == "/stock"]
        return {
            "moves": done,
            "skus": SKUS,
            "seconds": round(lasted, 1),
            "window_seconds": self.window,
            "pushed_values": len(entries),
            "requests": len({entry["request"] for entry in entries}),
            "crossings": {
                "count": len(crossings),
                **percentiles([self.latency(entries, *each) for each in crossings], 50, 100),
            },
        }

    def move(self, quantities: list[tuple[int, float]]) -> float:
        """Ship (or, below zero, take back) so much of each; returns when it was committed."""
        with self.arena.transaction(ADMIN) as env:
            places = self.channel.location, env.ref("stock.stock_location_customers").id
            moves = env["stock.move"].with_context(tracking_disable=True)
            moves = moves.create([self.done(*each, *places) for each in quantities])
            moves._action_done()
            env.cr.flush()
            return time.monotonic()

    def done(self, product: int, quantity: float, stock: int, customers: int) -> dict:
        """A move that is picked, line and all, so that nothing is reserved for it first."""
        here, there = (stock, customers) if quantity > 0 else (customers, stock)
        common = {"product_id": product, "location_id": here, "location_dest_id": there, "picked": True}
        line = {**common, "quantity": abs(quantity)}
        return {**common, "product_uom_qty": abs(quantity), "move_line_ids": [(0, 0, line)]}

    def latency(self, entries: list[dict], committed: float, sold_out: bool) -> float:
        """Milliseconds until the channel showed a crossing; infinite where it never did."""
        shown = [
            entry["applied_monotonic"]
            for entry in entries
            if entry["sku"] == self.channel.skus[-1]
            and entry["applied"]
            and entry["applied_monotonic"] > committed
            and (entry["value"]["quantity"] == 0) == sold_out
        ]
        return 1000 * (min(shown, default=float("inf")) - committed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60, help="the least that they take")
    parser.add_argument("--window", type=int, default=5, help="the channel's, in seconds")
    arguments = parser.parse_args()
    with arena() as running:
        figures = Burst(running, arguments.window).run(arguments.moves, arguments.seconds)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
