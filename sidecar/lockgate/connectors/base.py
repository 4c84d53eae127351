"""What a connector is: one class with three attributes and two methods.

    class Connector:
        description   what Odoo registers: code, name, version, capabilities, settings
        push(values)  send these values now
        read(values)  ask the channel what it shows for these values' listings

A connector maps and sends. It never retries, sleeps, computes a price or decides urgency: `dispatch`
and Odoo do. It answers by key (`Item.key`), never by position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from lockgate.contract import (
    Channel,
    ConnectorDescription,
    PriceReading,
    PriceValue,
    StockReading,
    StockValue,
)
from lockgate.errors import ChannelError


@dataclass(frozen=True)
class Item:
    """One value on its way. `key` names it within the batch; `version` grows with every value of the same
    publication, for a channel that compares before it sets."""

    key: int
    value: PriceValue | StockValue
    version: int = 1


@dataclass(frozen=True)
class Accepted:
    """The channel took the value. `answer` is an excerpt of what it said."""

    answer: str = ""
    request_id: str | None = None


PushOutcome = Accepted | ChannelError
ReadOutcome = PriceReading | StockReading | None | ChannelError
"""None: the channel does not know the listing."""


@dataclass(frozen=True)
class Session:
    """What a connector is opened with. `deadline`: seconds that one request may last in all."""

    channel: Channel
    credential: Mapping[str, str]
    deadline: float


class Connector(Protocol):
    description: ClassVar[ConnectorDescription]

    def __init__(self, session: Session) -> None: ...

    def push(self, items: Sequence[Item]) -> Mapping[int, PushOutcome]:
        """Send at most `capabilities.batch_size` items of one aspect.

        Returns an outcome for each key. An error of one item is returned for its key; an error that
        concerns the whole request is raised (ChannelError) and counts for every item.
        """

    def read(self, items: Sequence[Item]) -> Mapping[int, ReadOutcome]:
        """Ask what the channel shows now for these items' listings; errors as in `push`."""

    def check(self) -> str:
        """Sign in and ask for something small; returns a sentence, raises ChannelError."""

    def close(self) -> None: ...
