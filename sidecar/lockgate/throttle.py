"""How the fake channel limits its callers: four kinds, each answering as a vendor documents it.

    leaky_bucket   Shopify REST: X-Shopify-Shop-Api-Call-Limit on every answer; 429 with Retry-After
    fixed_window   BigCommerce: X-Rate-Limit-Requests-Left and …-Time-Reset-Ms on every answer; 429 with them
    sliding_log    the IETF's draft: RateLimit-Remaining and -Reset; 429 with Retry-After in whole seconds
    points         Shopify GraphQL: `extensions.cost` in every answer; HTTP 200 with the error THROTTLED

`calls` in `seconds`; of a bucket, its size and the time in which it runs empty.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["leaky_bucket", "fixed_window", "sliding_log", "points"]

POINTS = 10.0
"""What a request costs where points are counted."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of one request: `fields` go into the body of the answer, whatever it is."""

    admitted: bool
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)


class Throttle:
    """One limit. `admit` is asked with a lock held, and a clock in seconds that only grows."""

    def __init__(self, kind: Kind, calls: int, seconds: float) -> None:
        self.answered = self.refused = 0
        self._calls = calls
        self._seconds = seconds
        self._level = self._at = 0.0  # of the bucket
        self._window = -1  # the fixed one
        self._log: deque[float] = deque()
        self._judge: Callable[[float], Verdict] = getattr(self, f"_{kind}")

    def admit(self, now: float) -> Verdict:
        verdict = self._judge(now)
        self.answered += 1
        self.refused += not verdict.admitted
        return verdict

    def _pour(self, now: float, drops: float) -> bool:
        """Whether the drops fit into the bucket, which they are then in."""
        rate = self._calls / self._seconds
        self._level, self._at = max(0.0, self._level - (now - self._at) * rate), now
        fits = self._level + drops <= self._calls
        self._level += drops if fits else 0.0
        return fits

    def _leaky_bucket(self, now: float) -> Verdict:
        fits = self._pour(now, 1.0)
        headers = {"x-shopify-shop-api-call-limit": f"{math.ceil(self._level)}/{self._calls}"}
        if not fits:
            headers["retry-after"] = f"{max(0.1, self._seconds / self._calls):.1f}"
        return Verdict(fits, 200 if fits else 429, headers)

    def _points(self, now: float) -> Verdict:
        fits = self._pour(now, POINTS)
        status = {
            "maximumAvailable": float(self._calls),
            "currentlyAvailable": math.floor(self._calls - self._level),
            "restoreRate": self._calls / self._seconds,
        }
        cost = {
            "requestedQueryCost": POINTS,
            "actualQueryCost": POINTS if fits else None,
            "throttleStatus": status,
        }
        fields: dict[str, Any] = {"extensions": {"cost": cost}}
        if not fits:
            fields["errors"] = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
        return Verdict(fits, 200, {}, fields)

    def _fixed_window(self, now: float) -> Verdict:
        window = int(now // self._seconds)
        if window != self._window:
            self._window, self._level = window, 0.0
        fits = self._level < self._calls
        self._level += fits
        headers = {
            "x-rate-limit-requests-quota": str(self._calls),
            "x-rate-limit-requests-left": str(int(self._calls - self._level)),
            "x-rate-limit-time-window-ms": str(int(self._seconds * 1000)),
            "x-rate-limit-time-reset-ms": str(math.ceil(((window + 1) * self._seconds - now) * 1000)),
        }
        return Verdict(fits, 200 if fits else 429, headers)

    def _sliding_log(self, now: float) -> Verdict:
        while self._log and self._log[0] <= now - self._seconds:
            self._log.popleft()
        fits = len(self._log) < self._calls
        if fits:
            self._log.append(now)
        reset = str(math.ceil(self._log[0] + self._seconds - now))
        headers = {
            "ratelimit-limit": str(self._calls),
            "ratelimit-remaining": str(self._calls - len(self._log)),
            "ratelimit-reset": reset,
        }
        return Verdict(fits, 200 if fits else 429, headers if fits else {**headers, "retry-after": reset})
