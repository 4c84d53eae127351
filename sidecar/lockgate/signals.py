"""What a channel says of its limits while it is spoken to.

`Wire` passes on what stands in the headers and the body of every answer; a connector that does not use it may
call `tell`. Both reach the budget through `listen`, around one push or read.

    Retry-After                                             429 and 503: nothing more for so long
    RateLimit-Remaining, X-RateLimit-Remaining, …-Reset     the IETF's draft, and what was usual before it
    X-Rate-Limit-Requests-Left, X-Rate-Limit-Time-Reset-Ms  BigCommerce
    X-Shopify-Shop-Api-Call-Limit: 32/40                    Shopify REST
    extensions.cost in the body                             Shopify GraphQL, in points
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_HOLD = 900.0
"""Seconds for which one answer may stop a channel or its row; one that means longer says so again."""

UNSAID = 1.0
"""Seconds without requests after a 429 that does not say for how long."""

REMAINING = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-requests-left")
THROTTLE_STATUS = ("currentlyAvailable", "maximumAvailable", "restoreRate")
RESET = ("ratelimit-reset", "x-ratelimit-reset")


@dataclass(frozen=True)
class Signal:
    """One answer's words on limits; what it does not say is none."""

    hold: float | None = None  # seconds in which nothing may be asked
    remaining: float | None = None  # requests, or points, that are left now
    reset: float | None = None  # seconds until all of it is there again
    cost: float | None = None  # points that this request has cost
    size: float | None = None  # of the bucket, and its refill: what this customer really has
    per_second: float | None = None


@dataclass
class Heard:
    """All that was said during one push or read."""

    requests: int = 0
    cost: float | None = None
    hold: float = 0.0
    remaining: float | None = None
    reset: float | None = None
    size: float | None = None
    per_second: float | None = None

    def take(self, signal: Signal) -> None:
        """The later answer knows better, but no answer takes back another's wish to wait."""
        self.hold = max(self.hold, min(signal.hold or 0.0, LONGEST_HOLD))
        self.cost = self.cost if signal.cost is None else (self.cost or 0.0) + signal.cost
        if signal.remaining is not None:
            self.remaining, self.reset = signal.remaining, signal.reset
        if signal.size and signal.per_second:
            self.size, self.per_second = signal.size, signal.per_second


_listening: ContextVar[Heard | None] = ContextVar("listening", default=None)


@contextmanager
def listen() -> Iterator[Heard]:
    """Collects what is told in this thread until the end of the block."""
    heard = Heard()
    before = _listening.set(heard)
    try:
        yield heard
    finally:
        _listening.reset(before)


def tell(signal: Signal) -> None:
    """Pass on what an answer says; without a listener it is nobody's."""
    heard = _listening.get()
    if heard is not None:
        heard.take(signal)


def count() -> None:
    """A request is made."""
    heard = _listening.get()
    if heard is not None:
        heard.requests += 1


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds a channel asks to wait: Retry-After as seconds or as an HTTP date; none if it says neither."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def of_headers(status: int, headers: Mapping[str, str]) -> Signal:
    remaining = _number(headers, *REMAINING)
    used, _, size = headers.get("x-shopify-shop-api-call-limit", "").partition("/")
    if used.isdecimal() and size.isdecimal():
        remaining = float(size) - float(used)
    hold, reset = retry_after(headers) if status in (429, 503) else None, _reset(headers)
    if status == 429:
        hold = hold or reset or UNSAID
    return Signal(hold=hold, remaining=remaining, reset=reset)


def of_body(data: Any) -> Signal:
    """What a GraphQL answer says of its cost, as Shopify has it; nothing for any other body."""
    try:
        cost = data["extensions"]["cost"]
        left = cost["throttleStatus"]
        numbers = [cost.get("actualQueryCost"), *(left[name] for name in THROTTLE_STATUS)]
        spent, remaining, size, rate = (float(number or 0.0) for number in numbers)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return Signal()
    if not all(0 <= number < 1e9 for number in (spent, remaining, size, rate)):
        return Signal()
    return Signal(remaining=remaining, cost=spent, size=size, per_second=rate)


def throttled(data: Any) -> float | None:
    """Seconds until a GraphQL request would go that was refused with HTTP 200; none if it was not refused."""
    try:
        if data["errors"][0]["extensions"]["code"] != "THROTTLED":
            return None
        cost = data["extensions"]["cost"]
        short = float(cost["requestedQueryCost"]) - float(cost["throttleStatus"]["currentlyAvailable"])
        return max(0.0, short / float(cost["throttleStatus"]["restoreRate"]))
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
        return None


def _reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the allowance is whole again, told as such, as a moment, or in milliseconds."""
    milliseconds = _number(headers, "x-rate-limit-time-reset-ms")
    if milliseconds is not None:
        return milliseconds / 1000
    reset = _number(headers, *RESET)
    if reset is None:
        return None
    if reset > 1e11:
        reset /= 1000
    return max(0.0, reset - time.time()) if reset > 1e9 else reset


def _number(headers: Mapping[str, str], *names: str) -> float | None:
    """The first that is there and is a finite number from zero up."""
    for name in names:
        try:
            value = float(headers.get(name, ""))
        except ValueError:
            continue
        if 0 <= value < float("inf"):
            return value
    return None
