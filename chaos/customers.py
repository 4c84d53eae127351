"""Customers who buy at the channels themselves, of which Odoo hears a while later."""

import itertools
import random
import time
from collections.abc import Callable
from typing import NamedTuple

import httpx
import psycopg2

from chaos.warehouse import Warehouse

# Seconds until a channel's order is in Odoo, at most, while nothing is broken.
UNTOLD = 5.0
# They want the same few products of many, in which business stirs most.
HOT = 3


class Order(NamedTuple):
    number: str
    sku: str
    product: int
    quantity: int
    tell_at: float


class Customers:
    """`journal` is told what was not done."""

    def __init__(
        self, plan: dict, stock: Warehouse, chance: random.Random, journal: Callable[..., None]
    ) -> None:
        self.plan, self.stock, self.random, self.journal = plan, stock, chance, journal
        self.numbers = itertools.count(1)
        self.untold: list[Order] = []
        self.unshipped: list[tuple[int, Order]] = []  # picking, order

    def buy(self) -> None:
        """A few of one product, if the channel offers so many."""
        product = self.random.choice(self.plan["products"][:HOT])
        channel = self.random.choice(self.plan["channels"])
        number = f"{self.plan['seed']}-{next(self.numbers)}"
        quantity = self.random.randint(1, 3)
        sku = self._ask(
            "SELECT sku FROM lockgate_listing WHERE channel_id = %s AND product_id = %s", channel, product
        )
        sale = {"sku": sku, "quantity": quantity, "allocates": channel in self.plan["allocating"]}
        if self._post("sell", **sale, order=number)["sold"]:
            tell_at = time.time() + self.random.uniform(0, UNTOLD)
            self.untold.append(Order(number, sku, product, quantity, tell_at))

    def tell(self, *, all_of_them: bool = False) -> None:
        """Odoo hears of the orders whose time has come; what a fault keeps back comes again."""
        for order in list(self.untold):
            if all_of_them or order.tell_at < time.time():
                picking = self._tell(order)
                if picking is not None:
                    self.untold.remove(order)
                    self.unshipped.append((picking, order))

    def _tell(self, order: Order) -> int | None:
        """Returns the picking, if it was committed: PostgreSQL knows, also where the answer was lost."""
        made, transactions = [], []

        def do(env) -> None:
            made.append(self.stock.order(env, order.product, order.quantity))
            env.cr.execute("SELECT pg_current_xact_id()::text")
            transactions.append(env.cr.fetchone()[0])

        try:
            self.stock.commit("channel_order", order.product, -order.quantity, do, order=order.number)
        except Exception as error:  # whatever a fault did to it
            self.journal("failed", of="channel_order", error=f"{type(error).__name__}: {error}"[:300])
            if (
                not transactions
                or self._ask("SELECT pg_xact_status(%s::xid8)", transactions[-1]) != "committed"
            ):
                return None
        return made[-1]

    def ship(self) -> None:
        """What was ordered leaves the warehouse, and the channel stops keeping it apart."""
        if not self.unshipped:
            return
        picking, order = self.unshipped.pop(self.random.randrange(len(self.unshipped)))
        try:
            self.stock.commit("ship", order.product, 0, lambda env: self.stock.deliver(env, picking))
        except Exception as error:
            self.journal("failed", of="ship", error=f"{type(error).__name__}: {error}"[:300])
            return
        self._post("ship", sku=order.sku, quantity=order.quantity)

    def _post(self, what: str, **body: object) -> dict:
        """The channel may be down for a while; it knows an order that is asked again."""
        while True:
            try:
                return httpx.post(f"{self.plan['fake']}/{what}", json=body, timeout=60).json()
            except httpx.HTTPError:
                time.sleep(0.2)

    def _ask(self, statement: str, *values: object) -> str:
        while True:
            try:
                with self.stock.registry.cursor() as cr:
                    cr.execute(statement, values)
                    (found,) = cr.fetchone()
            except psycopg2.Error:
                time.sleep(0.2)
                continue
            if found != "in progress":
                return found
