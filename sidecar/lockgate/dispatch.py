"""One run: lease the newest wanted values of a channel, send them, say what came of each.

    exchange ─► leases ─► batch ─► in time? ─► connector ─► classify ─► exchange (results in, leases out) ─► …

Results go back at once, and the next leases ride on the same exchange. Every lease gets exactly one result.
A lease that is not sent is handed back: `retry` with `seconds` 0, which Odoo counts as no try.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lockgate import connectors, metrics
from lockgate.connectors.base import Item
from lockgate.contract import (
    ExchangeAnswer,
    Lease,
    PriceValue,
    Purpose,
    Result,
    TurnState,
    WorkClass,
)
from lockgate.errors import ChannelDown, ChannelError, NeedsAttention, RetryLater, Unknown
from lockgate.limits import Pace
from lockgate.odoo import Gateway, OdooDown, OdooError, OdooRefused
from lockgate.results import Telling, hand_back, unanswered
from lockgate.retry import Policy
from lockgate.sessions import Opened, Sessions

log = logging.getLogger(__name__)

RUN_SECONDS = 10.0
"""After this long a run leases no more and hands over to a new one, so that others get its seat."""

REPORT_SECONDS = 0.05
"""After this long results are on their way to Odoo: small batches that go fast share an exchange."""

PATIENCE = 2.0
"""Seconds in which a first exchange that was cut off is asked again."""

REPORT_PATIENCE = 20.0
"""Seconds in which results are offered to an Odoo that is down or busy; a restart takes about 8."""


def boot_clock() -> float:
    """Seconds since boot, suspended time included: a lease goes on ageing while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


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


@dataclass
class Run:
    """What one run holds. `ended`: no more is leased or sent; what is handed back waits `wait` seconds.

    `frozen`: the channel may be read, and nothing is pushed.
    """

    channel: str
    work_class: WorkClass
    until: float
    held: deque[Held] = field(default_factory=deque)
    batch_size: int = 1
    frozen: bool = False
    ended: bool = False
    wait: float = 0.0


