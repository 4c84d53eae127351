"""How fast a committed change is on the channel: one at a time, and 1,500 at once.

Real Odoo, PostgreSQL, Redis, pacer and worker, and the shipped fake channel. The changes are made by a
process that holds Odoo's registry, so that the moment right before its commit is known; the channel notes
on the same clock when it applied a value. Run `python -m bench.motion`; it prints JSON.
"""

import json
import logging
import os
import statistics
import subprocess
import sys
import time

import httpx

from bench.one_by_one import CODE as ONE_BY_ONE
from bench.one_by_one import distribution
from stack.debian import odoo_source
from stack.odoo import environment
from stack.onboarding import issue_key
from stack.paths import ROOT
from stack.processes import wait_until
from stack.stack import Stack
from stack.user import User

LISTINGS, CHANGES, ROUNDS = 1500, 200, 3
ADMIN, SUPERUSER = 2, 1


def main() -> None:
    print(json.dumps(measure(), indent=2))


def measure() -> dict:
    """Both numbers: milliseconds from the commit, and listings a second until Odoo has confirmed them."""
    with Stack("bench", shop=False, workers=0) as stack:
        outsiders = distribution(stack.folder / "outsiders")
        os.environ["PYTHONPATH"] = os.pathsep.join([str(outsiders), str(ROOT)])
        admin = User(stack.odoo.url, stack.odoo.database, "admin", "admin")
        stack.start_sidecar(issue_key(admin))
        if not wait_until(
            lambda: len(admin.find("lockgate.connector", [("code", "=", ONE_BY_ONE)], "code")) == 1, 30
        ):
            raise SystemExit(f"the pacer registered no connector {ONE_BY_ONE}; see {stack.sidecar.pacer.log}")
        variables = {**environment(odoo_source()), "LOCKGATE_REDIS_URL": stack.redis.url}
        variables["PYTHONPATH"] += os.pathsep + str(ROOT)
        argv = [
            sys.executable,
            "-m",
            "bench.motion",
            str(stack.odoo.configuration),
            stack.odoo.database,
            stack.fake.url,
        ]
        done = subprocess.run(
            argv, cwd=ROOT, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True, check=True
        )
        return json.loads(done.stdout)


