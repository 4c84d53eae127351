"""What one run holds: leases in hand, and whether it may go on."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from lockgate.contract import Lease, PriceValue, Purpose, Result, WorkClass
from lockgate.results import hand_back


@dataclass(frozen=True)
class Nudge:
    """Come again for this class of work in `delay` seconds."""

    work_class: WorkClass
    delay: float


@dataclass(frozen=True)
class Held:
    """A lease in hand, and until when on the boot clock a request with it may start."""

    lease: Lease
    token: str
    send_by: float

    def back(self, message: str, after: float = 0.0) -> Result:
        return hand_back(self.lease, self.token, message, after)

    def too_late(self, boot: float, now: datetime, frozen: bool) -> str | None:
        """Why it may not be sent any more; none while it may. A frozen channel may be read."""
        if boot > self.send_by:
            return "It came too late to be sent."
        if frozen and self.lease.purpose == Purpose.PUSH:
            return "The channel was frozen, so it was not sent."
        value = self.lease.value
        ends = value.ends if isinstance(value, PriceValue) and self.lease.purpose == Purpose.PUSH else None
        if ends is not None and ends <= now:
            return f"Its seal ended at {ends.isoformat()}, so it was not sent."
        return None


@dataclass(eq=False)
class Run:
    """Once `ended`, no more is leased or sent; what is handed back, and the next run, wait `wait` seconds.

    A stop takes what is in hand away while a request of the run is out, from another thread: hence the lock.
    """

    channel: str
    work_class: WorkClass
    until: float
    held: deque[Held] = field(default_factory=deque)
    batch_size: int = 1
    frozen: bool = False
    falls: int = 0
    ended: bool = False
    wait: float = 0.0
    spent: bool = False  # the channel's budget is: come again when there is some
    results: list[Result] = field(default_factory=list)  # that Odoo was not told yet
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self, wait: float = 0.0) -> None:
        self.ended = True
        self.wait = max(self.wait, wait)

    def next_batch(self) -> list[Held]:
        """The oldest lease in hand and those of its kind, as many as one request may carry."""
        batch: list[Held] = []
        others: list[Held] = []
        with self._lock:
            while self.held and len(batch) < self.batch_size:
                held = self.held.popleft()
                alike = not batch or _kind(held.lease) == _kind(batch[0].lease)
                (batch if alike else others).append(held)
            self.held.extendleft(reversed(others))
        return batch

    def came_of(self, results: Iterable[Result]) -> None:
        """What came of a batch, for the next exchange."""
        with self._lock:
            self.results.extend(results)

    def report(self) -> list[Result]:
        """What Odoo is to be told now. Of a run that has ended, all that is in hand goes back with it."""
        with self._lock:
            if self.ended:
                self.results += [held.back("It was not sent.", self.wait) for held in self.held]
                self.held.clear()
            results, self.results = self.results, []
        return results


def _kind(lease: Lease) -> tuple[object, ...]:
    """What one request may carry together: what was tried more often may be what makes requests fail."""
    return lease.purpose, lease.value.aspect, lease.tries
