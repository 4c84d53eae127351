"""One chaos run: start the real parts, do business, break things, heal, wait, check what was left behind."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from chaos import business, checker, evidence
from chaos.faults import Faults
from stack.console import Failed, step
from stack.debian import odoo_source
from stack.odoo import environment
from stack.onboarding import issue_key
from stack.paths import ROOT
from stack.processes import wait_until
from stack.stack import Stack
from stack.user import User

# Short, so that what is lost is found again while the run lasts.
TIMING = {"send_within": 3, "deadline": 3, "late_bound": 2, "lag": 1, "routine_window": 1}
BOUNDS = checker.Bounds(*(TIMING[name] for name in checker.Bounds._fields))
CHANNELS = ("east", "west")
PRODUCTS = 12
BUSINESSES = 2
CONVERGE = 180.0


def run(seconds: float, seed: int, pause: float = 0.15) -> dict:
    """Returns what happened, with the violations by property."""
    with Stack("chaos", shop=False) as stack:
        admin = User(stack.odoo.url, stack.odoo.database, "admin", "admin")
        stack.start_sidecar(issue_key(admin))
        second = stack.sidecar.new_worker("worker-2", "--concurrency", "4")
        second.start()
        try:
            plan, skus = set_up(stack, admin, seconds, seed, pause)
            rest(stack, 60)
            return play(stack, plan, skus)
        finally:
            second.stop()


def set_up(stack: Stack, admin: User, seconds: float, seed: int, pause: float) -> tuple[dict, dict]:
    """Two channels on one fake shop, of the same products; returns the plan, and who lists what."""
    if not wait_until(lambda: admin.find("lockgate.connector", [("code", "=", "demo")], "code") != [], 30):
        raise Failed(f"the pacer registered no connector; see {stack.sidecar.pacer.log}")
    warehouse = admin.find("stock.warehouse", [], "lot_stock_id", "out_type_id", limit=1, order="id")[0]
    products = [
        admin.create(
            "product.product", name=f"Chaos {n}", default_code=f"C{n:02}", is_storable=True, list_price=10 + n
        )
        for n in range(PRODUCTS)
    ]
    for product in products:
        admin.call(
            "stock.quant",
            "create",
            [{
                "product_id": product, "location_id": warehouse["lot_stock_id"],
                "inventory_quantity_auto_apply": business.BEGINNING,
            }],
            context={"inventory_mode": True},
        )  # fmt: skip
    pricelist = admin.create("product.pricelist", name="Chaos")
    connector = admin.find("lockgate.connector", [("code", "=", "demo")], "code")[0]["id"]
    channels, books, skus = [], [], {}
    for code in CHANNELS:
        channel = admin.create(
            "lockgate.channel", name=code.title(), code=code, connector_id=connector,
            settings={"url": stack.fake.url}, warehouse_ids=[(6, 0, [warehouse["id"]])], **TIMING,
        )  # fmt: skip
        listings = [
            {"channel_id": channel, "product_id": product, "sku": f"{code}-{product}"} for product in products
        ]
        admin.call("lockgate.listing", "create", listings)
        book = admin.create(
            "lockgate.price.book",
            name=code,
            channel_id=channel,
            pricelist_id=pricelist,
            reference=f"{code} book",
        )
        baseline(stack, book)
        admin.call("lockgate.channel", "action_start", [channel])
        channels.append(channel)
        books.append(book)
        skus[channel] = {listing["sku"] for listing in listings}
    plan = {
        "skus": sorted(sku for own in skus.values() for sku in own),
        "database": stack.odoo.database, "odoo": stack.odoo.url,
        "seed": seed, "seconds": seconds, "pause": pause,
        "products": products, "channels": channels, "books": books, "location": warehouse["lot_stock_id"],
        "out_type": warehouse["out_type_id"],
        "customers": admin.reference("stock.stock_location_customers"),
        "passwords": {"analyst": "analyst", "approver": "approver"},
    }  # fmt: skip
    return plan, skus


def baseline(stack: Stack, book: int) -> None:
    """The first prices of a book, asked for and approved."""
    analyst = User(stack.odoo.url, stack.odoo.database, "analyst", "analyst")
    analyst.call("lockgate.price.book", "action_draft_baseline", [book])
    (change,) = (
        row["id"] for row in analyst.find("lockgate.price.change", [("book_ids", "in", [book])], "id")
    )
    analyst.call("lockgate.price.change", "action_request", [change])
    approver = User(stack.odoo.url, stack.odoo.database, "approver", "approver")
    approver.call("lockgate.price.change", "action_approve", [change])


def play(stack: Stack, plan: dict, skus: dict) -> dict:
    faults = Faults(stack, plan, TIMING["late_bound"])
    variables = {**os.environ, **environment(odoo_source()), "LOCKGATE_REDIS_URL": stack.redis.url}
    variables["PYTHONPATH"] += os.pathsep + str(ROOT)
    journals = [stack.folder / f"journal-{number}.jsonl" for number in range(BUSINESSES)]
    with step(f"business and faults for {plan['seconds']:.0f} s"):
        doing = [
            _business(stack, plan, number, journal, variables) for number, journal in enumerate(journals)
        ]
        try:
            faults.run(plan["seconds"], pause=2.0)
        finally:
            codes = [process.wait(timeout=120) for process in doing]
    if any(codes):
        raise Failed(f"the business ended with {codes}")
    healed = time.monotonic()
    converged = rest(stack, CONVERGE)
    took = round(time.monotonic() - healed, 1)
    lines = [json.loads(line) for journal in journals for line in journal.read_text().splitlines()]
    connection = stack.databases.connect(stack.odoo.database)
    try:
        records = evidence.read(connection, stack.fake.url, lines, skus)
    finally:
        connection.close()
    records.converged_in = took if converged else None
    return result(plan, lines, faults, records)


def _business(stack: Stack, plan: dict, number: int, journal: Path, variables: dict) -> subprocess.Popen:
    """One of those who do business at once; the first of them freezes and resumes channels."""
    own = {**plan, "seed": plan["seed"] * BUSINESSES + number, "freezes": number == 0}
    argv = [sys.executable, "-m", "chaos.business", str(stack.odoo.configuration), json.dumps(own)]
    with journal.open("w") as output:
        return subprocess.Popen(argv, cwd=ROOT, env=variables, stdout=output)


def rest(stack: Stack, seconds: float) -> bool:
    """Wait until no running channel has anything due, in flight or to verify."""

    def resting() -> bool:
        connection = stack.databases.connect(stack.odoo.database)
        try:
            cr = connection.cursor()
            cr.execute(
                """SELECT NOT EXISTS (SELECT FROM lockgate_outbox) AND NOT EXISTS (
                       SELECT FROM lockgate_publication p JOIN lockgate_channel c ON c.id = p.channel_id
                        WHERE c.state = 'running' AND p.state NOT IN ('settled', 'blocked'))"""
            )
            return cr.fetchone()[0]
        finally:
            connection.close()

    return wait_until(resting, seconds, 0.25)


def result(plan: dict, journal: list, faults: Faults, records) -> dict:
    operations = Counter(line["kind"] for line in journal)
    violations = checker.check(records, BOUNDS)
    return {
        "seed": plan["seed"],
        "seconds": plan["seconds"],
        "operations": dict(sorted(operations.items())),
        "pushes": len(records.pushes),
        "faults": dict(sorted(faults.done.items())),
        "violations": {
            name: [shortest(violation, records) for violation in violations if violation.property == name]
            for name in sorted({violation.property for violation in violations})
        },
        "converged_in": records.converged_in,
    }


def shortest(violation: checker.Violation, records) -> dict:
    """A violation with the last pushes of its key."""
    pushes = [push for push in records.pushes if push.key == violation.key]
    history = [
        {"received": round(push.received, 3), "applied": push.applied is not None, "value": push.value}
        for push in pushes[-4:]
    ]
    return {"key": violation.key, "words": violation.words, "history": history}
