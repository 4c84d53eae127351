"""What a run left behind, as plain facts: the checker reads these and nothing else.

Moments are seconds since the epoch, on one machine's clock. `book` is the channel's name of a price book,
none for its default; stock has none.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple


class Key(NamedTuple):
    """One publication: its listing by the SKU that it has in the end, however it was called before."""

    sku: str
    aspect: str
    book: str | None


@dataclass(frozen=True)
class Push:
    """One item of a request, as the channel received it. `applied`: when it took effect; none: never."""

    key: Key
    value: dict[str, Any]
    received: float
    applied: float | None
    refused: bool


@dataclass(frozen=True)
class Sale:
    """What a channel sold itself, or shipped of it: then `quantity` is below zero, and it is of no `order`.

    `allocates`: the channel keeps it apart until then. `told`: when Odoo heard of it; none: never.
    """

    key: Key
    quantity: int
    sold: float
    allocates: bool
    order: str | None = None
    told: float | None = None


@dataclass(frozen=True)
class Attempt:
    """A lease, as Odoo kept it. `answered`: when Odoo was told what came of it; none: never, or nothing came.

    `visible`: the stock that its snapshot shows, by the journal's operations. `seen`: the channels' orders
    that it shows.
    """

    key: Key
    purpose: str
    version: int
    value: dict[str, Any]
    leased: float
    answered: float | None
    visible: int | None = None
    token: str = ""
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Seal:
    """A sealed price; `approved`: when that was committed; none: by nobody. `revoked`: from when on it no
    longer holds. `as_approved`: its approval's hash is that of the prices which were sealed."""

    number: int
    key: Key
    amount: Decimal
    starts: float
    ends: float | None
    approved: float | None
    revoked: float | None
    as_approved: bool = True

    def covers(self, moment: float) -> bool:
        ends = [end for end in (self.ends, self.revoked) if end is not None]
        return self.starts <= moment and all(moment < end for end in ends)


@dataclass(frozen=True)
class Freeze:
    """A channel's SKUs were frozen in [began, ended); `ended` none: still."""

    skus: frozenset[str]
    began: float
    ended: float | None


@dataclass(frozen=True)
class End:
    """How one publication ended: what the channel shows, and what it should, each in words."""

    key: Key
    shown: str | None
    expected: str | None
    exempt: bool  # the channel refused this very value, and Odoo says so

    @property
    def wrong(self) -> bool:
        return self.shown != self.expected and not self.exempt


@dataclass
class Records:
    pushes: list[Push]
    attempts: list[Attempt]
    seals: list[Seal]
    freezes: list[Freeze]
    ends: list[End]
    sales: list[Sale] = field(default_factory=list)
    repeats: list[Push] = field(default_factory=list)  # what nobody sent: requests that came again
    turning: set[Key] = field(default_factory=set)  # whose seal begins or ends just now
    quiet: float = 0.0  # since then no fault and no freeze keeps Lockgate from repairing
    read: float | None = None  # when all this was read
    ceiling: tuple[float, int] | None = None  # since then workers asked for so many leases in all at most
    broken_evidence: list[str] = field(default_factory=list)
    readable: bool = True  # the channels tell what they show
    limited: tuple[int, int] = (0, 0)  # requests that channels with a limit answered, and refused for it
    overdue: list[str] = field(default_factory=list)  # what a part did not do in its time
    converged_in: float | None = 0.0
