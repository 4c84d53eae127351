"""The fake channel that ships with Lockgate (`lockgate demo-channel`), for demos, tests and docs.

It keeps what it is told as it is told: stock is the quantity given, without allocations of its own, and a
price per book, with those to come, which it shows from their moment on by its own clock. Told their versions,
it takes no older value after a newer one. Its answers name each SKU, so they are matched by SKU and never by
position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from lockgate.allowance import Allowance, Bucket, Window
from lockgate.connectors.base import Accepted, Item, PushOutcome, ReadOutcome, Session
from lockgate.connectors.options import read_options
from lockgate.contract import (
    Aspect,
    Capabilities,
    Cause,
    ComingReading,
    ConnectorDescription,
    PriceReading,
    PriceValue,
    StockReading,
    StockValue,
)
from lockgate.errors import Rejected
from lockgate.wire import Answer, Wire


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Demo channel")

    url: str = Field(pattern="^https?://", title="Address", description="Where the demo channel listens")
    limit: str = Field(
        default="",
        pattern=r"^$|^(leaky_bucket|fixed_window|sliding_log|points) [1-9]\d*/[1-9]\d*$",
        title="Documented limit",
        description="Its kind, and calls/seconds: sliding_log 40/1. Empty when it has none",
    )
    compare_and_set: bool = Field(
        default=False,
        title="Compare and set",
        description="It is told each value's version, and takes none that is older than the one it shows",
    )


class Told(BaseModel):
    """What the channel says of one item that it was sent."""

    model_config = ConfigDict(strict=True)

    key: int
    sku: str
    applied: bool
    known: bool
    reason: str | None


class DemoConnector:
    description: ClassVar[ConnectorDescription] = ConnectorDescription(
        code="demo",
        name="Demo channel",
        version="1.0",
        capabilities=Capabilities(
            aspects=(Aspect.PRICE, Aspect.STOCK),
            read_back=True,
            batch_size=250,
            scheduled_prices=True,
            compare_and_set=True,
            allocations=False,
        ),
        settings_schema=Options.model_json_schema(),
    )

    def __init__(self, session: Session) -> None:
        token = session.credential.get("token")
        options = read_options(Options, session)
        self.allowances = allowances(options.limit)
        self._compare = options.compare_and_set
        self._wire = Wire(
            options.url,
            deadline=session.deadline,
            headers={"authorization": f"bearer {token}"} if token else {},
            secrets=session.credential.values(),
        )

    def push(self, items: Sequence[Item]) -> Mapping[int, PushOutcome]:
        if not items:
            return {}
        path = "/prices" if items[0].value.aspect == "price" else "/stock"
        wanted = {"items": [self._told(item) for item in items]}
        with self._wire.reading():
            answer = self._wire.call("POST", path, wanted, changes=True)
            told = [Told.model_validate(each) for each in answer.data["items"]]
        return {each.key: _outcome(each, answer) for each in told}

    def _told(self, item: Item) -> dict[str, Any]:
        version = {"version": item.version} if self._compare else {}
        return {"key": item.key, **version, **item.value.model_dump(mode="json")}

    def read(self, items: Sequence[Item]) -> Mapping[int, ReadOutcome]:
        if not items:
            return {}
        wanted = [
            {"key": i.key, "sku": i.value.sku, "aspect": i.value.aspect, "book": _book(i)} for i in items
        ]
        with self._wire.reading():
            answer = self._wire.call("POST", "/read", {"items": wanted}, changes=False)
            return {each["key"]: _reading(each) for each in answer.data["items"]}

    def check(self) -> str:
        with self._wire.reading():
            answer = self._wire.call("GET", "/", changes=False)
            return f"The demo channel answers and knows {answer.data['listings']} listings."

    def close(self) -> None:
        self._wire.close()


def allowances(limit: str) -> tuple[Allowance, ...]:
    """What the setting says: a bucket of that size that runs empty in that time, or a window."""
    if not limit:
        return ()
    kind, _, numbers = limit.partition(" ")
    calls, seconds = (int(number) for number in numbers.split("/"))
    if kind in ("leaky_bucket", "points"):
        return (Bucket(calls, calls / seconds),)
    return (Window(calls, seconds),)


def _book(item: Item) -> str | None:
    value: PriceValue | StockValue = item.value
    return value.book if isinstance(value, PriceValue) else None


def _outcome(told: Told, answer: Answer) -> PushOutcome:
    if told.applied:
        return Accepted(answer="applied", request_id=answer.request_id)
    reason = told.reason or "without a reason"
    cause = None if told.known else Cause.UNKNOWN_PRODUCT
    words = f"The demo channel refused {told.sku}: {reason}."
    return Rejected(words, answer=reason, request_id=answer.request_id, cause=cause)


def _reading(each: dict[str, Any]) -> ReadOutcome:
    shown = each["shown"]
    if shown is None:
        return None
    if each["aspect"] == "price":
        return PriceReading(
            aspect="price",
            amount=shown["price"],
            currency=shown["currency"],
            coming=tuple(
                ComingReading(amount=each["amount"], currency=each["currency"], starts=each["starts"])
                for each in shown["coming"]
            ),
        )
    return StockReading(aspect="stock", quantity=shown["quantity"])
