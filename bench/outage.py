"""How soon everything is on the channel again after an outage.

The channel answers 503 to everything for so long; meanwhile an approved change gives every listing a new
price. Its limit lets batches of 250 through at so many requests a second, and Lockgate knows it as its vendor
would document it. Counted from the first price that the channel takes again until Odoo has confirmed the
last one.
"""

import argparse
import json
import time

from bench.arena import Arena, arena
from bench.ours import Channel
from stack.inside import ADMIN

LIMIT, CALLS, SECONDS = "leaky_bucket", 10, 3
"""250 listings a request: 50,000 of them in 60 seconds, without what the bucket holds at the beginning."""

BATCH = 250
GOAL = 1.1
"""Times what the limit allows: 66 seconds for 60."""


def measure(listings: int, outage: float) -> dict:
    with arena() as running:
        channel = Channel(running, "outage", "demo", listings)
        with running.transaction(ADMIN) as env:
            env["lockgate.channel"].browse(channel.id).settings = {
                "url": running.stack.fake.url,
                "limit": f"{LIMIT} {CALLS}/{SECONDS}",
            }
        channel.settle()
        tell(running, kind="fail", status=503)
        since, down = running.told(), time.monotonic()
        channel.raise_prices()
        time.sleep(max(0.0, outage - (time.monotonic() - down)))
        refused = len({entry["request"] for entry in running.history(since)})
        running.fake.delete("/script").raise_for_status()
        up, since = time.monotonic(), running.told()
        tell(running, kind="limit", limit=LIMIT, calls=CALLS, seconds=SECONDS)
        first = running.applied(since, lambda value: value["aspect"] == "price")
        confirmed = channel.wait_confirmed()
        told = running.history(since)
        limit = running.fake.get("/limit").json()
    taken = [entry for entry in told if entry["applied"]]
    if {entry["sku"] for entry in taken} != set(channel.skus):
        raise SystemExit("the channel does not have every price that Odoo has confirmed")
    allowed = listings / BATCH / (CALLS / SECONDS)
    return {
        "listings": listings,
        "outage_seconds": round(up - down),
        "requests_during_outage": refused,
        "seconds_until_tried_again": round(first - up, 1),
        "limit_allows_in_seconds": round(allowed, 1),
        "first_taken_to_all_confirmed_seconds": round(confirmed - first, 1),
        "goal_seconds": round(GOAL * allowed, 1),
        "sent_twice": len(taken) - len(channel.skus),
        "pushes": len({entry["request"] for entry in taken}),
        "answers": limit["answered"],
        "refused_by_limit": limit["refused"],
    }


def tell(running: Arena, **rule: object) -> None:
    running.fake.post("/script", json=rule).raise_for_status()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listings", type=int, default=50_000)
    parser.add_argument("--outage", type=float, default=600, help="seconds")
    print(json.dumps(measure(**vars(parser.parse_args())), indent=2))


if __name__ == "__main__":
    main()
