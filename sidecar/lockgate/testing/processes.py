"""Real processes of the sidecar on a real Redis, with a fake Odoo over HTTP and a fake channel."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis import Redis

from lockgate.contract import StockValue
from lockgate.fake import FakeChannel
from lockgate.shop import Rule
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.server import OdooHttp, ScriptedServer

Process = subprocess.Popen[bytes]


def wait_until(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    tick = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        tick.wait(0.02)
    raise AssertionError(f"never: {what}")


class System:
    """Starts and ends processes, and holds what they speak to."""

    def __init__(self, folder: Path, redis: Redis, redis_url: str, channel: FakeChannel) -> None:
        self.folder = folder
        self.redis = redis
        self.channel = channel
        self.odoo = FakeOdoo(wake=self._wake)
        self.odoo.add_channel("shop", url=channel.address)
        self.http = OdooHttp(self.odoo)
        self.server = ScriptedServer(self.http)
        self.processes: list[Process] = []
        self.environment = {
            **os.environ,
            "LOCKGATE_ODOO_UUID": "fake-database",
            "LOCKGATE_ODOO_KEY": "a-key",
            "LOCKGATE_ODOO_URL": self.server.address,
            "LOCKGATE_REDIS_URL": redis_url,
            "LOCKGATE_POLL_SECONDS": "0.5",
        }

    def _wake(self, code: str) -> None:
        self.redis.publish("lockgate:wake:fake-database", code)

    def start(self, *command: str, **environment: str) -> Process:
        log = (self.folder / f"{len(self.processes)}-{command[0]}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "lockgate", *command],
            env={**self.environment, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self.processes.append(process)
        return process

    def log(self, number: int) -> str:
        [path] = self.folder.glob(f"{number}-*.log")
        return path.read_text()

    def settled(self, seconds: float = 30.0) -> None:
        assert self.odoo.wait_for(self.odoo.settled, seconds), "not everything that is wanted was confirmed"

    def shown(self) -> dict[str, Any]:
        return {sku: listing["quantity"] for sku, listing in self.channel.shop.listings.items()}

    def wanted(self) -> dict[str, Any]:
        values = [each.wanted for each in self.odoo.publications.values()]
        return {value.sku: value.quantity for value in values if isinstance(value, StockValue)}

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)

    def slow(self, seconds: float = 0.2) -> None:
        """From now on the channel takes so long for each request."""
        self.channel.shop.follow(Rule(kind="delay", seconds=seconds))

    def run(self, *command: str, **environment: str) -> tuple[int, str]:
        """A command that ends: its exit code and what it said."""
        process = self.start(*command, **environment)
        code = process.wait(30)
        return code, self.log(len(self.processes) - 1)
