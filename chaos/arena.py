"""Where a scene plays: one channel of a real Odoo, the real fake channel, and workers moved step by step.

The workers are the sidecar's own `Dispatch`, run in the scene's process, or a `Hand`, which takes each step
when the scene says so. What is left behind is read and checked as after a chaos run.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import psycopg2
from redis import Redis

from chaos import checker, evidence, findings
from chaos.warehouse import BEGINNING, Warehouse
from lockgate.budget import Budget
from lockgate.connectors.demo import DemoConnector
from lockgate.contract import WorkClass
from lockgate.dispatch import Dispatch
from lockgate.limits import Pace
from lockgate.odoo import Gateway, OdooError
from lockgate.sessions import Sessions
from lockgate.settings import Credentials, Settings
from stack.processes import wait_until
from stack.user import User

TIMING = {"send_within": 3, "deadline": 2, "late_bound": 2, "lag": 1, "routine_window": 0}
# Seconds: a lease, a second look, a wish to wait, and a machine that does other things besides.
PATIENCE = 45.0
# Longer than a lease may wait to be sent, and shorter than it lasts.
TOO_LATE = 5.0
PEOPLE = ("admin", "analyst", "approver")


class Arena:
    """`plan`: what `chaos.hunt` has set up."""

    def __init__(self, plan: dict) -> None:
        self.plan, self.journal = plan, []
        self.code = f"scene{random.randrange(10**6)}"
        people = {name: User(plan["odoo"], plan["database"], name, name) for name in PEOPLE}
        self.admin, self.analyst, self.approver = people.values()
        self.stock = Warehouse(plan["configuration"], plan["database"], plan, self._note)
        self.settings = Settings(**plan["settings"])
        self.gateway = Gateway.open(self.settings)
        self.connection = psycopg2.connect(plan["postgres"])
        self.connection.autocommit = True
        self.timing: dict[str, int] = TIMING
        self.products: list[int] = []
        self.books: list[int] = []
        self.channel = 0
        self.rested = True
        self.ceiling: tuple[float, int] | None = None

    def set_up(
        self,
        listings: int,
        *,
        books: int = 0,
        timing: dict | None = None,
        limit: str = "",
        compares: bool = False,
        **capabilities: Any,
    ) -> None:
        """A running channel with its listings on the shelf, each of a product of its own, at rest.

        `timing`, the documented `limit` and `capabilities` are the usual where nothing is said. `compares`:
        it is told versions, and takes none that is older.
        """
        usual = DemoConnector.description
        can = {"scheduled_prices": False, **capabilities}
        DemoConnector.description = usual.model_copy(
            update={"capabilities": usual.capabilities.model_copy(update=can)}
        )
        self.gateway.register([DemoConnector.description])
        self.timing = {**TIMING, **(timing or {})}
        self.channel = self.admin.create(
            "lockgate.channel", name=self.code, code=self.code,
            connector_id=self.admin.find("lockgate.connector", [("code", "=", "demo")], "id")[0]["id"],
            settings={"url": self.plan["fake"], "limit": limit, "compare_and_set": compares},
            warehouse_ids=[(6, 0, [self.plan["warehouse"]])], **self.timing,
        )  # fmt: skip
        self.products = [self._product(number) for number in range(listings)]
        self.admin.call("lockgate.channel", "action_start", [self.channel])
        self.books = [self._book(number) for number in range(books)]
        self.work()

    def _product(self, number: int) -> int:
        name = f"{self.code}-{number}"
        product = self.admin.create("product.product", name=name, default_code=name, is_storable=True)
        self.stock.commit("stock", product, 0, lambda env: self.stock.put(env, product, BEGINNING))
        self.admin.create("lockgate.listing", channel_id=self.channel, product_id=product)
        return product

    def _book(self, number: int) -> int:
        name = f"{self.code} {number}"
        pricelist = self.admin.create("product.pricelist", name=name)
        book = self.admin.create(
            "lockgate.price.book", name=name, channel_id=self.channel, pricelist_id=pricelist, reference=name
        )
        self.price(10, [book])
        return book

    # What people do

    def put(self, product: int, quantity: int) -> None:
        self.stock.commit("receive", product, quantity, lambda env: self.stock.put(env, product, quantity))

    def price(self, amount: float, books: Iterable[int] = (), **values: Any) -> None:
        """An approved price of every product; `begins` and `ends` in seconds from now."""
        for name, field in (("begins", "effective_from"), ("ends", "effective_to")):
            if name in values:
                moment = time.gmtime(time.time() + values.pop(name))
                values[field] = time.strftime("%Y-%m-%d %H:%M:%S", moment)
        lines = [(0, 0, {"product_id": product, "price": amount}) for product in self.products]
        values |= {"book_ids": [(6, 0, list(books) or self.books)], "line_ids": lines}
        change = self.analyst.create("lockgate.price.change", reason="a scene", **values)
        self.analyst.call("lockgate.price.change", "action_request", [change])
        self.approver.call("lockgate.price.change", "action_approve", [change])

    def freeze(self) -> None:
        self.admin.call("lockgate.channel", "action_freeze", [self.channel])
        self._note("frozen", channel=self.channel)

    def resume(self) -> None:
        self._note("resumed", channel=self.channel)
        self.admin.call("lockgate.channel", "action_resume", [self.channel])

    def listing(self, product: int) -> int:
        return self.admin.find("lockgate.listing", [("product_id", "=", product)], "id")[0]["id"]

    def sql(self, statement: str, *values: Any) -> None:
        self.connection.cursor().execute(statement, values)

    @contextmanager
    def no_attempt_is_written(self) -> Iterator[None]:
        """A turn that leases comes no further than that, until this is over."""
        with closing(psycopg2.connect(self.plan["postgres"])) as connection:
            connection.cursor().execute("LOCK TABLE lockgate_attempt IN SHARE MODE")
            yield

    def waiting(self, what: str) -> int:
        """How many wait for a lock: on this table, or an `advisory` one."""
        cr = self.connection.cursor()
        cr.execute(
            """SELECT count(*) FROM pg_locks
                WHERE NOT granted AND coalesce(relation::regclass::text, locktype) = %s""",
            [what],
        )
        return cr.fetchone()[0]

    # What the channel does

    def script(self, **rule: Any) -> None:
        httpx.post(f"{self.plan['fake']}/script", json=rule).raise_for_status()

    def forget_script(self) -> None:
        httpx.delete(f"{self.plan['fake']}/script").raise_for_status()

    def told(self) -> list[dict]:
        """Every item that the channel was ever told."""
        return httpx.get(f"{self.plan['fake']}/history").json()["entries"]

    # What workers do

    def dispatch(self) -> Dispatch:
        """A worker of its own: nothing is shared with another but Redis and Odoo."""
        return Dispatch(
            self.gateway,
            Sessions(Credentials(None)),
            Pace(self.settings.ceiling),
            Budget(Redis.from_url(self.settings.redis_url)),
        )

    def once(self, dispatch: Dispatch | None = None) -> None:
        try:
            (dispatch or self.dispatch()).run(self.code, WorkClass.BULK)
        except OdooError:
            time.sleep(0.2)  # as a worker: it comes again

    def work(self, workers: int = 1, patience: float = PATIENCE) -> None:
        """Workers run until nothing is due, in flight or to verify; that they never come so far is kept."""

        def run() -> None:
            dispatch = self.dispatch()
            while not done.wait(0.05):
                self.once(dispatch)

        done = threading.Event()
        threads = [threading.Thread(target=run, daemon=True) for _ in range(workers)]
        for thread in threads:
            thread.start()
        self.must_rest(patience)
        done.set()
        for thread in threads:
            thread.join()

    def must_rest(self, patience: float = 0.1) -> None:
        self.rested = wait_until(self.at_rest, patience, 0.05) and self.rested

    def at_rest(self) -> bool:
        return evidence.at_rest(self.connection, [self.channel])

    def wait(self, condition: Callable[[], object]) -> None:
        if not wait_until(condition, PATIENCE, 0.05):
            raise AssertionError("what the scene waits for never came")

    # What is left behind

    @property
    def bounds(self) -> findings.Bounds:
        return findings.Bounds(
            **{name: self.timing[name] for name in ("send_within", "deadline", "late_bound", "lag")}
        )

    def violations(self) -> list[checker.Violation]:
        records = evidence.read(self.connection, self.plan["fake"], self.journal, [self.channel])
        records.converged_in = 0.0 if self.rested else None
        records.ceiling = self.ceiling
        return checker.check(records, self.bounds)

    def _note(self, kind: str, **what: Any) -> None:
        self.journal.append({"time": time.time(), "kind": kind, **what})
