"""What an error means for a lease: pure, and the only place that decides it.

When enough was tried is Odoo's to say, by the channel's own bounds: it alone sees tries whose worker died,
and whether the channel as a whole is in trouble.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from lockgate.contract import Cause, Outcome
from lockgate.errors import (
    ChannelDown,
    ChannelError,
    LockedOut,
    NeedsAttention,
    Rejected,
    RetryLater,
    Unknown,
)
from lockgate.signals import LONGEST_HOLD

TROUBLE = frozenset({Cause.CHANNEL_DOWN, Cause.NO_ANSWER, Cause.RATE_LIMIT})
"""Causes that keep everything from going through, while they last."""


@dataclass(frozen=True)
class Policy:
    """Seconds. Waits double from `base` up to a cap, each drawn between nothing and that ("full jitter").

    The channel's own wish goes before them, for as long as one answer may hold the channel: a row that waited
    on would keep its newer values from a channel that works again. A wish of none or less, as a date that has
    passed makes it, is no wish.
    """

    base: float = 1.0
    cap: float = 300.0
    trouble_cap: float = 60.0
    locked_cap: float = LONGEST_HOLD  # a shop may lock an account that signs in wrongly again and again
    draw: Callable[[float, float], float] = random.uniform

    def wait(self, wish: float | None, failures: int, cap: float) -> float:
        own = self.own(wish)
        return self.draw(0.0, min(cap, self.base * 2.0 ** min(failures - 1, 30))) if own is None else own

    def own(self, wish: float | None) -> float | None:
        """A channel's wish within bounds; none if it says nothing that can be kept to."""
        return min(wish, LONGEST_HOLD) if wish is not None and wish > 0 else None


@dataclass(frozen=True)
class Decision:
    outcome: Outcome
    retry_after: float | None
    message: str


def decide(error: BaseException, tries: int, falls: int, policy: Policy, connector: str = "") -> Decision:
    """`tries` of the row count this one; `falls`: how often in a row the channel was in trouble before it.

    The message goes to a person in Odoo.
    """
    match error:
        case Rejected():
            return Decision(Outcome.REJECTED, None, error.message)
        case LockedOut():
            wait = policy.wait(None, falls + 1, policy.locked_cap)
            return Decision(Outcome.ATTENTION, wait, error.message)
        case NeedsAttention():
            return Decision(Outcome.ATTENTION, None, error.message)
        case ChannelError():
            troubled = error.cause in TROUBLE
            failures = max(tries, falls + 1) if troubled else tries
            wish = error.after if isinstance(error, RetryLater) else None
            wait = policy.wait(wish, failures, policy.trouble_cap if troubled else policy.cap)
            return Decision(_outcome(error), wait, error.message)
        case _:
            words = f"Internal error in connector {connector!r}: {type(error).__name__}."
            wait = policy.wait(None, tries, policy.cap)
            return Decision(Outcome.RETRY, wait, f"{words} The worker's log has the rest.")


def _outcome(error: ChannelError) -> Outcome:
    match error:
        case ChannelDown():
            return Outcome.DOWN
        case Unknown():
            return Outcome.UNKNOWN
        case _:
            return Outcome.RETRY


OF_ALL = TROUBLE | {Cause.CREDENTIALS, Cause.PERMISSION, Cause.SETTINGS, Cause.CONFLICT}
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
