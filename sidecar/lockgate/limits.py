"""How much may run at once: seats of a worker by class of work, slots of a channel in all workers, and pace.

None of it may lose an update: what is refused here stays due in Odoo, and a Redis that fails grants.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis, RedisError

from lockgate.budget import hold_key
from lockgate.contract import WorkClass

log = logging.getLogger(__name__)


SLOW = 1.0
"""Seconds that a channel may keep a request waiting before its runs give their seats to others."""


class Seats:
    """The runs of one worker process. A quarter is kept for critical work and one seat for bulk.

    A run of a channel that keeps its requests waiting holds none of these seats, but one of as many beside
    them, so that however many channels hang, the others have theirs. Work that gets no seat comes again a
    moment later, so a queue never stands behind a long run.
    """

    def __init__(self, seats: int, pace: Pace, queues: Collection[WorkClass] = tuple(WorkClass)) -> None:
        self._seats = seats
        self._pace = pace
        self._for_urgent = seats - (WorkClass.BULK in queues)
        self._for_others = seats - (seats // 4 if WorkClass.CRITICAL in queues else 0)
        self._runs: Counter[tuple[str, WorkClass]] = Counter()
        self._lock = threading.Lock()

    @property
    def threads(self) -> int:
        """Runs there may be at once: on seats, beside them, and as many whose channel fell silent since."""
        return 3 * self._seats

    def take(self, channel: str, work_class: WorkClass) -> bool:
        with self._lock:
            if not self._free(channel, work_class):
                return False
            self._runs[channel, work_class] += 1
            return True

    def _free(self, channel: str, work_class: WorkClass) -> bool:
        taken: Counter[WorkClass] = Counter()
        beside = 0
        for (each, kind), runs in self._runs.items():
            if self._pace.slow(each):
                beside += runs
            else:
                taken[kind] += runs
        if self._pace.slow(channel):
            return beside < self._seats
        urgent = taken[WorkClass.CRITICAL] + taken[WorkClass.ROUTINE]
        others = taken[WorkClass.ROUTINE] + taken[WorkClass.BULK]
        return (
            taken.total() < self._seats
            and (work_class == WorkClass.BULK or urgent < self._for_urgent)
            and (work_class == WorkClass.CRITICAL or others < self._for_others)
        )

    def free(self, channel: str, work_class: WorkClass) -> None:
        with self._lock:
            self._runs[channel, work_class] -= 1
            if not self._runs[channel, work_class]:
                del self._runs[channel, work_class]


class Refusals:
    """How long a channel's work is left alone that Odoo refuses: doubling, from 2 seconds to 30.

    Asking again does not help until somebody has done something, and the nudges go on.
    """

    FIRST, MOST = 2.0, 30.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refused: dict[str, tuple[float, float]] = {}  # how long, and until when

    def wait(self, channel: str) -> float:
        """Seconds until it may be asked for again; 0 is now."""
        _, until = self._refused.get(channel, (0.0, 0.0))
        return max(0.0, until - self._clock())

    def refused(self, channel: str) -> float:
        """It was refused once more; returns the seconds to leave it alone."""
        before, _ = self._refused.get(channel, (self.FIRST / 2, 0.0))
        seconds = min(before * 2, self.MOST)
        self._refused[channel] = seconds, self._clock() + seconds
        return seconds

    def taken(self, channel: str) -> None:
        self._refused.pop(channel, None)


TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local hold = redis.call('PTTL', KEYS[2])
if hold > 0 then return hold end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return -1 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 0
"""
RENEW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""


NO_SLOT = 0.3
"""Seconds after which a run that found its channel's slots taken asks again."""


@dataclass(frozen=True)
class Slot:
    """Without a holder there is none free, or the channel wants no requests for `pause` seconds."""

    holder: str | None
    pause: float = 0.0


