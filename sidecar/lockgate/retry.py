"""What an error means for a lease: pure, and the only place that decides it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from lockgate.contract import Cause, Outcome
from lockgate.errors import ChannelDown, ChannelError, NeedsAttention, Rejected, RetryLater, Unknown


@dataclass(frozen=True)
class Policy:
    """Seconds. Waits double from `base` up to a cap, each drawn between nothing and that ("full jitter").

    The channel's own wish goes before them, within `longest`; so nothing is tried for longer than `tries`
    times that. A wish of none or less, as a date that has passed makes it, is no wish.
    """

    base: float = 1.0
    cap: float = 300.0
    down_cap: float = 60.0
    longest: float = 86_400.0
    tries: int = 8
    draw: Callable[[float, float], float] = random.uniform

    def wait(self, wish: float | None, tries: int, cap: float) -> float:
        own = self.own(wish)
        return self.draw(0.0, min(cap, self.base * 2.0 ** min(tries - 1, 30))) if own is None else own

    def own(self, wish: float | None) -> float | None:
        """A channel's wish within bounds; none if it says nothing that can be kept to."""
        return min(wish, self.longest) if wish is not None and wish > 0 else None


@dataclass(frozen=True)
class Decision:
    outcome: Outcome
    retry_after: float | None
    message: str


def decide(error: BaseException, tries: int, policy: Policy, connector: str = "") -> Decision:
    """`tries` counts this one. The message goes to a person in Odoo."""
    match error:
        case ChannelDown():
            return Decision(Outcome.DOWN, policy.wait(error.after, tries, policy.down_cap), error.message)
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
    return Decision(Outcome.RETRY, policy.wait(after, tries, policy.cap), message)


OF_ALL = frozenset(
    {
        Cause.CREDENTIALS,
        Cause.PERMISSION,
        Cause.SETTINGS,
        Cause.RATE_LIMIT,
        Cause.CHANNEL_DOWN,
        Cause.NO_ANSWER,
        Cause.CONFLICT,
    }
)
"""Causes that concern the channel or its connection, whatever was sent."""


def may_be_of_one(error: Exception) -> bool:
    """Whether the error of a whole request may be one item's doing, and the others may be sent again now.

    Not what may have landed, nor what the channel wants to be asked later.
    """
    match error:
        case Unknown() | ChannelDown():
            return False
        case RetryLater() if error.after is not None:
            return False
        case ChannelError():
            return error.cause not in OF_ALL
        case _:
            return True
