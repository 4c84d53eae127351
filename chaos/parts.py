"""The real parts of a chaos run, joined by links that a fault may break, and what is sold there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from chaos import findings
from chaos.faults import PATIENCE
from chaos.network import Network
from chaos.warehouse import BEGINNING
from stack.console import Failed
from stack.odoo import Odoo, addons_path
from stack.onboarding import issue_key
from stack.processes import Process, wait_until
from stack.stack import Stack
from stack.user import User

# Short, so that what is lost is found again while the run lasts.
TIMING = {"send_within": 3, "deadline": 3, "late_bound": 2, "lag": 1, "routine_window": 1}
# Odoo looks once a minute which channel asks for it; on a machine that does other things besides, twice that.
RECONCILE_EVERY = 30
BOUNDS = findings.Bounds(
    **{name: TIMING[name] for name in ("send_within", "deadline", "late_bound", "lag")},
    compared=RECONCILE_EVERY + 2 * 60 + 30,
)
# One that takes whatever comes but so much at a time, and one that compares before it sets.
CHANNELS = {"east": False, "west": True}
LIMIT = {"east": "sliding_log 4/1"}
ALLOCATING = {"west"}  # keeps apart what it sold; the other counts its number down
PRODUCTS = 12
# As PostgreSQL's clients look for it in the folder that they know.
SOCKET = ".s.PGSQL.5432"


@contextmanager
def running_parts(code: Path) -> Iterator[tuple[Stack, Network, list[Process]]]:
    """Odoo, PostgreSQL, Redis, the fake channel, a pacer and two workers, with the add-ons in that folder."""
    with Network() as network:
        path = ",".join([*addons_path()[:1], str(code / "odoo_addons")])
        # As in production: a server of threads loses its only cron thread when PostgreSQL restarts.
        odoo = {"workers": 4, "max_cron_threads": 1}
        stack = Stack("chaos", shop=False, db_host=network.folder, addons_path=path, **odoo)
        network.link("odoo-postgres", lambda: f"{stack.databases.sockets}/{SOCKET}", SOCKET)
        with stack:
            network.link("sidecar-odoo", lambda: ("127.0.0.1", stack.odoo.port))
            network.link("sidecar-channel", lambda: ("127.0.0.1", stack.fake.port))
            network.link("sidecar-redis", lambda: ("127.0.0.1", stack.redis.port))
            network.link("odoo-redis", lambda: ("127.0.0.1", stack.redis.port))
            stack.start_sidecar(
                issue_key(User(stack.odoo.url, stack.odoo.database, "admin", "admin")),
                odoo_url=network.url("http", "sidecar-odoo"),
                redis_url=network.url("redis", "sidecar-redis"),
            )
            second = stack.sidecar.new_worker("worker-2", "--concurrency", "4")
            second.start()
            try:
                with kept_running(stack.odoo):
                    yield stack, network, [stack.sidecar.worker, second]
            finally:
                second.stop()


@contextmanager
def kept_running(odoo: Odoo) -> Iterator[None]:
    """Whatever ends it, it is started again, as a service manager does: Odoo's server of processes also ends
    by itself when PostgreSQL does not answer while it replaces one of them."""

    def watch() -> None:
        while not over.wait(0.5):
            if not odoo.process.running():
                odoo.kill()  # what is left of it
                with suppress(Failed):
                    odoo.start()

    over = threading.Event()
    watching = threading.Thread(target=watch, name="watch Odoo")
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def people(stack: Stack) -> dict[str, User]:
    """Who signs in once and stays, as signing in takes Odoo a second of hashing."""
    return {
        name: User(stack.odoo.url, stack.odoo.database, name, name)
        for name in ("admin", "analyst", "approver")
    }


def set_up(stack: Stack, network: Network, people: dict[str, User], seed: int) -> dict:
    """Two channels on an empty fake shop, of the same products, that no run before had; returns what
    business and faults need to know."""
    httpx.delete(f"{stack.fake.url}/history", timeout=PATIENCE).raise_for_status()
    admin = people["admin"]
    if not wait_until(lambda: admin.find("lockgate.connector", [("code", "=", "demo")], "code") != [], 120):
        raise Failed(f"the pacer registered no connector; see {stack.sidecar.pacer.log}")
    warehouse = admin.find("stock.warehouse", [], "lot_stock_id", "out_type_id", limit=1, order="id")[0]
    own = [
        {"name": f"Chaos {n}", "default_code": f"C{seed}-{n:02}", "is_storable": True, "list_price": 10 + n}
        for n in range(PRODUCTS)
    ]
    products = admin.call("product.product", "create", own)
    on_the_shelf = [
        {
            "product_id": product, "location_id": warehouse["lot_stock_id"],
            "inventory_quantity_auto_apply": BEGINNING,
        }
        for product in products
    ]  # fmt: skip
    admin.call("stock.quant", "create", on_the_shelf, context={"inventory_mode": True})
    pricelist = admin.create("product.pricelist", name="Chaos")
    connector = admin.find("lockgate.connector", [("code", "=", "demo")], "code")[0]["id"]
    codes = {f"{name}{seed}": compares for name, compares in CHANNELS.items()}
    channels, books, listings, allocating = [], [], [], []
    for code, compares in codes.items():
        channel = admin.create(
            "lockgate.channel", name=code.title(), code=code, connector_id=connector,
            settings={
                "url": network.url("http", "sidecar-channel"), "compare_and_set": compares,
                "limit": LIMIT.get(code.removesuffix(str(seed)), ""),
            },
            warehouse_ids=[(6, 0, [warehouse["id"]])], reconcile_hours=RECONCILE_EVERY / 3600, **TIMING,
        )  # fmt: skip
        own = [
            {"channel_id": channel, "product_id": product, "sku": f"{code}-{product}"} for product in products
        ]
        listings += admin.call("lockgate.listing", "create", own)
        book = admin.create(
            "lockgate.price.book",
            name=code,
            channel_id=channel,
            pricelist_id=pricelist,
            reference=f"{code} book",
        )
        baseline(people, book)
        admin.call("lockgate.channel", "action_start", [channel])
        channels.append(channel)
        books.append(book)
        if code.removesuffix(str(seed)) in ALLOCATING:
            allocating.append(channel)
    return {
        "skus": [f"{code}-{product}" for code in codes for product in products],
        "limits": {f"{name}{seed}-": limit for name, limit in LIMIT.items()},
        "allocating": allocating, "fake": stack.fake.url,
        "database": stack.odoo.database, "odoo": stack.odoo.url, "products": products,
        "channels": channels, "books": books, "listings": listings, "location": warehouse["lot_stock_id"],
        "out_type": warehouse["out_type_id"],
        "customers": admin.reference("stock.stock_location_customers"),
    }  # fmt: skip


def baseline(people: dict[str, User], book: int) -> None:
    """The first prices of a book, asked for and approved."""
    analyst = people["analyst"]
    analyst.call("lockgate.price.book", "action_draft_baseline", [book])
    (change,) = (
        row["id"] for row in analyst.find("lockgate.price.change", [("book_ids", "in", [book])], "id")
    )
    analyst.call("lockgate.price.change", "action_request", [change])
    people["approver"].call("lockgate.price.change", "action_approve", [change])
