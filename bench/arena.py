"""Where a bench of the whole is measured: a private stack with the sidecar, and Odoo's registry at hand.

A change is made by this process, so that the moment right before its commit is known; the fake channel notes
on the same clock when it applied a value. Odoo itself runs as processes, as a server in use does.
"""

import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import httpx

from lockgate.testing.outsiders import ONE_BY_ONE, install
from stack.debian import odoo_source
from stack.inside import Inside
from stack.onboarding import issue_key
from stack.processes import Process, wait_until
from stack.stack import Stack
from stack.user import User

ODOO = {"shop": False, "workers": 6, "max_cron_threads": 0}
"""Odoo in workers mode, as in production; without the crons of its demo data, which come when they like."""
PATIENCE = 600.0


class Arena(Inside):
    """The stack, the fake channel as it sees itself, and transactions in Odoo."""

    def __init__(self, stack: Stack) -> None:
        sys.path.append(str(odoo_source() / "usr/lib/python3/dist-packages"))
        os.environ["LOCKGATE_REDIS_URL"] = stack.redis.url  # a commit in this process wakes the pacer too
        super().__init__(stack.odoo.configuration, stack.odoo.database)
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self.stack = stack
        self._more_workers: list[Process] = []
        self.fake = httpx.Client(base_url=stack.fake.url, timeout=60)

    def ask(self, statement: str, parameters: list | dict | None = None) -> tuple:
        """The first row that a statement gives."""
        with self.registry.cursor() as cr:
            cr.execute(statement, parameters)
            return cr.fetchone()

    def wait(self, what: str, statement: str, parameters: list | dict, pause: float = 0.02) -> None:
        """Wait until the statement gives true; ends the bench when it does not in time."""
        if not wait_until(lambda: self.ask(statement, parameters)[0], PATIENCE, pause):
            raise SystemExit(f"{what} did not happen within {PATIENCE:.0f} s")

    def told(self) -> int:
        """How much the channel was told so far: where a look into its history begins."""
        return self.fake.get("/history", params={"since": 10**12}).json()["last"]

    def applied(self, since: int, wanted: Callable[[dict], bool]) -> float:
        """When the channel applied the first value after `since` that is wanted, on the monotonic clock.

        A channel that was down may be asked again only a minute later.
        """
        until = time.monotonic() + 90
        while time.monotonic() < until:
            answer = self.fake.get("/history", params={"since": since, "wait": 30}).json()
            for entry in answer["entries"]:
                if entry["applied"] and wanted(entry["value"]):
                    return entry["applied_monotonic"]
            since = answer["last"]
        raise SystemExit("the channel did not get what was sent")

    def history(self, since: int) -> list[dict]:
        """All that the channel was told after `since`."""
        return self.fake.get("/history", params={"since": since}).json()["entries"]

    def run_workers(self, count: int) -> list[Process]:
        """Have so many worker processes running, and return them."""
        first = self.stack.sidecar.worker
        while len(self._more_workers) + 1 > count:
            self._more_workers.pop().stop()
        while len(self._more_workers) + 1 < count:
            worker = self.stack.sidecar.new_worker(f"worker-{len(self._more_workers) + 2}")
            worker.start()
            self._more_workers.append(worker)
        return [first, *self._more_workers]

    def close(self) -> None:
        """End the workers beyond the first, which is the stack's."""
        self.run_workers(1)

    def service_time(self, batch: int, times: int = 50) -> float:
        """Milliseconds that the channel itself takes for one request of so many prices: the median."""
        value = {"aspect": "price", "amount": "1.00", "currency": "USD", "book": "none"}
        items = [{"key": number, "sku": f"service-{number}", **value} for number in range(batch)]
        seconds = []
        for _ in range(times):
            began = time.perf_counter()
            self.fake.post("/prices", json={"items": items}).raise_for_status()
            seconds.append(time.perf_counter() - began)
        return round(1000 * statistics.median(seconds), 2)


@contextmanager
def arena(stack: Stack | None = None, **settings: str) -> Iterator[Arena]:
    """A running stack, by default one with nothing but ours; `settings` are the sidecar's."""
    with stack or Stack("bench", **ODOO) as running:
        os.environ["PYTHONPATH"] = str(install(running.folder / "outsiders"))
        admin = User(running.odoo.url, running.odoo.database, "admin", "admin")
        running.start_sidecar({**issue_key(admin), **settings})
        known = [("code", "=", ONE_BY_ONE)]
        if not wait_until(lambda: admin.find("lockgate.connector", known, "code"), 30):
            raise SystemExit(f"the pacer registered no connector; see {running.sidecar.pacer.log}")
        with closing(Arena(running)) as made:
            yield made


def percentiles(milliseconds: list[float], *points: int) -> dict[str, float]:
    """{"p50_ms": …}. An infinite value is one that never came."""
    cuts = sorted(milliseconds)
    return {f"p{point}_ms": round(cuts[min(len(cuts) - 1, len(cuts) * point // 100)], 1) for point in points}
