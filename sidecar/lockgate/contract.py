"""Contract v1: every message between the two halves, Odoo's `lockgate.gateway` and the sidecar.

The JSON Schema in `contract/` is generated from these models (`lockgate schema`), and both halves are
tested against it. Every field is always present on the wire; unknown fields are refused.

Units: seconds for durations, ISO 8601 with an offset for moments, decimal strings for money (never
floats), whole sellable units for stock. A connector never sees a database id other than the number of
the publication, which it hands back unchanged.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

CONTRACT = 1


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


class WorkClass(StrEnum):
    """How urgent work is; policies in Odoo decide, connectors don't. Most urgent first."""

    CRITICAL = "critical"
    ROUTINE = "routine"
    BULK = "bulk"


class Aspect(StrEnum):
    PRICE = "price"
    STOCK = "stock"


class Purpose(StrEnum):
    PUSH = "push"
    READ = "read"


class Outcome(StrEnum):
    """What a worker reports of one leased publication, named by what Odoo does next."""

    ACCEPTED = "accepted"  # the channel took the value; Odoo confirms it and has it read back
    READ = "read"  # the answer to a read-back, in `reading` (none: the channel does not know the listing)
    RETRY = "retry"  # not taken; due again in `retry_after` seconds, with the newest value then
    REJECTED = "rejected"  # this value or this listing was refused: a person decides
    ATTENTION = "attention"  # credentials, mapping or schema: a person decides
    UNKNOWN = "unknown"  # sent, no answer: settled by a read-back once it can no longer land
    DOWN = "down"  # not reached, so nothing was sent: the channel is left alone for `retry_after` seconds


class Cause(StrEnum):
    """Why a try did not end well, in the words by which Odoo sorts and routes its exceptions."""

    MAPPING = "mapping"  # the listing's SKU or reference, or its book, names nothing or not one thing
    UNKNOWN_PRODUCT = "unknown_product"  # the channel does not know the listing
    PRICE_REFUSED = "price_refused"
    STOCK_REFUSED = "stock_refused"
    CREDENTIALS = "credentials"  # missing, wrong or ended
    PERMISSION = "permission"  # signed in, and not allowed to
    SETTINGS = "settings"  # the channel's settings in Odoo, or its connector in the sidecar
    RATE_LIMIT = "rate_limit"
    CHANNEL_DOWN = "channel_down"  # not reached, or says that it cannot work now
    NO_ANSWER = "no_answer"  # reached, and no whole answer came in time
    BAD_ANSWER = "bad_answer"  # an answer that the connector cannot make sense of
    CONFLICT = "conflict"  # somebody else changes the same thing at the channel
    INTERNAL = "internal"  # the connector itself failed


class PriceBreak(Message):
    minimum: Decimal = Field(gt=0, description="from this many sellable units on")
    amount: Decimal = Field(gt=0)


class ComingPrice(Message):
    """A price that takes over by itself at `starts`: sealed, or one underneath that comes back.

    It is shown until the next one starts. `ends` is when its own seal ends.
    """

    amount: Decimal = Field(gt=0)
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217")
    tax_included: bool
    breaks: tuple[PriceBreak, ...]
    compare_at: Decimal | None = Field(gt=0)
    seal: int
    starts: AwareDatetime
    ends: AwareDatetime | None


class PriceValue(Message):
    """An approved price as sealed, for one listing in one book. Nothing is left to be computed."""

    aspect: Literal["price"]
    sku: str
    reference: str | None = Field(description="the channel's own id of the listing, when it is known")
    book: str | None = Field(description="the channel's own name of the price book; none is its default")
    amount: Decimal = Field(gt=0, description="a unit's price, in `currency`, as the channel shows it")
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217")
    tax_included: bool
    unit: str
    breaks: tuple[PriceBreak, ...]
    compare_at: Decimal | None = Field(
        gt=0, description="the regular price to show beside `amount`, which is lower; a channel may have none"
    )
    seal: int = Field(description="the number of the seal behind this price")
    starts: AwareDatetime
    ends: AwareDatetime | None
    coming: tuple[ComingPrice, ...] = Field(
        default=(),
        description="all that the channel is to hold ahead, by `starts`, in place of whatever it holds; "
        "always empty for a channel without `scheduled_prices`",
    )


class StockValue(Message):
    """How many units of one listing the channel may sell now."""

    aspect: Literal["stock"]
    sku: str
    reference: str | None
    quantity: int = Field(ge=0)


Value = Annotated[PriceValue | StockValue, Field(discriminator="aspect")]


class ComingReading(Message):
    amount: Decimal
    currency: str
    starts: AwareDatetime


class PriceReading(Message):
    """What the channel shows now, and what it holds ahead; `coming` is none where it cannot tell."""

    aspect: Literal["price"]
    amount: Decimal
    currency: str
    coming: tuple[ComingReading, ...] | None = None


class StockReading(Message):
    aspect: Literal["stock"]
    quantity: int


Reading = Annotated[PriceReading | StockReading, Field(discriminator="aspect")]


class Lease(Message):
    """One publication handed to one worker: the newest value at the moment of the turn."""

    publication: int
    version: int = Field(description="grows with every wanted value of the publication, never falls")
    purpose: Purpose
    tries: int = Field(ge=1, description="counted when leased, this one included")
    value: Value


