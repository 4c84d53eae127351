"""One run: lease the newest wanted values of a channel, send them, say what came of each.

    budget ─► exchange ─► leases ─► batches (`sending`) ─► exchange (results in, leases out) ─► …

Results go back at once, and the next leases ride on the same exchange. Every lease gets exactly one result. A
lease that is not sent is handed back: `retry` with `seconds` 0, which Odoo counts as no try. Nobody sleeps on
a channel's limit: a run that may send nothing ends, and says when to come again. Now and then it has Odoo
turn marks into values before: changes pile up as one value each, however long the channel is left alone.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from lockgate import connectors, metrics
from lockgate.budget import Budget
from lockgate.contract import ExchangeAnswer, Result, TurnState, WorkClass
from lockgate.errors import NeedsAttention
from lockgate.limits import Pace
from lockgate.odoo import Gateway, OdooDown, OdooError, OdooRefused
from lockgate.retry import Policy
from lockgate.run import Held, Nudge, Run
from lockgate.sending import Sender
from lockgate.sessions import Sessions

log = logging.getLogger(__name__)

RUN_SECONDS = 10.0
"""After this long a run leases no more and hands over to a new one, so that others get its seat."""

MARKS_WAIT = 1.0
"""Seconds that marks wait for a turn at most while the channel may be sent nothing for longer than that."""

REPORT_SECONDS = 0.05
"""After this long results are on their way to Odoo: small batches that go fast share an exchange."""

PATIENCE = 2.0
"""Seconds in which a first exchange that was cut off is asked again."""

REPORT_PATIENCE = 20.0
"""Seconds in which results are offered to an Odoo that is down or busy; a restart takes about 8."""


def boot_clock() -> float:
    """Seconds since boot, suspended time included: a lease goes on ageing while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Dispatch:
    def __init__(
        self,
        gateway: Gateway,
        sessions: Sessions,
        pace: Pace,
        budget: Budget,
        *,
        policy: Policy | None = None,
        stopping: threading.Event | None = None,
        boot: Callable[[], float] = boot_clock,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gateway = gateway
        self._pace = pace
        self._budget = budget
        self._sender = Sender(sessions, budget, pace, policy or Policy(), boot, now)
        self._stopping = stopping or threading.Event()
        self._boot = boot
        self._sleep = sleep
        self._runs: set[Run] = set()
        self._turned_at: dict[str, float] = {}

    def run(self, channel: str, work_class: WorkClass, pause: float = 0.0) -> list[Nudge]:
        """Send what is due of this class or a more urgent one. Returns when to come again, and for what.

        `pause`: seconds for which the channel wants no requests. Raises OdooRefused or OdooDown when an
        exchange failed; what Odoo was not told ends as unknown there.
        """
        if wait := max(pause, self._budget.wait(channel, work_class)):
            if min(wait, self._boot() - self._turned_at.get(channel, 0.0)) > MARKS_WAIT:
                self._exchange(Run(channel, work_class, until=0.0, ended=True), [])
            return [Nudge(work_class, wait)]
        run = Run(channel, work_class, until=self._boot() + RUN_SECONDS)
        self._runs.add(run)
        try:
            return self._run(run)
        finally:
            self._runs.discard(run)

    def give_back(self) -> None:
        """At a stop, once `stopping` is set: hand back what is in hand and unsent, though a request hangs.

        Does not wait. Each run goes back on a thread of its own, so that none waits for another's channel.
        """
        for run in list(self._runs):
            run.ended = True
            threading.Thread(target=self._give_back, args=(run,), name="give back").start()

    def _give_back(self, run: Run) -> None:
        try:
            if results := run.report():
                self._exchange(run, results)
        except OdooError as error:
            log.warning("Channel %s: what was in hand ends by itself in Odoo: %s", run.channel, error)

    def _run(self, run: Run) -> list[Nudge]:
        answer = self._exchange(run, [])
        while run.held:
            began = self._boot()
            results = self._send_for_a_while(run, answer)
            answer = self._exchange(run, results)
            if not run.ended:
                self._pace.learn(run.channel, len(results), self._boot() - began, answer.send_by)
        return self._come_again(run, answer)

    def _send_for_a_while(self, run: Run, answer: ExchangeAnswer) -> list[Result]:
        """At least one batch, and those that a fast channel takes before Odoo must hear of them.

        Less than a full batch waits for what is leased next, where more is due: a limit counts requests.
        """
        assert answer.channel is not None
        report_at = self._boot() + REPORT_SECONDS
        while not self._over(run) and (batch := run.next_batch()):
            run.came_of(self._sender.send(run, answer.channel, answer.deadline, batch))
            if self._boot() >= report_at or (answer.more and len(run.held) < run.batch_size):
                break
        self._over(run)
        return run.report()

    def _over(self, run: Run) -> bool:
        run.ended = run.ended or self._stopping.is_set()
        return run.ended

    def _exchange(self, run: Run, results: list[Result]) -> ExchangeAnswer:
        """Results in, leases out. Cut off, it is asked again in the same words, so that it counts once.

        Results are offered again to a turn that is busy; waiting here is what keeps them from being lost.
        """
        asked = self._boot()
        ceiling = 0 if self._over(run) or asked > run.until else self._ceiling(run)
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
        self._turned_at[run.channel] = asked
        self._receive(run, answer, asked)
        return answer

    def _ceiling(self, run: Run) -> int:
        """Rows to hold for the channel: as many as it takes in time, and its budget lets us send."""
        fits = self._pace.ceiling(run.channel, run.batch_size)
        affordable = self._budget.rows(run.channel, run.work_class)
        run.spent = run.spent or affordable == 0
        return fits if affordable is None else min(fits, affordable)

    def _receive(self, run: Run, answer: ExchangeAnswer, asked: float) -> None:
        """Take the leases in hand. `send_by` counts from before Odoo was asked, whatever the answer took."""
        run.frozen, run.falls = answer.state == TurnState.FROZEN, answer.falls
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
            wait = max(run.wait, self._budget.wait(run.channel, work_class))
            ours = classes.index(work_class) <= classes.index(run.work_class)
            if self._stopping.is_set() or not ours or (not run.ended and self._boot() > run.until):
                nudges.append(Nudge(work_class, 0.0))
            elif run.spent or wait > 0:  # the channel's budget, or its own wish
                nudges.append(Nudge(work_class, wait))
            else:  # due, but not leased to us: another run holds the ceiling, or the channel is down
                nudges.append(Nudge(work_class, random.uniform(0.2, 0.6)))
        return nudges
