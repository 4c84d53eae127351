"""Random faults on the running parts. Each heals by itself; `heal` ends what was scripted on the channel."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import httpx
import psutil

from chaos.network import Network
from stack.console import Failed
from stack.processes import Process, wait_until
from stack.stack import Stack

# Seconds: longer than a lease of the run's channels lasts in all.
PAUSED = 11.0
# A request comes again at most so much later.
LONG_AFTER = 15.0
# What scripts the fake channel waits for it on a machine that does other things besides.
PATIENCE = 60.0
# Redis stays away for that long too; in a run of so many seconds or more, for this part of it.
LONG_RUN = 300.0
AWAY = 0.2
# Odoo answers again within so many.
STARTED = 180.0
# A stop gives back within so many.
STOPPED = 10.0


class Faults:
    def __init__(
        self, stack: Stack, network: Network, workers: list[Process], plan: dict, timing: dict
    ) -> None:
        self.stack, self.network, self.workers = stack, network, workers
        self.plan, self.timing = plan, timing
        self.random = random.Random(plan["seed"])
        self.away = AWAY * plan["seconds"] if plan["seconds"] >= LONG_RUN else PAUSED
        self.done: Counter[str] = Counter()
        self.overdue: list[str] = []  # what a part did not do in its time
        self.limited: Counter[str] = Counter()  # what the limits said before they began anew
        self.snapshot = self._keys()

    def run(self, seconds: float, pause: float) -> None:
        """One fault after the other for so long, none again before each had its turn; then heal."""
        kinds: list[Callable[[], None]] = [
            self.kill_worker, self.stop_worker, self.kill_pacer, self.flush_redis,
            self.restart_redis, self.lose_redis, self.restore_redis, self.pause_worker, self.pause_pacer,
            self.pause_redis, self.pause_odoo, self.restart_odoo, self.pause_postgres, self.restart_postgres,
            self.kill_channel, self.fail, self.refuse, self.html, self.lose, self.hang, self.late,
            self.far_too_late, self.lag, self.twice, self.again, self.part, self.reorder, self.overtaken,
            self.slow, self.slow_network, self.cut_network, self.half_open_network,
        ]  # fmt: skip
        self._limit()
        until = time.monotonic() + seconds
        to_come: list[Callable[[], None]] = []
        while time.monotonic() < until:
            to_come = to_come or self.random.sample(kinds, len(kinds))
            fault = to_come.pop()
            fault()
            self.done[fault.__name__] += 1
            time.sleep(self.random.uniform(pause / 2, pause * 1.5))
        self.heal()

    def heal(self) -> None:
        """The channel does as it is told again, all that is to come again has come; everything else runs.

        Its limit stays.
        """
        script = f"{self.stack.fake.url}/script"
        self._count()
        httpx.delete(script, timeout=PATIENCE).raise_for_status()
        self._limit()
        if not wait_until(lambda: not httpx.get(script, timeout=PATIENCE).json()["to_come"], PATIENCE):
            raise Failed("the fake channel still waits for what is to come again")
        self._wait_for_odoo()

    def answered(self) -> tuple[int, int]:
        """Requests that channels with a limit answered since the beginning, and refused for it."""
        self._count()
        return self.limited["answered"], self.limited["refused"]

    def _limit(self) -> None:
        for skus, limit in self.plan["limits"].items():
            kind, numbers = limit.split()
            calls, seconds = numbers.split("/")
            self._script(kind="limit", limit=kind, calls=calls, seconds=seconds, sku=skus)

    def _count(self) -> None:
        self.limited.update(httpx.get(f"{self.stack.fake.url}/limit", timeout=PATIENCE).json())

    # Ours

    def kill_worker(self) -> None:
        worker = self.random.choice(self.workers)
        worker.kill()
        worker.start()

    def stop_worker(self) -> None:
        """In order: it has 10 seconds to finish or give back what it holds."""
        worker = self.random.choice(self.workers)
        worker.process.send_signal(signal.SIGTERM)
        if not wait_until(lambda: not worker.running(), STOPPED):
            self.overdue.append(f"a worker that was told to stop went on for more than {STOPPED:.0f} s")
        worker.stop()
        worker.start()

    def pause_worker(self) -> None:
        """Stopped in the middle of whatever it does, for longer than its leases; another one takes over."""
        pause(self.random.choice(self.workers))

    def kill_pacer(self) -> None:
        self.stack.sidecar.pacer.kill()
        self.stack.sidecar.pacer.start()

    def pause_pacer(self) -> None:
        pause(self.stack.sidecar.pacer)

    # What we stand on

    def flush_redis(self) -> None:
        self.stack.redis.client.flushall()

    def restart_redis(self) -> None:
        self.stack.redis.kill()
        time.sleep(self.random.uniform(0, 3))
        self.stack.redis.start()

    def lose_redis(self) -> None:
        """Away for longer than every lease, backoff and poll."""
        self.stack.redis.kill()
        time.sleep(self.away)
        self.stack.redis.start()

    def restore_redis(self) -> None:
        """What was in it when this was done the last time, or at the beginning."""
        before, self.snapshot = self.snapshot, self._keys()
        with self.stack.redis.client.pipeline() as at_once:  # else a worker may have written a key again
            at_once.flushall()
            for key, (life, value) in before.items():
                at_once.restore(key, max(life, 0), value)
            at_once.execute()

    def _keys(self) -> dict[bytes, tuple[int, bytes]]:
        client = self.stack.redis.client
        found = {key: (client.pttl(key), client.dump(key)) for key in client.scan_iter()}
        return {key: (life, value) for key, (life, value) in found.items() if value is not None}

    def pause_redis(self) -> None:
        """It answers nobody, and has forgotten nothing when it goes on."""
        pause(self.stack.redis.process)

    def restart_odoo(self) -> None:
        psutil.Process(self.stack.odoo.process.pid).kill()
        self._wait_for_odoo()

    def _wait_for_odoo(self) -> None:
        """What keeps it running starts it again."""
        if not wait_until(
            lambda: self.stack.odoo.process.running() and self.stack.odoo.ready(), STARTED, 0.5
        ):
            raise Failed("Odoo did not come back")

    def pause_odoo(self) -> None:
        pause(self.stack.odoo.process)

    def pause_postgres(self) -> None:
        pause(self.stack.databases.process)

    def restart_postgres(self) -> None:
        self.stack.databases.process.kill()
        self.stack.databases.start()

    # The network between any two

    def slow_network(self) -> None:
        self._network("slow")

    def cut_network(self) -> None:
        self._network("cut")

    def half_open_network(self) -> None:
        self._network("half_open")

    def _network(self, state: str) -> None:
        link = self.random.choice(sorted(self.network.links))
        self.done[f"{state}: {link}"] += 1
        self.network.become(link, state)
        time.sleep(self.random.uniform(1, 8))
        self.network.become(link, "well")

    # The channel

    def kill_channel(self) -> None:
        self._count()
        self.stack.fake.process.kill()
        time.sleep(self.random.uniform(0, 3))
        self.stack.fake.start()
        self._limit()

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
        self._script(kind="late", seconds=self.random.uniform(0, self.timing["late_bound"]), times=2)

    def far_too_late(self) -> None:
        """No answer, and the effect comes when its lease is over and another request has taken its place."""
        over = self.timing["send_within"] + self.timing["deadline"] + self.timing["late_bound"]
        self._script(kind="late", seconds=self.random.uniform(over, 2 * over), times=1)

    def lag(self) -> None:
        """Taken at once, and shown a while later."""
        self._script(kind="lag", seconds=self.random.uniform(0, self.timing["lag"]), times=5)

    def twice(self) -> None:
        self._script(kind="twice", times=3)

    def again(self) -> None:
        """Something on the way keeps a request, and repeats it when its lease is long over."""
        self._script(kind="twice", seconds=self.random.uniform(PAUSED, LONG_AFTER), times=2)

    def part(self) -> None:
        """Half of a request's items are taken, and nothing is said of the others."""
        self._script(kind="part", times=2)

    def reorder(self) -> None:
        """Answers about a request's items in another order, for the rest of the run."""
        self._script(kind="reorder")

    def overtaken(self) -> None:
        """One request takes effect only when another one has come."""
        pushed = self.random.choice(["/stock", "/prices"])
        self._script(kind="overtaken", path=pushed, seconds=self.timing["deadline"] / 2, times=3)

    def slow(self) -> None:
        self._script(kind="delay", seconds=self.random.uniform(0, 1.5), times=3)

    def _script(self, **rule: object) -> None:
        httpx.post(f"{self.stack.fake.url}/script", json=rule, timeout=PATIENCE).raise_for_status()


def pause(process: Process) -> None:
    """It and what it has started: each of PostgreSQL's connections is a process of its own."""
    first = psutil.Process(process.pid)
    family = [first, *first.children(recursive=True)]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.suspend()
    time.sleep(PAUSED)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.resume()
