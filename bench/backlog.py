"""What is kept where while a channel is down and changes pile up: coalesced in Odoo, and nothing in Redis.

The channel answers 503 to everything. Meanwhile 1,000,000 changes of stock are committed, a thousand in a
transaction, each of which marks its listing as a hook does; numbers are changed by SQL, so that what is
measured is Lockgate's part. Once a second: Redis's memory, what it queues, and Odoo's marks.
"""

import argparse
import json
import time

from redis import Redis

from bench.arena import Arena, arena
from bench.ours import Channel
from bench.outage import tell
from lockgate.contract import WorkClass
from stack.inside import SUPERUSER

EACH = 1000
"""Changes in one transaction, each of another listing."""


class Kept:
    """The most that was seen of each."""

    def __init__(self, running: Arena, channel: Channel) -> None:
        self.arena, self.channel = running, channel
        self.redis = Redis.from_url(running.stack.redis.url)
        self.most: dict[str, int] = {}
        self.at = 0.0

    def look(self) -> None:
        """Once a second."""
        if time.monotonic() < self.at:
            return
        self.at = time.monotonic() + 1.0
        marks = "SELECT count(*) FROM lockgate_outbox WHERE channel_id = %s"
        seen = {
            "redis_bytes": self.redis.info("memory")["used_memory"],
            "redis_keys": self.redis.dbsize(),
            "nudges": sum(self.redis.llen(work_class) for work_class in WorkClass),
            "marks": self.arena.ask(marks, [self.channel.id])[0],
        }
        self.most = {name: max(value, self.most.get(name, 0)) for name, value in seen.items()}


def measure(listings: int, changes: int) -> dict:
    with arena() as running:
        channel = Channel(running, "backlog", "demo", listings, priced=False)
        channel.stock_up(range(listings), 10)
        tell(running, kind="fail", status=503)
        kept = Kept(running, channel)
        kept.look()
        before, began = kept.most["redis_bytes"], time.monotonic()
        for number in range(changes // EACH):
            change(channel, number)
            kept.look()
        seconds = time.monotonic() - began
        kept.at = 0.0
        kept.look()
        values = "SELECT count(*) FROM lockgate_publication WHERE channel_id = %s AND wanted IS NOT NULL"
        (waiting,) = running.ask(values, [channel.id])
        since = running.told()
        running.fake.delete("/script").raise_for_status()
        channel.settle()
        told = [entry for entry in running.history(since) if entry["path"] == "/stock" and entry["applied"]]
        shown = running.fake.get("/listings").json()
        wanted = 10 + changes // listings
        if any(shown[sku]["quantity"] != wanted for sku in channel.skus):
            raise SystemExit("the channel does not have every number that Odoo has")
    return {
        "listings": listings,
        "changes": changes // EACH * EACH,
        "seconds": round(seconds),
        "redis_bytes_before": before,
        **{f"most_{name}": most for name, most in kept.most.items()},
        "values_waiting": waiting,
        "values_sent_afterwards": len(told),
    }


def change(channel: Channel, number: int) -> None:
    """One more of each of the next products, all in turn."""
    first = number * EACH % len(channel.products)
    products = (channel.products[first:] + channel.products[:first])[:EACH]
    with channel.arena.transaction(SUPERUSER) as env:
        env.cr.execute(
            "UPDATE stock_quant SET quantity = quantity + 1 WHERE location_id = %s AND product_id = ANY(%s)",
            [channel.location, products],
        )
        env["lockgate.outbox"]._mark_products("stock", products, "moved")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listings", type=int, default=5000)
    parser.add_argument("--changes", type=int, default=1_000_000)
    print(json.dumps(measure(**vars(parser.parse_args())), indent=2))


if __name__ == "__main__":
    main()