class Dispatch:
    def __init__(
        self,
        gateway: Gateway,
        sessions: Sessions,
        pace: Pace,
        *,
        policy: Policy | None = None,
        stopping: threading.Event | None = None,
        boot: Callable[[], float] = boot_clock,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gateway = gateway
        self._sessions = sessions
        self._pace = pace
        self._policy = policy or Policy()
        self._stopping = stopping or threading.Event()
        self._boot = boot
        self._now = now
        self._sleep = sleep

    def run(self, channel: str, work_class: WorkClass) -> list[Nudge]:
        """Send what is due of this class or a more urgent one. Returns when to come again, and for what.

        Raises OdooRefused or OdooDown when an exchange failed; what Odoo was not told ends as unknown there.
        """
        run = Run(channel, work_class, until=self._boot() + RUN_SECONDS)
        answer = self._exchange(run, [])
        while run.held:
            began = self._boot()
            results = self._send_for_a_while(run, answer)
            answer = self._exchange(run, results)
            if not run.ended:
                self._pace.learn(channel, len(results), self._boot() - began, answer.send_by)
        return self._come_again(run, answer)

    def _send_for_a_while(self, run: Run, answer: ExchangeAnswer) -> list[Result]:
        """At least one batch, and those that a fast channel takes before Odoo must hear of them."""
        results: list[Result] = []
        report_at = self._boot() + REPORT_SECONDS
        while run.held and not run.ended:
            results += self._send(run, answer, self._next_batch(run))
            run.ended = run.ended or self._stopping.is_set()
            if self._boot() >= report_at:
                break
        if run.ended:
            results += [held.back("It was not sent.", run.wait) for held in run.held]
            run.held.clear()
        return results

    def _next_batch(self, run: Run) -> list[Held]:
        """The oldest lease in hand and those of its purpose and aspect, as many as one request may carry."""
        first = run.held[0].lease
        batch: list[Held] = []
        rest: deque[Held] = deque()
        for held in run.held:
            alike = (held.lease.purpose, held.lease.value.aspect) == (first.purpose, first.value.aspect)
            (batch if alike and len(batch) < run.batch_size else rest).append(held)
        run.held = rest
        return batch

    def _send(self, run: Run, answer: ExchangeAnswer, batch: list[Held]) -> list[Result]:
        """A result for each lease of the batch."""
        assert answer.channel is not None
        try:
            with self._sessions.borrow(answer.channel, answer.deadline) as opened:
                return self._request(run, opened, batch)
        except Exception as error:  # connector, credential or settings; a connector may raise anything
            self._log(run, error)
            telling = Telling(answer.channel, self._policy, seconds=1e-6)
            return [telling.of(held.lease, held.token, error) for held in batch]

    def _request(self, run: Run, opened: Opened, batch: list[Held]) -> list[Result]:
        ready, results = self._in_time(run, batch)
        if not ready:
            run.ended = True  # leased again at once they would come late again
            return results
        purpose = ready[0].lease.purpose
        send = opened.connector.push if purpose == Purpose.PUSH else opened.connector.read
        outcomes: Mapping[int, object]
        began = self._boot()
        try:
            outcomes = send([Item(held.lease.publication, held.lease.value) for held in ready])
        except Exception as error:  # concerns the whole request, counts for every item
            self._log(run, error)
            outcomes = dict.fromkeys((held.lease.publication for held in ready), error)
        seconds = max(self._boot() - began, 1e-6)
        metrics.REQUESTS.labels(run.channel, purpose).observe(seconds)
        for outcome in outcomes.values():
            self._end_on(run, outcome)
        down = any(isinstance(outcome, ChannelDown) for outcome in outcomes.values())
        falls = self._pace.fell(run.channel) if down else 0
        telling = Telling(opened.session.channel, self._policy, seconds, opened.secrets, falls)
        missing = unanswered(purpose)
        return results + [
            telling.of(held.lease, held.token, outcomes.get(held.lease.publication, missing))
            for held in ready
        ]

    def _in_time(self, run: Run, batch: Iterable[Held]) -> tuple[list[Held], list[Result]]:
        """Right before a request: what may start now, and the rest handed back."""
        boot, now = self._boot(), self._now()
        ready: list[Held] = []
        late: list[Result] = []
        for held in batch:
            value = held.lease.value
            ends = (
                value.ends if isinstance(value, PriceValue) and held.lease.purpose == Purpose.PUSH else None
            )
            if boot > held.send_by:
                late.append(held.back("It came too late to be sent."))
            elif run.frozen and held.lease.purpose == Purpose.PUSH:
                late.append(held.back("The channel was frozen, so it was not sent."))
            elif ends is not None and ends <= now:
                late.append(
                    hand_back(
                        held.lease, held.token, f"Its seal ended at {ends.isoformat()}, so it was not sent."
                    )
                )
            else:
                ready.append(held)
        return ready, late

    def _end_on(self, run: Run, error: object) -> None:
        """A channel that is down, asked to wait or fell silent gets nothing more in this run."""
        if isinstance(error, ChannelDown | Unknown):
            run.ended = True
        if isinstance(error, RetryLater) and error.after is not None:
            run.ended = True
            run.wait = error.after

    def _exchange(self, run: Run, results: list[Result]) -> ExchangeAnswer:
        """Results in, leases out. Cut off, it is asked again in the same words, so that it counts once.

        Results are offered again to a turn that is busy; waiting here is what keeps them from being lost.
        """
        asked = self._boot()
        run.ended = run.ended or self._stopping.is_set()
        ceiling = 0 if run.ended or asked > run.until else self._pace.ceiling(run.channel, run.batch_size)
        exchange_id = uuid.uuid4().hex
        give_up = asked + (REPORT_PATIENCE if results else PATIENCE)
        pause = 0.01
        while True:
            began, state = self._boot(), "failed"
            try:
                answer = self._gateway.exchange(
                    run.channel, run.work_class, exchange_id=exchange_id, results=results, ceiling=ceiling
                )
                state = answer.state
                if state != TurnState.BUSY or not results:
                    break
                if self._boot() > give_up:
                    raise OdooDown("A turn of this channel stayed busy for too long to be told of results.")
            except OdooError as error:
                if isinstance(error, OdooRefused) or self._boot() > give_up:
                    metrics.LOST.labels(run.channel).inc(len(results))
                    raise
            finally:
                metrics.EXCHANGES.labels(state).observe(self._boot() - began)
            self._sleep(random.uniform(pause / 2, pause))
            pause = min(pause * 2, 0.5)
        self._receive(run, answer, asked)
        return answer

    def _receive(self, run: Run, answer: ExchangeAnswer, asked: float) -> None:
        """Take the leases in hand. `send_by` counts from before Odoo was asked, whatever the answer took."""
        run.frozen = answer.state == TurnState.FROZEN
        if not answer.leases:
            return
        assert answer.channel is not None
        assert answer.token is not None
        try:
            run.batch_size = connectors.find(answer.channel.connector).description.capabilities.batch_size
        except NeedsAttention:
            run.batch_size = len(answer.leases)  # they all get the same answer, from `_send`
        run.held.extend(Held(lease, answer.token, asked + answer.send_by) for lease in answer.leases)

    def _come_again(self, run: Run, answer: ExchangeAnswer) -> list[Nudge]:
        if answer.state == TurnState.BUSY:
            return [Nudge(run.work_class, random.uniform(0.01, 0.05))]
        if answer.state == TurnState.FROZEN or answer.more is None:
            return []
        classes = list(WorkClass)
        nudges = []
        for work_class in classes:
            if getattr(answer.more, work_class) == 0:
                continue
            ours = classes.index(work_class) <= classes.index(run.work_class)
            if self._stopping.is_set() or not ours or (not run.ended and self._boot() > run.until):
                nudges.append(Nudge(work_class, 0.0))
            else:  # due, but not leased to us: another run holds the ceiling, or the channel wants a pause
                nudges.append(Nudge(work_class, random.uniform(0.2, 0.6)))
        return nudges

    def _log(self, run: Run, error: Exception) -> None:
        if not isinstance(error, ChannelError):
            log.error("The connector of channel %s failed", run.channel, exc_info=error)
