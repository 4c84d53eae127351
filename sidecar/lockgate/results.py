"""From what a connector gave for one item to the result that Odoo is told."""

from __future__ import annotations

from dataclasses import dataclass

from lockgate import metrics
from lockgate.connectors.base import Accepted
from lockgate.contract import (
    Aspect,
    Cause,
    Channel,
    Lease,
    Outcome,
    PriceReading,
    Purpose,
    Reading,
    Result,
    StockReading,
)
from lockgate.errors import ChannelError, RetryLater, Unknown
from lockgate.retry import Policy, decide
from lockgate.wire import EXCERPT, mask


@dataclass(frozen=True)
class Telling:
    """What the results of one request have in common."""

    channel: Channel
    policy: Policy
    seconds: float
    secrets: tuple[str, ...] = ()
    falls: int = 0  # how often in a row the channel was in trouble before

    def of(self, lease: Lease, token: str, outcome: object) -> Result:
        """`outcome` is what the connector gave for the item, or the exception that stands for it."""
        reading: Reading | None = None
        retry_after: float | None = None
        cause: Cause | None = None
        match outcome:
            case Accepted() if lease.purpose == Purpose.PUSH:
                kind, message, answer = Outcome.ACCEPTED, "", outcome.answer
            case PriceReading() | StockReading() if lease.purpose == Purpose.READ:
                kind, message, answer, reading = Outcome.READ, "", "", outcome
            case None if lease.purpose == Purpose.READ:
                kind, message, answer = Outcome.READ, "The channel does not know this listing.", ""
            case _:
                error = outcome if isinstance(outcome, Exception) else TypeError("no outcome")
                decision = decide(error, lease.tries, self.falls, self.policy, self.channel.connector)
                kind, message, retry_after = decision.outcome, decision.message, decision.retry_after
                answer = getattr(outcome, "answer", "")
                cause = cause_of(error, Aspect(lease.value.aspect))
        metrics.RESULTS.labels(self.channel.code, lease.purpose, kind).inc()
        return Result(
            token=token,
            publication=lease.publication,
            outcome=kind,
            message=mask(message, self.secrets),
            retry_after=retry_after,
            reading=reading,
            answer=mask(answer, self.secrets)[:EXCERPT],
            request_id=getattr(outcome, "request_id", None),
            cause=cause,
            seconds=self.seconds,
        )


REFUSED = {Aspect.PRICE: Cause.PRICE_REFUSED, Aspect.STOCK: Cause.STOCK_REFUSED}


def cause_of(error: BaseException, aspect: Aspect) -> Cause:
    """Why it failed: what the error says, else what it was about; the connector's own fault if it is none."""
    if not isinstance(error, ChannelError):
        return Cause.INTERNAL
    return error.cause or REFUSED[aspect]


def unanswered(purpose: Purpose) -> ChannelError:
    """What it means that a connector gave nothing for a key."""
    words = "The connector gave no answer for this item."
    return Unknown(words) if purpose == Purpose.PUSH else RetryLater(words)


def hand_back(lease: Lease, token: str, message: str, after: float = 0.0) -> Result:
    """A lease that was not sent. Its 0 seconds tell Odoo that no request was made."""
    return Result(
        token=token,
        publication=lease.publication,
        outcome=Outcome.RETRY,
        message=message,
        retry_after=after,
        reading=None,
        answer="",
        request_id=None,
        cause=None,
        seconds=0.0,
    )
