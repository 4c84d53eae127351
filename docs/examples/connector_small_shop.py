"""A whole connector, for a shop that takes and shows products by SKU: a price each, and a number on hand."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from lockgate.connectors.base import Accepted, Item, PushOutcome, ReadOutcome, Session
from lockgate.connectors.options import read_options
from lockgate.contract import (
    Aspect,
    Capabilities,
    Cause,
    ConnectorDescription,
    PriceReading,
    PriceValue,
    StockReading,
)
from lockgate.errors import Rejected
from lockgate.wire import Wire


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Small shop")

    url: str = Field(pattern="^https?://", title="Address")


class SmallShopConnector:
    description: ClassVar[ConnectorDescription] = ConnectorDescription(
        code="small_shop",
        name="Small shop",
        version="1.0",
        capabilities=Capabilities(
            aspects=(Aspect.PRICE, Aspect.STOCK),
            read_back=True,
            batch_size=100,
            scheduled_prices=False,
            compare_and_set=False,
            allocations=False,
        ),
        settings_schema=Options.model_json_schema(),
    )

    def __init__(self, session: Session) -> None:
        self._wire = Wire(
            read_options(Options, session).url,
            deadline=session.deadline,
            headers={"authorization": f"bearer {session.credential.get('token', '')}"},
            secrets=session.credential.values(),
        )

    def push(self, items: Sequence[Item]) -> Mapping[int, PushOutcome]:
        outcomes: dict[int, PushOutcome] = {item.key: ONE_PRICE for item in items if _book(item)}
        products = {item.value.sku: _product(item) for item in items if item.key not in outcomes}
        if products:
            with self._wire.reading():
                answer = self._wire.call("POST", "/products/update", products, changes=True)
                for item in items:
                    outcomes.setdefault(item.key, _outcome(item, answer.data[item.value.sku]))
        return outcomes

    def read(self, items: Sequence[Item]) -> Mapping[int, ReadOutcome]:
        if not items:
            return {}
        skus = [item.value.sku for item in items]
        with self._wire.reading():
            answer = self._wire.call("POST", "/products/find", skus, changes=False)
            return {item.key: _reading(item, answer.data.get(item.value.sku)) for item in items}

    def check(self) -> str:
        with self._wire.reading():
            answer = self._wire.call("GET", "/products", changes=False)
            return f"The shop has {answer.data['count']} products."

    def close(self) -> None:
        self._wire.close()


ONE_PRICE = Rejected("This shop has one price a product: clear the price book's channel reference.")


def _book(item: Item) -> str | None:
    return item.value.book if isinstance(item.value, PriceValue) else None


def _product(item: Item) -> dict[str, Any]:
    value = item.value
    if isinstance(value, PriceValue):
        return {"price": str(value.amount), "currency": value.currency}
    return {"stock": value.quantity}


def _outcome(item: Item, answer: str) -> PushOutcome:
    if answer == "done":
        return Accepted(answer)
    words = f"The shop refused {item.value.sku}: {answer}. Correct the listing's SKU."
    return Rejected(
        words, answer=answer, cause=Cause.UNKNOWN_PRODUCT if answer == "unknown product" else None
    )


def _reading(item: Item, product: dict[str, Any] | None) -> ReadOutcome:
    if product is None:
        return None
    if isinstance(item.value, PriceValue):
        return PriceReading(aspect="price", amount=product["price"], currency=product["currency"])
    return StockReading(aspect="stock", quantity=product["stock"])
