"""How long the impact and the sealing of a price change of very many listings take, and how they grow.

One database of a private PostgreSQL, one process with Odoo's registry. The prices of all listings are sealed
once, then a change of the whole book by -10 % is drafted, its impact computed as the scheduled action does
it, asked for and approved; what is large is checked and sealed in the background, measured on its own. Then
lines are imported from files (`price_import`). Run
`python -m bench.price`; it prints JSON.
"""

import argparse
import json
import time

from bench import price_import
from bench.copies import copy_row
from stack import inside

SIZES = (10_000, 100_000)


class Prices(inside.Inside):
    """The process that drafts and approves: an analyst, an approver and a shop with `size` listings."""

    def __init__(self, configuration: str, database: str) -> None:
        super().__init__(configuration, database)
        # An approval needs a person at the web client; the add-on is importable once Odoo is configured.
        from odoo.addons.lockgate.tests.session import interactive

        self.interactive = interactive

    def run(self, size: int) -> dict:
        """Seconds, and listings a second, of each step: what a person waits for, and what runs behind."""
        with self.transaction(inside.ADMIN) as env:
            self.people, self.book = make_shop(env, size)
        first = self.draft({"base": "fixed", "price": 100.0})
        self.work()
        self.request(first)
        self.work()
        self.approve(first)
        self.work()
        figures = {}
        begun = time.perf_counter()
        change = self.draft({"base": "in_force", "percent": -10.0, "overrides": True})
        figures["draft"] = time.perf_counter() - begun
        figures["impact_in_background"] = self.timed(self.work)
        figures["request"] = self.timed(self.request, change)
        figures["request_in_background"] = self.timed(self.work)
        figures["approve"] = self.timed(self.approve, change)
        figures["seal_in_background"] = self.timed(self.work)
        with self.transaction(inside.ADMIN) as env:
            sealed = env["lockgate.price.change"].browse(change).seal_count
        if sealed != size:
            raise SystemExit(f"price: {sealed} of {size} listings were sealed")
        return {
            name: {"seconds": round(seconds, 2), "listings_a_second": round(size / seconds)}
            for name, seconds in figures.items()
        } | price_import.measure(self, size)

    @staticmethod
    def timed(step, *arguments) -> float:
        begun = time.perf_counter()
        step(*arguments)
        return time.perf_counter() - begun

    def draft(self, line: dict) -> int:
        with self.transaction(self.people["analyst"]) as env:
            change = env["lockgate.price.change"].create(
                {
                    "book_ids": [(6, 0, [self.book])],
                    "line_ids": [(0, 0, {"applies_to": "book", **line})],
                }
            )
            return change.id

    def work(self) -> None:
        """All that the scheduled action has to do."""
        with self.transaction() as env:
            env["lockgate.price.job"]._run()

    def request(self, change: int) -> None:
        with self.transaction(self.people["analyst"]) as env:
            env["lockgate.price.change"].browse(change).action_request()

    def approve(self, change: int) -> None:
        with self.transaction(self.people["approver"]) as env, self.interactive(env.user):
            env["lockgate.price.change"].browse(change).action_approve()


def make_shop(env, size: int) -> tuple[dict[str, int], int]:
    """One book with `size` listings of a product each: the first made by Odoo, the others copied in SQL."""
    people = {
        role: env(user=inside.SUPERUSER)["res.users"]
        .create(
            {
                "name": f"{role} {size}",
                "login": f"bench_{role}_{size}",
                "group_ids": [(6, 0, [env.ref(f"lockgate_price.lockgate_price_group_{role}").id])],
            }
        )
        .id
        for role in ("analyst", "approver")
    }
    connector = env["lockgate.connector"].sudo().search([("code", "=", "bench_price")]) or env[
        "lockgate.connector"
    ].sudo().create({"code": "bench_price", "name": "Bench", "settings_schema": {}})
    channel = env["lockgate.channel"].create(
        {"name": f"Bench {size}", "code": f"bench_{size}", "connector_id": connector.id}
    )
    product = env["product.product"].create(
        {"name": "Bench", "default_code": f"BENCH-{size}", "list_price": 90.0, "standard_price": 40.0}
    )
    listing = env["lockgate.listing"].create({"channel_id": channel.id, "product_id": product.id})
    pricelist = env["product.pricelist"].create({"name": f"Bench {size}"})
    book = env["lockgate.price.book"].create(
        {"name": "Bench", "channel_id": channel.id, "pricelist_id": pricelist.id}
    )
    env.flush_all()
    templates = copy_row(env, product.product_tmpl_id, size - 1)
    products = copy_row(env, product, size - 1, product_tmpl_id=templates)
    skus = [f"{size}-{number}" for number in range(1, size)]
    copy_row(env, listing, size - 1, product_id=products, sku=skus)
    env.cr.execute("ANALYZE product_template, product_product, lockgate_listing")
    return people, book.id


def growth(figures: dict) -> dict:
    """How many times as long the largest takes as the smallest, by how many times as large it is.

    1 is linear, less is better.
    """
    small, large = figures[min(figures)], figures[max(figures)]
    times = max(figures) / min(figures)
    return {
        name: round(large[name]["seconds"] / max(small[name]["seconds"], 0.01) / times, 2) for name in small
    }


def main() -> None:
    """Measure on a database of our own and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--inside", nargs=2, metavar=("CONFIGURATION", "DATABASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        prices = Prices(*arguments.inside)
        figures = {size: prices.run(size) for size in arguments.sizes}
        print(json.dumps({**figures, "growth": growth(figures)}, indent=2))
    else:
        inside.run("bench.price", "--sizes", *arguments.sizes)


if __name__ == "__main__":
    main()