class Slots:
    """Runs of one channel at once, counted in Redis over all workers.

    A holder renews its slots while it lives; those of a killed worker end after `life` seconds.
    """

    def __init__(self, redis: Redis, bound: int, life: float = 5.0) -> None:
        self._redis = redis
        self._bound = bound
        self._life = int(life * 1000)
        self._held: dict[str, str] = {}
        self._stopped = threading.Event()
        threading.Thread(target=self._renew, args=(life / 3,), name="slots", daemon=True).start()

    def take(self, channel: str) -> Slot:
        """A slot, to give back with `free`; or when to ask again."""
        holder, hold = uuid.uuid4().hex, hold_key(channel)
        try:
            wait = self._redis.eval(TAKE, 2, self._key(channel), hold, holder, self._bound, self._life)
        except RedisError as error:
            log.warning("Redis cannot count the runs of %s, one more is let in: %s", channel, error)
            wait = 0
        if wait != 0:
            return Slot(None, max(0.0, wait / 1000))
        self._held[holder] = channel
        return Slot(holder)

    def free(self, holder: str) -> None:
        channel = self._held.pop(holder)
        try:
            self._redis.zrem(self._key(channel), holder)
        except RedisError as error:
            log.warning("Redis kept a slot of %s, it ends by itself: %s", channel, error)

    def close(self) -> None:
        self._stopped.set()

    def _renew(self, every: float) -> None:
        while not self._stopped.wait(every):
            # one that is freed meanwhile may be renewed once more: a run fewer, until its life ends
            for holder, channel in list(self._held.items()):
                try:
                    self._redis.eval(RENEW, 1, self._key(channel), holder, self._life)
                except RedisError as error:
                    log.warning("Redis cannot renew a slot of %s: %s", channel, error)
                    break

    @staticmethod
    def _key(channel: str) -> str:
        return f"lockgate:slots:{channel}"


class Pace:
    """How many rows to hold for a channel, from how fast it took the last ones.

    A lease must be on its way by `send_by`, so a slow channel is leased no more than it takes in half of
    that, and never less than one batch. Of a channel not seen yet: `first`. Of one that could not be reached:
    a single row, until it answers again.
    """

    def __init__(self, ceiling: int, first: int = 500, clock: Callable[[], float] = time.monotonic) -> None:
        self._ceiling = ceiling
        self._first = first
        self._seconds_each: dict[str, float] = {}
        self._send_by: dict[str, float] = {}
        self._falls: Counter[str] = Counter()
        self._clock = clock
        self._out: dict[str, list[float]] = {}  # since when, of each request that is out
        self._slow: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def asking(self, channel: str) -> Iterator[None]:
        """Around each request to a channel, whatever comes of it."""
        began = self._clock()
        with self._lock:
            self._out.setdefault(channel, []).append(began)
        try:
            yield
        finally:
            slow = self._clock() - began > SLOW
            with self._lock:
                self._out[channel].remove(began)
                (self._slow.add if slow else self._slow.discard)(channel)

    def slow(self, channel: str) -> bool:
        """Whether its last request took long, or one is out for long."""
        with self._lock:
            return channel in self._slow or any(
                self._clock() - began > SLOW for began in self._out.get(channel, ())
            )

    def learn(self, channel: str, rows: int, seconds: float, send_by: float) -> None:
        self._falls.pop(channel, None)
        each = seconds / rows
        before = self._seconds_each.get(channel, each)
        self._seconds_each[channel] = (before + each) / 2
        self._send_by[channel] = send_by

    def fell(self, channel: str) -> int:
        """The channel could not be reached once more; returns how often in a row."""
        self._falls[channel] += 1
        return self._falls[channel]

    def ceiling(self, channel: str, batch_size: int = 1) -> int:
        if self._falls[channel]:
            return 1
        each = self._seconds_each.get(channel)
        if each is None:
            return min(self._ceiling, max(self._first, batch_size))
        fits = int(self._send_by[channel] / 2 / max(each, 1e-6))
        return min(self._ceiling, max(batch_size, fits))
