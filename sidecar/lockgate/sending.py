"""One batch to the channel, and a result for each of its leases.

    batch ─► budget ─► in time? ─► connector ─► outcomes ─► results
      ▲                                │
      └── its halves ◄── an error of all that may be the doing of one

A request is sent in halves again until what is to blame stands alone, so that it holds nothing else up. What
may have landed, or says of itself that it concerns the channel, is never split.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lockgate import metrics
from lockgate.budget import Budget
from lockgate.connectors.base import Item
from lockgate.contract import Aspect, Cause, Channel, Lease, Purpose, Result
from lockgate.errors import ChannelError, LockedOut, NeedsAttention, Rejected, RetryLater
from lockgate.limits import Pace
from lockgate.results import Telling, unanswered
from lockgate.retry import TROUBLE, Policy, may_be_of_one
from lockgate.run import Held, Run
from lockgate.sessions import Opened, Sessions
from lockgate.signals import UNSAID, listen

log = logging.getLogger(__name__)

PATIENT = 2
"""So many failed requests in a row, beyond those on the way from a batch to one item, are still its doing."""


@dataclass(frozen=True)
class Sender:
    sessions: Sessions
    budget: Budget
    pace: Pace
    policy: Policy
    boot: Callable[[], float]
    now: Callable[[], datetime]

    def send(self, run: Run, channel: Channel, deadline: float, batch: Sequence[Held]) -> list[Result]:
        """A result for each lease of the batch. Never raises; ends the run when the channel wants no more."""
        try:
            with self.sessions.borrow(channel, Aspect(batch[0].lease.value.aspect), deadline) as opened:
                return self._send(run, channel, opened, batch)
        except Exception as error:  # credential or settings; a connector may raise anything when it is opened
            self._log(run, error)
            outcomes = self._heed(run, channel, dict.fromkeys(_keys(batch), error))
            return self._tell(run, channel, batch, outcomes)

    def _send(self, run: Run, channel: Channel, opened: Opened, batch: Sequence[Held]) -> list[Result]:
        results: list[Result] = []
        parts = deque([list(batch)])
        failed, bound = 0, len(batch).bit_length() + PATIENT
        error: Exception | None = None
        while parts and not run.ended:
            purpose = parts[0][0].lease.purpose
            if not self.budget.take(opened, run.work_class, purpose):
                run.spent = True
                run.end()
                break
            ready, late = self._in_time(run, parts.popleft())
            results += late
            if not ready:
                run.end()  # leased again at once they would come late again
                break
            outcomes, seconds, raised = self._ask(run, opened, purpose, ready)
            failed = failed + 1 if raised else 0
            if raised and len(ready) > 1 and may_be_of_one(raised):
                error = raised
                if failed >= bound:
                    run.end()  # nothing goes through: the channel's trouble, not one item's
                middle = len(ready) // 2
                parts.extendleft([ready[middle:], ready[:middle]])
                metrics.SPLITS.labels(run.channel).inc()
                continue
            outcomes = self._heed(run, channel, outcomes)
            results += self._tell(run, channel, ready, outcomes, seconds, opened.secrets)
        rest = [held for part in parts for held in part]
        if error is None:
            return results + [held.back("It was not sent.", run.wait) for held in rest]
        # they were in a request that failed, which is a try and says nothing of each
        return results + self._tell(
            run, channel, rest, dict.fromkeys(_keys(rest), _blamed(error, failed >= bound))
        )

    def _in_time(self, run: Run, batch: Sequence[Held]) -> tuple[list[Held], list[Result]]:
        """Right before a request: what may start now, and the rest handed back."""
        boot, now = self.boot(), self.now()
        ready: list[Held] = []
        late: list[Result] = []
        for held in batch:
            if words := held.too_late(boot, now, run.frozen):
                late.append(held.back(words))
            else:
                ready.append(held)
        return ready, late

    def _ask(
        self, run: Run, opened: Opened, purpose: Purpose, ready: Sequence[Held]
    ) -> tuple[Mapping[int, object], float, Exception | None]:
        """One push or read: outcomes by key, how long it took, and the error if it concerns them all."""
        send = opened.connector.push if purpose == Purpose.PUSH else opened.connector.read
        raised: Exception | None = None
        outcomes: Mapping[int, object]
        began = self.boot()
        with self.pace.asking(run.channel), listen() as heard:
            try:
                outcomes = dict(send([_item(held.lease) for held in ready]))
            except Exception as error:
                self._log(run, error)
                outcomes, raised = dict.fromkeys(_keys(ready), error), error
        seconds = max(self.boot() - began, 1e-6)
        metrics.REQUESTS.labels(run.channel, purpose).observe(seconds)
        self.budget.learn(opened.session, purpose, heard)
        return outcomes, seconds, raised

    def _heed(self, run: Run, channel: Channel, outcomes: Mapping[int, object]) -> Mapping[int, object]:
        """A channel that is down, asks to wait, fell silent or locks us out gets nothing more in this run.

        Returns the outcomes, where the credential of all is refused as what that is.
        """
        outcomes = {key: self._of_all(channel, outcome) for key, outcome in outcomes.items()}
        for outcome in outcomes.values():
            if isinstance(outcome, RetryLater) and outcome.after:
                run.end(self.policy.own(outcome.after) or 0.0)
            elif isinstance(outcome, ChannelError) and outcome.cause in TROUBLE:
                run.end(UNSAID if outcome.cause == Cause.RATE_LIMIT else 0.0)
            elif isinstance(outcome, LockedOut):
                run.end()
        return outcomes

    def _of_all(self, channel: Channel, outcome: object) -> object:
        if (
            isinstance(outcome, NeedsAttention)
            and outcome.cause == Cause.CREDENTIALS
            and self.sessions.share(channel)
        ):
            return LockedOut(outcome.message, answer=outcome.answer, request_id=outcome.request_id)
        return outcome

    def _tell(
        self,
        run: Run,
        channel: Channel,
        batch: Sequence[Held],
        outcomes: Mapping[int, object],
        seconds: float = 1e-6,
        secrets: tuple[str, ...] = (),
    ) -> list[Result]:
        telling = Telling(channel, self.policy, seconds, secrets, run.falls)
        return [
            telling.of(
                held.lease,
                held.token,
                outcomes.get(held.lease.publication, unanswered(held.lease.purpose)),
            )
            for held in batch
        ]

    def _log(self, run: Run, error: Exception) -> None:
        if not isinstance(error, ChannelError):
            log.error("The connector of channel %s failed", run.channel, exc_info=error)


def _blamed(error: Exception, nothing_goes_through: bool) -> Exception:
    """What stands for an error of a request with others, none of which was refused by itself."""
    if isinstance(error, RetryLater) and nothing_goes_through:
        return RetryLater(error.message, cause=Cause.CHANNEL_DOWN)
    return RetryLater(error.message, cause=error.cause) if isinstance(error, Rejected) else error


def _item(lease: Lease) -> Item:
    return Item(lease.publication, lease.value, lease.version)


def _keys(batch: Sequence[Held]) -> list[int]:
    return [held.lease.publication for held in batch]