class Changes:
    """The process that changes things in Odoo, and watches the channel."""

    def __init__(self, configuration: str, database: str, url: str) -> None:
        from odoo.api import Environment
        from odoo.modules.registry import Registry
        from odoo.tools import config

        config.parse_config(["-c", configuration, "-d", database, "--log-level", "error"])
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self.environment, self.registry = Environment, Registry(database)
        # An approval needs a person at the web client; the add-on is importable once Odoo is configured.
        from odoo.addons.lockgate_price.tests.session import interactive

        self.interactive = interactive
        self.fake = httpx.Client(base_url=url, timeout=60)

    def run(self) -> dict:
        with self.registry.cursor() as cr:
            env = self.environment(cr, ADMIN, {})
            self.make_products(env)
            channels = {"demo": self.make_channel(env, "demo")}
        self.settle()
        latency = self.latency()
        with self.registry.cursor() as cr:
            env = self.environment(cr, ADMIN, {})
            channels[ONE_BY_ONE] = self.make_channel(env, ONE_BY_ONE)
            # from here on read-backs wait for their turn, as they do by default
            env["lockgate.channel"].browse(channels.values()).write({"lag": 1})
        throughput = {}
        for code, name in (("demo", "batches"), (ONE_BY_ONE, "batches_of_one")):
            with self.registry.cursor() as cr:
                env = self.environment(cr, ADMIN, {})
                for other, channel in channels.items():
                    state = env["lockgate.channel"].browse(channel).state
                    if other == code and state == "frozen":
                        env["lockgate.channel"].browse(channel).action_resume()
                    if other != code and state == "running":
                        env["lockgate.channel"].browse(channel).action_freeze()
            self.settle()
            seconds = [self.new_prices(channels[code], number) for number in range(ROUNDS)]
            throughput[name] = {
                "seconds": [round(each, 3) for each in seconds],
                "listings_a_second": round(LISTINGS / statistics.median(seconds)),
            }
        return {"commit_to_channel": latency, "new_prices": {"listings": LISTINGS, **throughput}}

    def make_products(self, env) -> None:
        values = [
            {
                "name": f"Bench {n}",
                "default_code": f"BENCH-{n:05}",
                "is_storable": True,
                "list_price": 10 + n / 100,
            }
            for n in range(LISTINGS)
        ]
        self.products = env["product.product"].create(values).ids
        warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
        self.warehouse, self.location = warehouse.id, warehouse.lot_stock_id.id
        self.pricelist = env["product.pricelist"].create({"name": "Bench", "company_id": env.company.id}).id

    def make_channel(self, env, code: str) -> int:
        connector = env["lockgate.connector"].search([("code", "=", code)])
        channel = env["lockgate.channel"].create(
            {
                "name": code,
                "code": code,
                "connector_id": connector.id,
                "settings": {"url": str(self.fake.base_url).rstrip("/")},
                "warehouse_ids": [(6, 0, [self.warehouse])],
                "lag": 0,  # the fake channel shows at once what it was told
            }
        )
        prefix = "" if code == "demo" else f"{code}-"
        env["lockgate.listing"].create(
            [
                {"channel_id": channel.id, "product_id": product, "sku": f"{prefix}BENCH-{n:05}"}
                for n, product in enumerate(self.products)
            ]
        )
        env["lockgate.price.book"].create(
            {"name": code, "channel_id": channel.id, "pricelist_id": self.pricelist}
        )
        channel.action_start()
        return channel.id

    def settle(self) -> None:
        """Wait until nothing is due, in flight or unverified on a running channel."""

        def settled() -> bool:
            with self.registry.cursor() as cr:
                cr.execute(
                    """SELECT NOT EXISTS (SELECT FROM lockgate_outbox) AND NOT EXISTS (
                        SELECT FROM lockgate_publication p JOIN lockgate_channel c ON c.id = p.channel_id
                         WHERE p.state <> 'settled' AND c.state = 'running')"""
                )
                return cr.fetchone()[0]

        if not wait_until(settled, 300, 0.2):
            raise SystemExit("the channels did not come to rest")

    def latency(self) -> dict:
        """Milliseconds from right before the commit of one stock change until the channel has applied it."""
        found = []
        for number in range(CHANGES):
            product = self.products[number % LISTINGS]
            sku, quantity = f"BENCH-{number % LISTINGS:05}", 1000 + number
            since = self.history(0, last=True)
            with self.registry.cursor() as cr:
                env = self.environment(cr, SUPERUSER, {})
                location = env["stock.location"].browse(self.location)
                env["stock.quant"]._update_available_quantity(
                    env["product.product"].browse(product), location, quantity
                )
                cr.flush()
                committed = time.monotonic()
                cr.commit()
            found.append(1000 * (self.applied(since, sku, quantity) - committed))
            self.settle_one(sku)
        cuts = statistics.quantiles(found, n=100)
        return {"changes": CHANGES, "p50_ms": round(cuts[49], 1), "p95_ms": round(cuts[94], 1)}

    def applied(self, since: int, sku: str, quantity: int) -> float:
        while True:
            answer = self.fake.get("/history", params={"since": since, "wait": 30}).json()
            for entry in answer["entries"]:
                pushed = entry["path"] == "/stock" and entry["applied"] and entry["value"]
                if pushed and (pushed["sku"], pushed["quantity"]) == (sku, quantity):
                    return entry["applied_monotonic"]
            if not answer["entries"]:
                raise SystemExit(f"the channel did not get {quantity} of {sku}")
            since = answer["last"]

    def settle_one(self, sku: str) -> None:
        """Wait until it is confirmed and read back, so that the next change meets an idle system."""

        def settled() -> bool:
            with self.registry.cursor() as cr:
                cr.execute(
                    """SELECT p.state = 'settled' FROM lockgate_publication p
                         JOIN lockgate_listing l ON l.id = p.listing_id
                        WHERE l.sku = %s AND p.aspect = 'stock'""",
                    [sku],
                )
                return cr.fetchone()[0]

        if not wait_until(settled, 30, 0.02):
            raise SystemExit(f"{sku} was not read back")

    def history(self, since: int, last: bool = False):
        answer = self.fake.get("/history", params={"since": since if not last else 10**12}).json()
        return answer["last"] if last else answer["entries"]

    def new_prices(self, channel: int, number: int) -> float:
        """Seconds from the commit of 1,500 approved prices until Odoo has confirmed the last."""
        with self.registry.cursor() as cr:
            env = self.environment(cr, ADMIN, {})
            book = env["lockgate.price.book"].search([("channel_id", "=", channel)])
            analyst, approver = (env.ref(f"lockgate_price.user_{role}") for role in ("analyst", "approver"))
            change = (
                env["lockgate.price.change"]
                .with_user(analyst)
                .create(
                    {
                        "reason": "bench",
                        "book_ids": [(6, 0, book.ids)],
                        "line_ids": [
                            (0, 0, {"product_id": product, "price": 100 + number + n / 100})
                            for n, product in enumerate(self.products)
                        ],
                    }
                )
            )
            change.action_request()
            cr.commit()
            with self.interactive(approver):
                change.with_user(approver).action_approve()
            cr.flush()
            committed = time.monotonic()
            cr.commit()

        def confirmed() -> bool:
            with self.registry.cursor() as cr:
                cr.execute(
                    """SELECT count(*) FROM lockgate_publication p
                         JOIN lockgate_price_seal s ON s.id = (p.confirmed->>'seal')::int
                        WHERE p.channel_id = %s AND p.aspect = 'price' AND s.change_id = %s""",
                    [channel, change.id],
                )
                return cr.fetchone()[0] == LISTINGS

        if not wait_until(confirmed, 300, 0.02):
            raise SystemExit("not every price was confirmed")
        seconds = time.monotonic() - committed
        self.settle()
        return seconds


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(Changes(*sys.argv[1:]).run()))
    else:
        main()
