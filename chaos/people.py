"""What people do to prices and mappings at the web client, on an Odoo that may be down."""

import itertools
import random
import time
from collections.abc import Callable

import httpx

from chaos.warehouse import NEVER
from stack.user import Refused, User

# A person's call meets an Odoo that is down, or a colleague who was faster; the business goes on.
NOT_NOW = (httpx.HTTPError, Refused, ValueError)
# Seconds: long after the run; until then a channel only holds it ahead.
AHEAD = 7200
# Who has signed in, kept from plan to plan, as it takes Odoo a second of hashing; and what sends them back.
PEOPLE: dict[str, User] = {}
SIGNED_OUT = "Session expired"


class People:
    """`journal` is told of what was done, and of what was not."""

    def __init__(self, plan: dict, chance: random.Random, journal: Callable[..., None]) -> None:
        self.plan, self.random, self.journal = plan, chance, journal
        self.numbers = itertools.count(1)
        self.changes: list[int] = []  # approved ones
        self.undecided: list[int] = []

    def person(self, login: str) -> User:
        if login not in PEOPLE:
            PEOPLE[login] = User(self.plan["odoo"], self.plan["database"], login, login)
        return PEOPLE[login]

    def not_now(self, error: Exception) -> None:
        if SIGNED_OUT in str(error):
            PEOPLE.clear()
        self.journal("failed", of="people", error=f"{type(error).__name__}: {error}"[:300])

    def change_prices(self) -> None:
        """New prices for some listings, asked for and approved; some begin later, some end."""
        self._price_change(amount=lambda: round(self.random.uniform(5, 400), 2), approve=True)

    def draft_prices(self) -> None:
        """Prices that nobody ever approves."""
        self._price_change(amount=lambda: NEVER + self.random.randint(1, 9999), approve=False)

    def _price_change(self, amount: Callable[[], float], approve: bool) -> None:
        products = self.random.sample(self.plan["products"], 3)
        begins = self.random.choice([None, None, 3, 6, AHEAD])
        ends = self.random.choice([None, None, None, 12]) if begins != AHEAD else None
        values = {
            "reason": "chaos",
            "book_ids": [(6, 0, self.plan["books"])],
            "line_ids": [(0, 0, {"product_id": product, "price": amount()}) for product in products],
            "effective_from": begins and _moment(begins),
            "effective_to": ends and _moment(ends),
        }
        try:
            self._withdraw()
            change = self.person("analyst").create("lockgate.price.change", **values)
            self._ask(change, approve)
            self.journal("prices" if approve else "draft_prices", change=change)
        except NOT_NOW as error:
            self.not_now(error)
            return
        if approve:
            self.changes.append(change)

    def roll_back_prices(self) -> None:
        """A change of the past is taken back by another one, with the prices underneath."""
        if not self.changes:
            return
        change = self.changes.pop(self.random.randrange(len(self.changes)))
        try:
            self._withdraw()
            self.person("analyst").call("lockgate.price.change", "action_roll_back", [change])
            drafts = [("rollback_of_id", "=", change), ("state", "=", "draft")]
            for draft in self.person("analyst").find("lockgate.price.change", drafts, "id"):
                self._ask(draft["id"], approve=True)
            self.journal("prices_rolled_back", change=change)
        except NOT_NOW as error:
            self.not_now(error)

    def _ask(self, change: int, approve: bool) -> None:
        """For approval, above all others that it may meet."""
        analyst = self.person("analyst")
        self.undecided.append(change)
        others = [("book_ids", "in", self.plan["books"]), ("state", "in", ("to_approve", "approved"))]
        above = [other["id"] for other in analyst.find("lockgate.price.change", others, "id")]
        analyst.call("lockgate.price.change", "write", [change], {"above_ids": [(6, 0, above)]})
        analyst.call("lockgate.price.change", "action_request", [change])
        if approve:
            self.person("approver").call("lockgate.price.change", "action_approve", [change])
            self.undecided.remove(change)

    def _withdraw(self) -> None:
        """Give up what was not decided: nothing that meets it could be."""
        while self.undecided:
            try:
                self.person("analyst").call("lockgate.price.change", "action_cancel", self.undecided[-1:])
            except Refused as error:  # it was approved, and a fault kept the answer back
                self.not_now(error)
            self.undecided.pop()

    def remap(self) -> None:
        """A listing gets a SKU that the channel has never heard."""
        listing = self.random.choice(self.plan["listings"])
        sku = f"new-{self.plan['seed']}-{next(self.numbers)}"
        try:
            self.person("admin").call("lockgate.listing", "write", [listing], {"sku": sku})
            self.journal("remapped", listing=listing, sku=sku)
        except NOT_NOW as error:
            self.not_now(error)


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + seconds))
