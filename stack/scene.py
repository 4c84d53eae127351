"""The running parts as people and channels see them: what a person does, what is so, and waiting for it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import httpx
import redis

from stack.onboarding import Channels, Product
from stack.processes import Process, wait_until
from stack.shop import Shop
from stack.user import Refused, User

PATIENCE = 90.0


class NotHeld(Exception):
    """Something did not come out as it should; the message tells what was expected and what was seen."""


@dataclass
class Parts:
    """The running parts that the story is played against."""

    admin: User
    analyst: User
    approver: User
    owner: User
    shop: Shop
    fake_url: str
    redis_url: str
    workers: Process
    channels: Channels


class Scene:
    """What can be done with the parts, and asked of them. Waiting is bounded and raises `NotHeld`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    # What people do

    def draft(self, reason: str, prices: dict[str, float], **values: Any) -> int:
        """Draft a change of these prices, by SKU, on both channels, as the analyst; returns its id."""
        products = {product.sku: product.id for product in self.products}
        lines = [(0, 0, {"product_id": products[sku], "price": price}) for sku, price in prices.items()]
        books = [(6, 0, list(self.parts.channels.books.values()))]
        return self.parts.analyst.create(
            "lockgate.price.change", reason=reason, book_ids=books, line_ids=lines, **values
        )

    def receive(self, product: int, quantity: int) -> None:
        """Buy so many units from a supplier, and take them in."""
        admin = self.parts.admin
        order = admin.create(
            "purchase.order",
            partner_id=admin.reference("base.res_partner_2"),
            picking_type_id=self.warehouse["in_type_id"],
            order_line=[(0, 0, {"product_id": product, "product_qty": quantity, "price_unit": 1.0})],
        )
        admin.call("purchase.order", "button_confirm", [order])
        self._validate(admin.read("purchase.order", order, "picking_ids")["picking_ids"])

    def deliver(self, product: int, quantity: int) -> None:
        """Sell so many units to a customer, and ship them."""
        admin = self.parts.admin
        order = admin.create(
            "sale.order",
            partner_id=admin.reference("base.res_partner_2"),
            warehouse_id=self.parts.channels.warehouse,
            order_line=[(0, 0, {"product_id": product, "product_uom_qty": quantity})],
        )
        admin.call("sale.order", "action_confirm", [order])
        self._validate(admin.read("sale.order", order, "picking_ids")["picking_ids"])

    def _validate(self, pickings: list[int]) -> None:
        admin = self.parts.admin
        admin.call("stock.picking", "action_assign", pickings)
        for move in admin.find("stock.move", [("picking_id", "in", pickings)], "product_uom_qty"):
            done = {"quantity": move["product_uom_qty"], "picked": True}
            admin.call("stock.move", "write", [move["id"]], done)
        admin.call("stock.picking", "button_validate", pickings)

    @cached_property
    def warehouse(self) -> dict[str, int]:
        return self.parts.admin.read(
            "stock.warehouse", self.parts.channels.warehouse, "in_type_id", "out_type_id", "lot_stock_id"
        )

    def adjust(self, product: int, difference: int) -> None:
        """Correct the inventory of a product by so many units."""
        self.count(product, self.on_hand(product) + difference)

    def on_hand(self, product: int) -> float:
        domain = [
            ("product_id", "=", product),
            ("location_id", "=", self.warehouse["lot_stock_id"]),
            ("owner_id", "=", False),
            ("package_id", "=", False),
        ]
        quants = self.parts.admin.find("stock.quant", domain, "quantity", limit=1)
        return quants[0]["quantity"] if quants else 0

    def count(self, product: int, quantity: float) -> None:
        """Apply an inventory count: one transaction, one stock move."""
        values = {
            "product_id": product,
            "location_id": self.warehouse["lot_stock_id"],
            "inventory_quantity_auto_apply": quantity,
        }
        self.parts.admin.call("stock.quant", "create", [values], context={"inventory_mode": True})

    # What is so

    @property
    def products(self) -> list[Product]:
        return self.parts.channels.products

    def state(self, change: int) -> str:
        return self.parts.analyst.read("lockgate.price.change", change, "state")["state"]

    def progress(self, change: int) -> list[dict[str, Any]]:
        """How far a price change has come, a row for each channel."""
        return self.parts.analyst.find(
            "lockgate.price.change.progress",
            [("change_id", "=", change)],
            "published_count",
            "published_at",
            "reconciled_count",
            "reconciled_at",
        )

    def sealed(self, book: int) -> int:
        return self.parts.analyst.call("lockgate.price.seal", "search_count", [("book_id", "=", book)])

    def in_flight(self) -> int:
        return self.parts.admin.call("lockgate.publication", "search_count", [("state", "=", "leased")])

    def odoo_stock(self, product: int) -> int:
        """What Odoo itself says may be sold: on hand less all outgoing demand, never below zero."""
        row = self.parts.admin.call(
            "product.product",
            "read",
            [product],
            ["qty_available", "outgoing_qty"],
            context={"warehouse_id": self.parts.channels.warehouse},
        )[0]
        return max(int(row["qty_available"] - row["outgoing_qty"]), 0)

    def price(self, code: str, sku: str) -> Decimal | None:
        """The price that the channel itself shows."""
        if code == "vendure":
            return self.parts.shop.price(sku)
        price = self.fake(sku).get("price")
        return Decimal(price) if price is not None else None

    def stock(self, code: str, sku: str) -> int | None:
        """The stock that the channel itself holds."""
        return self.parts.shop.stock(sku) if code == "vendure" else self.fake(sku).get("quantity")

    def fake(self, sku: str) -> dict[str, Any]:
        return httpx.get(f"{self.parts.fake_url}/listings").json().get(sku, {})

    def history(self, since: int = 0) -> dict[str, Any]:
        return httpx.get(f"{self.parts.fake_url}/history", params={"since": since}).json()

    def flush_redis(self) -> None:
        redis.Redis.from_url(self.parts.redis_url).flushdb()

    # Waiting for it

    def wait_price(self, code: str, sku: str, price: float) -> None:
        self.wait(
            f"{code} shows {price:.2f} for {sku}", lambda: self.price(code, sku) == Decimal(f"{price:.2f}")
        )

    def wait_stock(self, code: str, product: Product) -> None:
        self.expect_stock(code, product, self.odoo_stock(product.id))

    def expect_stock(self, code: str, product: Product, quantity: int) -> None:
        self.wait(
            f"{code} shows {quantity} of {product.sku}", lambda: self.stock(code, product.sku) == quantity
        )

    def wait(self, what: str, holds: Callable[[], bool]) -> None:
        if not wait_until(holds, PATIENCE):
            raise NotHeld(f"not within {PATIENCE:.0f} s: {what}")

    def expect(self, what: str, actual: Callable[[], Any], wanted: Any) -> None:
        seen = actual()
        if seen != wanted:
            raise NotHeld(f"{what}: expected {wanted!r}, saw {seen!r}")

    def refused(self, what: str, act: Callable[[], Any]) -> None:
        try:
            act()
        except Refused:
            return
        raise NotHeld(f"{what}: but Odoo let it through")
