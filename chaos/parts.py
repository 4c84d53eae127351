"""The real parts of a chaos run, joined by links that a fault may break, and what is sold there."""

from collections.abc import Iterator
from contextlib import contextmanager

from chaos import checker
from chaos.network import Network
from chaos.warehouse import BEGINNING
from stack.console import Failed
from stack.onboarding import issue_key
from stack.processes import wait_until
from stack.stack import Stack
from stack.user import User

# Short, so that what is lost is found again while the run lasts.
TIMING = {"send_within": 3, "deadline": 3, "late_bound": 2, "lag": 1, "routine_window": 1}
BOUNDS = checker.Bounds(*(TIMING[name] for name in checker.Bounds._fields))
CHANNELS = ("east", "west")
PRODUCTS = 12
# As PostgreSQL's clients look for it in the folder that they know.
SOCKET = ".s.PGSQL.5432"


@contextmanager
def running_parts() -> Iterator[tuple[Stack, Network]]:
    """Odoo, PostgreSQL, Redis, the fake channel, a pacer and two workers."""
    with Network() as network:
        stack = Stack("chaos", shop=False, db_host=network.folder)
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
                yield stack, network
            finally:
                second.stop()


def set_up(stack: Stack, network: Network) -> dict:
    """Two channels on one fake shop, of the same products; returns what business and faults need to know."""
    admin = User(stack.odoo.url, stack.odoo.database, "admin", "admin")
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
                "inventory_quantity_auto_apply": BEGINNING,
            }],
            context={"inventory_mode": True},
        )  # fmt: skip
    pricelist = admin.create("product.pricelist", name="Chaos")
    connector = admin.find("lockgate.connector", [("code", "=", "demo")], "code")[0]["id"]
    channels, books, listings = [], [], []
    for code in CHANNELS:
        channel = admin.create(
            "lockgate.channel", name=code.title(), code=code, connector_id=connector,
            settings={"url": network.url("http", "sidecar-channel")},
            warehouse_ids=[(6, 0, [warehouse["id"]])], **TIMING,
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
        baseline(stack, book)
        admin.call("lockgate.channel", "action_start", [channel])
        channels.append(channel)
        books.append(book)
    return {
        "skus": [f"{code}-{product}" for code in CHANNELS for product in products],
        "database": stack.odoo.database, "odoo": stack.odoo.url, "products": products,
        "channels": channels, "books": books, "listings": listings, "location": warehouse["lot_stock_id"],
        "out_type": warehouse["out_type_id"],
        "customers": admin.reference("stock.stock_location_customers"),
        "passwords": {"analyst": "analyst", "approver": "approver"},
    }  # fmt: skip


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
