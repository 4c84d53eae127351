"""Random business on a running Odoo: stock in and out, orders kept and cancelled, prices, freezes.

Stock is changed by a process that holds Odoo's registry, so that each operation's transaction is known by its
number, and whether it was committed can be asked of PostgreSQL afterwards. What people do to prices and
channels goes through the web client's calls, as theirs would.

Run by `chaos.crew`: each line of its input is a plan to follow, each operation a line of the plan's journal.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import psycopg2

from chaos.customers import HOT, Customers
from chaos.people import NOT_NOW, People
from chaos.warehouse import NEVER, Warehouse

# The journal's first line, from here on a fault may come; and its last.
BEGAN, ENDED = "began", "ended"
# Products whose last change is made in a transaction of which a part was taken back.
LAST = 3


class Business:
    def __init__(self, configuration: str, plan: dict, journal: TextIO) -> None:
        self.journal = journal
        self.stock = Warehouse(configuration, plan["database"], plan, self._journal)
        self.plan = plan
        self.random = random.Random(plan["seed"])
        self.people = People(plan, self.random, self._journal)
        self.customers = Customers(plan, self.stock, self.random, self._journal)
        self.open_orders: list[tuple[int, int, int]] = []  # picking, product, quantity
        self.frozen: set[int] = set()

    def run(self) -> None:
        """Do business until the plan's time is over, then thaw what is frozen. What comes last has nothing
        after it that would mark its product again and so hide a mark that was lost."""
        self._journal(BEGAN)
        until = time.time() + self.plan["seconds"]
        kinds: list[Callable[[], None]] = [
            *[self.receive] * 4, *[self.order] * 4, *[self.deliver] * 3, *[self.cancel] * 2,
            *[self.burst] * 1, *[self.roll_back] * 2, *[self.freeze_or_resume] * self.plan["freezes"],
            *[self.people.change_prices] * 3, *[self.people.draft_prices] * 1,
            *[self.people.roll_back_prices] * 1, *[self.people.remap] * 1,
            *[self.customers.buy] * 3, *[self.customers.ship] * 1,
        ]  # fmt: skip
        while time.time() < until:
            self.random.choice(kinds)()
            self.customers.tell()
            time.sleep(self.random.uniform(0, 2 * self.plan["pause"]))
        while self.customers.untold:
            self.customers.tell(all_of_them=True)
        for channel in list(self.frozen):
            while channel in self.frozen:
                self._resume(channel)
        for product in self.random.sample(self.plan["products"], LAST):
            self._roll_back_part(product)
        self._journal(ENDED)

    # Stock: every operation is one transaction, and what it does to what may be sold is known.

    def receive(self) -> None:
        product, quantity = self._product(), self.random.randint(1, 40)
        self._commit("receive", product, quantity, lambda env: self.stock.put(env, product, quantity))

    def order(self) -> None:
        product, quantity = self._product(), self.random.randint(1, 15)
        made = []
        committed = self._commit(
            "order", product, -quantity, lambda env: made.append(self.stock.order(env, product, quantity))
        )
        if committed:
            self.open_orders.append((made[-1], product, quantity))

    def deliver(self) -> None:
        if self.open_orders:
            picking, product, _quantity = self.open_orders.pop(self._index(self.open_orders))
            self._commit("deliver", product, 0, lambda env: self.stock.deliver(env, picking))

    def cancel(self) -> None:
        if self.open_orders:
            picking, product, quantity = self.open_orders.pop(self._index(self.open_orders))
            self._commit(
                "cancel", product, quantity, lambda env: env["stock.picking"].browse(picking).action_cancel()
            )

    def burst(self) -> None:
        product = self._product()
        for _ in range(20):
            self._commit("burst", product, 1, lambda env: self.stock.put(env, product, 1))

    def roll_back(self) -> None:
        """A transaction, or a part of one behind a savepoint, with a number that stands nowhere else."""
        product = self._product()
        if self.random.random() < 0.5:
            self._commit(
                "roll_back", product, NEVER, lambda env: self.stock.put(env, product, NEVER), keep=False
            )
        else:
            self._roll_back_part(product)

    def _roll_back_part(self, product: int) -> None:
        """Its marks are appended by then, or only gathered, as where an error ends the savepoint."""
        quantity, appended = self.random.randint(1, 9), self.random.random() < 0.5

        def partly(env) -> None:
            savepoint = env.cr.savepoint()
            self.stock.put(env, product, NEVER)
            env.flush_all()
            if appended:
                env.cr.flush()
            savepoint.close(rollback=True)
            env.invalidate_all()
            self.stock.put(env, product, quantity)

        self._commit("roll_back_part", product, quantity, partly)

    def _commit(self, kind: str, product: int, delta: int, do: Callable, *, keep: bool = True) -> bool:
        try:
            self.stock.commit(kind, product, delta, do, keep=keep)
        except Exception as error:  # whatever a fault did to this one, the next is tried
            self._journal("failed", of=kind, error=f"{type(error).__name__}: {error}"[:300])
            return False
        return keep

    # A person's, and kept until it is known to have worked

    def freeze_or_resume(self) -> None:
        channel = self.random.choice(self.plan["channels"])
        if channel in self.frozen:
            self._resume(channel)
            return
        try:
            self.people.person("admin").call("lockgate.channel", "action_freeze", [channel])
        except NOT_NOW as error:
            self.people.not_now(error)
        if self._state(channel) == "frozen":
            self.frozen.add(channel)
            self._journal("frozen", channel=channel)

    def _resume(self, channel: int) -> None:
        # Written before: from here on pushes are right, whenever exactly the call takes effect.
        self._journal("resumed", channel=channel)
        try:
            self.people.person("admin").call("lockgate.channel", "action_resume", [channel])
        except NOT_NOW as error:
            self.people.not_now(error)
        if self._state(channel) == "running":
            self.frozen.discard(channel)
        else:
            self._journal("frozen", channel=channel)
            time.sleep(0.5)

    def _state(self, channel: int) -> str | None:
        while True:
            try:
                with self.stock.registry.cursor() as cr:
                    cr.execute("SELECT state FROM lockgate_channel WHERE id = %s", [channel])
                    return cr.fetchone()[0]
            except psycopg2.Error:
                time.sleep(0.2)

    # Small things

    def _product(self) -> int:
        # Few of them are hot, as in a shop.
        hot = self.plan["products"][:HOT]
        return self.random.choice(hot if self.random.random() < 0.4 else self.plan["products"])

    def _index(self, things: list) -> int:
        return self.random.randrange(len(things))

    def _journal(self, kind: str, **what) -> None:
        print(json.dumps({"time": time.time(), "kind": kind, **what}), file=self.journal, flush=True)


if __name__ == "__main__":
    for line in sys.stdin:
        todo = json.loads(line)
        with Path(todo["journal"]).open("a") as file:
            Business(sys.argv[1], todo, file).run()
