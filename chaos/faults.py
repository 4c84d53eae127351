"""Random faults on the running parts. Each heals by itself; `heal` ends what was scripted on the channel."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable

import httpx

from stack.stack import Stack

# Seconds: longer than a lease of the run's channels lasts in all.
PAUSED = 11.0


class Faults:
    def __init__(self, stack: Stack, plan: dict, late_bound: float) -> None:
        self.stack, self.plan, self.late_bound = stack, plan, late_bound
        self.random = random.Random(plan["seed"])
        self.done: Counter[str] = Counter()

    def run(self, seconds: float, pause: float) -> None:
        """One fault after the other for so long; then heal."""
        kinds: list[Callable[[], None]] = [
            self.kill_worker, self.kill_worker, self.stop_worker, self.kill_pacer, self.flush_redis,
            self.restart_redis, self.pause_worker, self.restart_odoo, self.restart_postgres,
            self.kill_channel, self.fail, self.fail, self.refuse, self.html, self.lose, self.hang, self.late,
            self.slow,
        ]  # fmt: skip
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            fault = self.random.choice(kinds)
            fault()
            self.done[fault.__name__] += 1
            time.sleep(self.random.uniform(pause / 2, pause * 1.5))
        self.heal()

    def heal(self) -> None:
        """The channel does as it is told again; everything else runs."""
        httpx.delete(f"{self.stack.fake.url}/script").raise_for_status()

    # Ours

    def kill_worker(self) -> None:
        self.stack.sidecar.worker.kill()
        self.stack.sidecar.worker.start()

    def stop_worker(self) -> None:
        self.stack.sidecar.worker.stop()
        self.stack.sidecar.worker.start()

    def pause_worker(self) -> None:
        """Stopped in the middle of whatever it does, for longer than its leases; another one takes over."""
        worker = self.stack.sidecar.worker.process
        worker.send_signal(signal.SIGSTOP)
        time.sleep(PAUSED)
        worker.send_signal(signal.SIGCONT)

    def kill_pacer(self) -> None:
        self.stack.sidecar.pacer.kill()
        self.stack.sidecar.pacer.start()

    # What we stand on

    def flush_redis(self) -> None:
        self.stack.redis.client.flushall()

    def restart_redis(self) -> None:
        self.stack.redis.kill()
        time.sleep(self.random.uniform(0, 3))
        self.stack.redis.start()

    def restart_odoo(self) -> None:
        self.stack.odoo.kill()
        self.stack.odoo.start()

    def restart_postgres(self) -> None:
        self.stack.databases.process.kill()
        self.stack.databases.start()

    # The channel

    def kill_channel(self) -> None:
        self.stack.fake.process.kill()
        time.sleep(self.random.uniform(0, 3))
        self.stack.fake.start()

    def fail(self) -> None:
        self._script(kind="fail", status=self.random.choice([500, 502, 503, 429]), times=3)

    def refuse(self) -> None:
        """One SKU of many, for the rest of the run."""
        self._script(kind="refuse", sku=self.random.choice(self.plan["skus"]), aspect="stock")

    def html(self) -> None:
        self._script(kind="html", status=502, times=2)

    def lose(self) -> None:
        self._script(kind="lose", times=2)

    def hang(self) -> None:
        self._script(kind="hang", seconds=8, times=1)

    def late(self) -> None:
        """No answer, and the effect comes within the late bound."""
        self._script(kind="late", seconds=self.random.uniform(0, self.late_bound), times=2)

    def slow(self) -> None:
        self._script(kind="delay", seconds=self.random.uniform(0, 1.5), times=3)

    def _script(self, **rule: object) -> None:
        httpx.post(f"{self.stack.fake.url}/script", json=rule).raise_for_status()
