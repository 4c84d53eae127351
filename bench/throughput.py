"""How many listings a second get a new price with 1, 2 and 4 workers, and what that costs.

One channel, the shipped fake, in batches of up to 250. Counted from right before the commit of the approved
change until the channel has every price and Odoo has every one confirmed. Read-backs come a second later and
their cost is not in it, unless the run takes longer than that.
"""

import argparse
import json

from bench.arena import Arena, arena
from bench.ours import Channel
from bench.usage import memory_megabytes, processor_seconds

SIZES = (1_500, 50_000)
WORKERS = (1, 2, 4)


def measure(sizes: list[int], workers: list[int]) -> dict:
    """By number of listings and of workers."""
    with arena() as running:
        figures: dict[str, object] = {}
        for size in sizes:
            channel = Channel(running, f"{size}", "demo", size)
            figures[str(size)] = {count: run(running, channel, count) for count in workers}
        figures["channel_service_ms"] = {str(items): running.service_time(items) for items in (1, 250)}
        return figures


def run(running: Arena, channel: Channel, count: int) -> dict:
    workers = running.run_workers(count)
    parts = {
        "workers": workers,
        "odoo": [running.stack.odoo.process],
        "postgresql": [running.stack.databases.process],
        "channel": [running.stack.fake.process],
    }
    since = running.told()
    committed = channel.raise_prices()
    before = {name: sum(map(processor_seconds, each)) for name, each in parts.items()}
    seconds = channel.wait_confirmed() - committed
    after = {name: sum(map(processor_seconds, each)) for name, each in parts.items()}
    shown = {entry["sku"] for entry in running.history(since) if entry["applied"]}
    if shown != set(channel.skus):
        raise SystemExit(f"the channel has {len(shown)} of {channel.size} prices that Odoo has confirmed")
    channel.settle()
    return {
        "seconds": round(seconds, 2),
        "listings_a_second": round(channel.size / seconds),
        "processor_seconds_a_thousand": {
            name: round(1000 * (after[name] - before[name]) / channel.size, 2) for name in parts
        },
        "megabytes_a_worker": max(map(memory_megabytes, workers)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of listings")
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.sizes, arguments.workers), indent=2))


if __name__ == "__main__":
    main()
