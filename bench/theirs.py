"""The peer in the same arena: what is listed with it, what changes, and when its jobs are done."""

import time

from bench.arena import Arena


class Peer:
    """`size` bindings of the small connector in `addons/bench_peer`, and jobs that export them."""

    def __init__(self, arena: Arena, size: int) -> None:
        self.arena, self.size, self.price = arena, size, 100.0
        self.skus = [f"peer-{number:06}" for number in range(size)]
        with arena.transaction() as env:
            env["ir.config_parameter"].set_param("bench_peer.channel", arena.stack.fake.url)
            self.ids = env["bench.peer.listing"].create([{"sku": sku} for sku in self.skus]).ids

    def raise_prices(self, batch: int) -> float:
        """A new price for every binding, `batch` of them to a job; returns when it was committed."""
        self.price += 1
        with self.arena.transaction() as env:
            listings = env["bench.peer.listing"].browse(self.ids)
            for number, listing in enumerate(listings):
                listing.price = self.price + number / 10_000
            for start in range(0, self.size, batch):
                listings[start : start + batch].with_delay().export("price")
            env.cr.flush()
            return time.monotonic()

    def wait_confirmed(self) -> float:
        """Wait until every price is written back and every job is done; returns when it was seen."""
        self.arena.wait(
            f"confirming {self.size} prices of the peer",
            "SELECT NOT EXISTS (SELECT FROM bench_peer_listing WHERE confirmed_price IS DISTINCT FROM price)",
            [],
        )
        self.settle()
        return time.monotonic()

    def new_quantity(self, number: int, quantity: int) -> float:
        """A new quantity of one binding; returns when it was committed."""
        with self.arena.transaction() as env:
            listing = env["bench.peer.listing"].browse(self.ids[number])
            listing.quantity = quantity
            listing.with_delay().export("stock")
            env.cr.flush()
            return time.monotonic()

    def settle(self, number: int | None = None) -> None:
        """Wait until every job is done."""
        self.arena.wait(
            "the peer's jobs", "SELECT NOT EXISTS (SELECT FROM queue_job WHERE state <> 'done')", []
        )
