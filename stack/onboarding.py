"""What an administrator does once: the integration key, the channels, their price books and listings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stack.console import Failed, step
from stack.processes import wait_until
from stack.stack import Stack
from stack.user import User

# Short times, so that a lease that was lost is found again while somebody watches.
TIMING = {"send_within": 3, "deadline": 4, "late_bound": 2, "lag": 1, "routine_window": 3}


@dataclass
class Product:
    id: int
    sku: str
    name: str
    price: float


@dataclass
class Channels:
    """What was set up: ids in Odoo, by channel code."""

    channels: dict[str, int] = field(default_factory=dict)
    books: dict[str, int] = field(default_factory=dict)
    warehouse: int = 0
    products: list[Product] = field(default_factory=list)


def issue_key(admin: User) -> dict[str, str]:
    """Issue the integration key with the administrator's wizard; returns the sidecar's environment."""
    wizard = admin.create("lockgate.integration.key", days=30)
    action = admin.call("lockgate.integration.key", "action_issue", [wizard])
    context = action["context"]
    lines = context["default_settings_text"].splitlines()
    return dict(line.split("=", 1) for line in lines) | {"LOCKGATE_ODOO_KEY": context["default_key"]}


def products_to_list(admin: User, count: int) -> list[Product]:
    """Goods of Odoo's demo data that have a SKU of their own and a price, in a stable order."""
    domain = [
        ("default_code", "!=", False),
        ("is_storable", "=", True),
        ("tracking", "=", "none"),
        ("list_price", ">", 0),
    ]
    found: list[Product] = []
    for row in admin.find("product.product", domain, "default_code", "name", "lst_price", order="id"):
        if row["default_code"] not in {product.sku for product in found}:
            found.append(Product(row["id"], row["default_code"], row["name"], row["lst_price"]))
    return found[:count]


def set_up(admin: User, connectors: dict[str, dict[str, Any]], products: list[Product]) -> Channels:
    """Make one channel a connector, with a price book and a listing for every product, and start it.

    `connectors`: {connector code: {"settings": …, "credential": …}}; a channel's code is its connector's.
    """
    done = Channels(products=products)
    company = admin.find("res.company", [], "currency_id", limit=1, order="id")[0]
    warehouses = admin.find(
        "stock.warehouse", [("company_id", "=", company["id"])], "id", limit=1, order="id"
    )
    done.warehouse = warehouses[0]["id"]
    pricelist = admin.create(
        "product.pricelist",
        name="Sales channels",
        company_id=company["id"],
        currency_id=company["currency_id"],
    )
    known = {row["code"]: row["id"] for row in admin.find("lockgate.connector", [], "code")}
    for code, values in connectors.items():
        channel = admin.create(
            "lockgate.channel",
            name={"demo": "Demo channel", "vendure": "Web shop"}.get(code, code),
            code=code,
            connector_id=known[code],
            company_id=company["id"],
            warehouse_ids=[(6, 0, [done.warehouse])],
            owner_id=admin.find("res.users", [("login", "=", "owner")], "id")[0]["id"],
            **TIMING,
            **values,
        )
        done.channels[code] = channel
        done.books[code] = admin.create(
            "lockgate.price.book", name=f"{code} prices", channel_id=channel, pricelist_id=pricelist
        )
        listings = [{"channel_id": channel, "product_id": product.id} for product in products]
        admin.call("lockgate.listing", "create", listings)
        admin.call("lockgate.channel", "action_start", [channel])
    return done


def onboard(stack: Stack, count: int = 12) -> tuple[User, Channels]:
    """Bring a running stack to life: key, sidecar, and both channels with `count` products each."""
    admin = User(stack.odoo.url, stack.odoo.database, "admin", "admin")
    stack.start_sidecar(issue_key(admin))
    with step("setting up two channels"):
        known = [("code", "in", ["demo", "vendure"])]
        if not wait_until(lambda: len(admin.find("lockgate.connector", known, "code")) == 2, 30):
            raise Failed(f"the pacer registered no connectors; see {stack.sidecar.pacer.log}")
        products = products_to_list(admin, count)
        stack.shop.seed({product.sku: product.name for product in products})
        connectors = {
            "demo": {"settings": {"url": stack.fake.url}},
            "vendure": {"settings": {"url": stack.shop.url}, "credential": "vendure"},
        }
        return admin, set_up(admin, connectors, products)