def _storable(words: str) -> str:
    """Without what PostgreSQL's JSON cannot hold: one such character would cost a whole exchange."""
    return words.replace("\0", "").encode(errors="replace").decode()


Said = Annotated[str, AfterValidator(_storable)]
"""What a channel or its connector said, in whatever bytes."""


class Result(Message):
    """What came of one leased publication. Counts only with a token that was given."""

    token: str
    publication: int
    outcome: Outcome
    message: Said = Field(description="plain words for a person: what happened and what to do")
    retry_after: float | None = Field(
        ge=0,
        description="seconds: of `retry` for the row, of any trouble for the whole channel. "
        "`attention` has it when the credential of all is refused",
    )
    reading: Reading | None
    answer: Said = Field(description="an excerpt of what the channel said, secrets masked")
    request_id: Said | None
    cause: Cause | None = Field(description="why it did not end well; none where nothing went wrong")
    seconds: float = Field(ge=0, description="how long the request took")


class Channel(Message):
    """What a connector needs to know of the channel. `credential` is a name, never a secret."""

    code: str
    connector: str
    credential: str | None
    settings: dict[str, Any]


class Envelope(Message):
    """Carried by every call: a copy of a database must never reach real shops."""

    contract: Literal[1]
    database: str = Field(description="database.uuid of the Odoo database that is meant")
    incarnation: int = Field(description="raised when a database was restored")


class Capabilities(Message):
    aspects: tuple[Aspect, ...]
    read_back: bool
    batch_size: int = Field(ge=1, description="items in one request, at most")
    scheduled_prices: bool = Field(description="it holds prices ahead and shows each from its `starts` on")
    compare_and_set: bool
    allocations: bool = Field(description="the channel tells what it sold and has not shipped")


class ConnectorDescription(Message):
    code: str = Field(pattern="^[a-z][a-z0-9_]*$")
    name: str
    version: str
    capabilities: Capabilities
    settings_schema: dict[str, Any] = Field(description="JSON Schema of a channel's settings")


class RegisterRequest(Envelope):
    connectors: tuple[ConnectorDescription, ...]


class RegisterAnswer(Envelope):
    connectors: int


class DueRequest(Envelope):
    every: bool = Field(description="tell of channels without work too")


class DueChannel(Message):
    channel: str
    critical: int = Field(ge=0)
    routine: int = Field(ge=0)
    bulk: int = Field(ge=0)


class DueAnswer(Envelope):
    channels: tuple[DueChannel, ...] = Field(
        description="those with work now, or every one; counts are capped"
    )
    next_in: float | None = Field(description="seconds until something falls due by time alone")


class ExchangeRequest(Envelope):
    channel: str
    work_class: WorkClass = Field(description="lease rows of this class or a more urgent one")
    exchange_id: str = Field(min_length=8, description="asked again with the same id: the same leases")
    results: tuple[Result, ...]
    ceiling: int = Field(ge=0, le=5000, description="rows of these classes leased for the channel, in all")


class TurnState(StrEnum):
    TURNED = "turned"
    BUSY = "busy"  # another turn of this channel is running: results were NOT taken, come again
    FROZEN = "frozen"  # results were taken; nothing is leased but read-backs of a reconciliation


class ExchangeAnswer(Envelope):
    state: TurnState
    turn: int
    channel: Channel | None = Field(description="none when busy")
    token: str | None = Field(description="of every lease in this answer")
    send_by: float = Field(description="seconds from before the worker asked: start no request later")
    deadline: float = Field(description="seconds that one request may last in all")
    falls: int = Field(ge=0, description="how often in a row the channel was in trouble, whoever asked it")
    leases: tuple[Lease, ...]
    more: DueChannel | None = Field(description="what is due beside these leases")


class Outside(Message):
    """Something that happened outside. Known by its channel, kind and id: told again, it counts once."""

    channel: str
    external_id: str = Field(min_length=1, max_length=200, description="the sender's own id of this event")
    sku: str = Field(min_length=1, max_length=200)
    moment: AwareDatetime = Field(description="when it happened")
    reference: str | None = Field(max_length=200, description="for people: an order's number, a transfer's")


class OrderEvent(Outside):
    """The channel sold units of a SKU."""

    kind: Literal["order"]
    quantity: int = Field(ge=1, le=1_000_000_000, description="sellable units sold")


class MovementEvent(Outside):
    """A warehouse system says that stock of a SKU moved."""

    kind: Literal["movement"]
    quantity: int = Field(
        ge=-1_000_000_000, le=1_000_000_000, description="sellable units in; below zero: out"
    )


Event = Annotated[OrderEvent | MovementEvent, Field(discriminator="kind")]


MOST_EVENTS = 1000


class IngestRequest(Envelope):
    events: tuple[Event, ...] = Field(min_length=1, max_length=MOST_EVENTS)


class IngestAnswer(Envelope):
    appended: int = Field(ge=0, description="events that were new")
    known: int = Field(ge=0, description="events that had been told before, or twice in this message")
    unmapped: int = Field(ge=0, description="new events of a SKU that the channel does not list")


MESSAGES: tuple[type[Envelope], ...] = (
    RegisterRequest,
    RegisterAnswer,
    DueRequest,
    DueAnswer,
    ExchangeRequest,
    ExchangeAnswer,
    IngestRequest,
    IngestAnswer,
)
