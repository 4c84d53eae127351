"""How soon everything is leased when 1,000 price changes of 10 listings each fall due in the same second.

One database of a private PostgreSQL, one process with Odoo's registry. All listings have a price that the
channel has taken; the changes are drafted, asked for and approved one by one, all to begin at one moment.
From that moment on turns are taken one after the other, as a worker with a channel that answers at once
would. Run `python -m bench.due`; it prints JSON.
"""

import argparse
import json
import time
from datetime import UTC, datetime, timedelta

from bench.price import Prices, make_shop
from stack import inside

CHANGES, LISTINGS = 1000, 10
# Making the changes must be over before they begin: so much longer than the first ones took.
SLACK = 2.0
FIRST = 10


class Due(Prices):
    """The process that approves, and then takes the turns of the channel."""

    def run(self, changes: int) -> dict:
        """Seconds from the moment they begin until the first and the last of them is leased."""
        from odoo.addons.lockgate.tests.common import request, result

        self.message, self.result = request, result
        with self.transaction(inside.ADMIN) as env:
            self.people, self.book = make_shop(env, (changes + FIRST) * LISTINGS)
            env.invalidate_all()
            channel = env["lockgate.price.book"].browse(self.book).channel_id
            channel.action_start()
            self.channel = channel.code
            self.products = channel.listing_ids.product_id.ids
        first = self.draft({"base": "fixed", "price": 100.0})
        for step in (
            self.work,
            lambda: self.request(first),
            self.work,
            lambda: self.approve(first),
            self.work,
        ):
            step()
        self.lease((changes + FIRST) * LISTINGS, "bulk")
        begins, making = self.make(changes)
        while datetime.now(UTC) < begins:
            time.sleep(0.01)
        times, turns = self.lease(changes * LISTINGS, "critical")
        moment = begins.timestamp()
        return {
            "changes": changes,
            "listings": changes * LISTINGS,
            "seconds_until_the_first_is_leased": round(times[0] - moment, 2),
            "seconds_until_all_are_leased": round(times[-1] - moment, 2),
            "turns": turns,
            "seconds_to_make_and_approve_one": round(making, 3),
        }

    def make(self, changes: int) -> tuple[datetime, float]:
        """Approve the changes: when they begin, and how long making one took."""
        begun = time.perf_counter()
        rehearsed = datetime.now(UTC) + timedelta(days=3650)
        for number in range(changes, changes + FIRST):  # of products of their own
            self.approve_one(number, rehearsed)
        one = (time.perf_counter() - begun) / FIRST
        begins = datetime.now(UTC) + timedelta(seconds=5 + SLACK * one * changes)
        for number in range(changes):
            self.approve_one(number, begins)
        if datetime.now(UTC) >= begins:
            raise SystemExit("due: making the changes took longer than was foreseen; run it again")
        return begins, one

    def approve_one(self, number: int, begins: datetime) -> None:
        """A lower price for ten products, from `begins` on: what falls is urgent, and waits no window."""
        with self.transaction(self.people["analyst"]) as env:
            own = self.products[number * LISTINGS : (number + 1) * LISTINGS]
            lines = [(0, 0, {"product_id": product, "price": 90.0}) for product in own]
            values = {"book_ids": [(6, 0, [self.book])], "line_ids": lines}
            change = env["lockgate.price.change"].create(
                {**values, "effective_from": begins.replace(tzinfo=None, microsecond=0)}
            )
            change.action_request()
        self.approve(change.id)

    def lease(self, count: int, work_class: str) -> tuple[list[float], int]:
        """Take turns until `count` values are leased: when each was, and how many turns that took."""
        times, turns, results = [], 0, []
        while len(times) < count or results:
            with self.transaction() as env:
                turn = env["lockgate.turn"]
                answer = turn._take(self.message(self.channel, results, work_class, ceiling=count))
            turns += 1
            times += [time.time()] * len(answer["leases"])
            results = [self.result(answer, lease) for lease in answer["leases"]]
        return times, turns


def main() -> None:
    """Measure on a database of our own and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=CHANGES)
    parser.add_argument("--inside", nargs=2, metavar=("CONFIGURATION", "DATABASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps(Due(*arguments.inside).run(arguments.changes), indent=2))
    else:
        inside.run("bench.due", "--changes", arguments.changes)


if __name__ == "__main__":
    main()
