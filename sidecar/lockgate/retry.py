"""What an error means for a lease: pure, and the only place that decides it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from lockgate.contract import Outcome
from lockgate.errors import ChannelDown, ChannelError, NeedsAttention, Rejected, RetryLater, Unknown


@dataclass(frozen=True)
class Policy:
    """Seconds. Waits double from `base` up to a cap, each drawn between nothing and that ("full jitter")."""

    base: float = 1.0
    cap: float = 300.0
    down_cap: float = 60.0
    tries: int = 8
    draw: Callable[[float, float], float] = random.uniform

    def wait(self, tries: int, cap: float) -> float:
        return self.draw(0.0, min(cap, self.base * 2.0 ** min(tries - 1, 30)))


@dataclass(frozen=True)
class Decision:
    outcome: Outcome
    retry_after: float | None
    message: str


def decide(error: BaseException, tries: int, policy: Policy, connector: str = "") -> Decision:
    """`tries` counts this one. The message goes to a person in Odoo."""
    match error:
        case ChannelDown():
            wait = error.after if error.after is not None else policy.wait(tries, policy.down_cap)
            return Decision(Outcome.DOWN, wait, error.message)
        case RetryLater():
            return _again(error.message, error.after, tries, policy)
        case Rejected():
            return Decision(Outcome.REJECTED, None, error.message)
        case NeedsAttention():
            return Decision(Outcome.ATTENTION, None, error.message)
        case Unknown():
            return Decision(Outcome.UNKNOWN, None, error.message)
        case ChannelError():
            return _again(error.message, None, tries, policy)
        case _:
            words = f"Internal error in connector {connector!r}: {type(error).__name__}."
            return _again(f"{words} The worker's log has the rest.", None, tries, policy)


def _again(message: str, after: float | None, tries: int, policy: Policy) -> Decision:
    if tries >= policy.tries:
        return Decision(
            Outcome.ATTENTION, None, f"{message} Given up after {tries} tries; press Retry when it is mended."
        )
    return Decision(Outcome.RETRY, policy.wait(tries, policy.cap) if after is None else after, message)
