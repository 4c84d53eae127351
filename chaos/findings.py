"""What the checks of a run share: what they find, the run's times, and which lease a push was made with."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from chaos.ends import moment
from chaos.records import Attempt, Key, Push, Records

# Seconds that clocks, commits and requests on one busy machine may lie apart.
SLACK = 1.5


class Found(NamedTuple):
    """What contradicts a property, in words; `at`: when, where it was at a moment."""

    key: Key | None
    words: str
    at: float | None = None


class Bounds(NamedTuple):
    """Seconds, as the run's channels are set.

    A request starts within `send_within` of its lease, lasts `deadline`, and may land `late_bound` later. The
    channel shows it after its `lag`. All that is settled is read again within `compared`.
    """

    send_within: float
    deadline: float
    late_bound: float
    lag: float
    compared: float = 86_400

    @property
    def lease(self) -> float:
        return self.send_within + self.deadline + self.late_bound

    @property
    def repair(self) -> float:
        """B of S2: an older value that landed late is shown no longer."""
        return 3 * self.lease + self.lag


Check = Callable[[Records, Bounds], Iterator[Found]]


def lease_of(push: Push, attempts: list[Attempt]) -> Attempt | None:
    """The lease that a push was made with: its value, and the latest that was given before it."""
    fitting = [
        attempt
        for attempt in attempts
        if attempt.leased <= push.received + SLACK and same(attempt.value, push.value)
    ]
    return max(fitting, key=lambda attempt: attempt.leased, default=None)


def same(leased: dict, pushed: dict) -> bool:
    names = ("sku", "seal", "amount") if leased["aspect"] == "price" else ("sku", "quantity")
    return all(str(leased[name]) == str(pushed[name]) for name in names) and _ahead(leased) == _ahead(pushed)


def _ahead(value: dict) -> list[tuple[int, float]]:
    return [(coming["seal"], moment(coming["starts"])) for coming in value.get("coming", ())]


def by_key(things):
    found = defaultdict(list)
    for thing in things:
        found[thing.key].append(thing)
    return found
