"""What a channel's documentation allows. A connector declares it, `budget` keeps to it over all workers.

    class MyShopConnector:
        allowances = (Bucket(size=40, per_second=2), Window(calls=10_000, seconds=3600, per="channel"))

They count requests, or the channel's own points where its answers tell what a request cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Scope = Literal["credential", "channel"]
"""What shares an allowance: all that signs in with the same credential, or one channel. A channel without a
credential has its allowances for itself."""


@dataclass(frozen=True)
class Bucket:
    """A leaky bucket: `size` at once, and `per_second` from then on."""

    size: float
    per_second: float
    per: Scope = "credential"


@dataclass(frozen=True)
class Window:
    """At most `calls` in any `seconds`: a sliding log, and a fixed window too, wherever it begins."""

    calls: int
    seconds: float
    per: Scope = "credential"

    @property
    def size(self) -> float:
        return float(self.calls)

    @property
    def per_second(self) -> float:
        return self.calls / self.seconds


Allowance = Bucket | Window


@runtime_checkable
class Limited(Protocol):
    """A connector with limits: of its class, or set when it is opened, where they depend on the settings."""

    allowances: Sequence[Allowance]


def of(connector: object) -> tuple[Allowance, ...]:
    return tuple(connector.allowances) if isinstance(connector, Limited) else ()
