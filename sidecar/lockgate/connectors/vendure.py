"""Vendure 3, over its Admin API: a look-up, then one update for the whole batch.

*Prices* are integers of the shop's own fraction: a hundredth of every currency, yen too, unless its money
strategy says otherwise. Quantity breaks, regular prices and dates are not Vendure's: breaks are refused, a
regular price is not shown. A price book is a channel of the shop, named by its token, in one of its
currencies. Vendure takes prices below zero, and rounds or refuses a
fraction depending on the database behind it, so values are checked here, before they are sent.

*Stock.* The shop offers `stockOnHand - stockAllocated` (less its out-of-stock threshold): what it sold and
has not shipped is allocated. The number sent is `stockOnHand`: as many as Odoo says may be sold. It is never
raised by the allocations: they may be orders that Odoo has not seen yet, and raising it would offer the sold
goods again. The cost is that an order which Odoo has seen and the shop has not shipped counts twice until it
ships: too few are offered then, never too many. Read-back returns `stockOnHand`. Vendure adds the difference
to the number that it read a moment before, so what it ships in that moment can be lost (seen: 7 of 40, with
pushes as fast as they go): a push belongs to a change of the number, and read-back finds the rest.

The credential holds `username` and `password`, or `api_key`. The role needs ReadCatalog and UpdateCatalog,
and ReadStockLocation for stock: Vendure has no right to change prices alone, or stock alone.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from lockgate.connectors.base import Accepted, Item, PushOutcome, ReadOutcome, Session
from lockgate.connectors.options import read_options
from lockgate.connectors.vendure_api import Api, Refused, Shown
from lockgate.contract import (
    Aspect,
    Capabilities,
    Cause,
    ConnectorDescription,
    PriceReading,
    PriceValue,
    StockReading,
    StockValue,
)
from lockgate.errors import ChannelError, NeedsAttention, Rejected, RetryLater


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Vendure")

    url: str = Field(
        pattern="^https?://", title="Address", description="Of the Admin API; it ends in /admin-api"
    )
    channel_token: str = Field(
        default="", title="Channel token", description="Of the shop's channel; empty is its default channel"
    )
    stock_location: str = Field(
        default="", title="Stock location", description="Its name in the shop; needed when there are several"
    )


class VendureConnector:
    description: ClassVar[ConnectorDescription] = ConnectorDescription(
        code="vendure",
        name="Vendure",
        version="1.0",
        capabilities=Capabilities(
            aspects=(Aspect.PRICE, Aspect.STOCK),
            read_back=True,
            batch_size=100,  # about a second of Vendure's work
            scheduled_prices=False,
            compare_and_set=False,
            allocations=True,
        ),
        settings_schema=Options.model_json_schema(),
    )

    def __init__(self, session: Session) -> None:
        self._options = read_options(Options, session)
        # A lease bounds a push as a whole, and a push is several requests: each may take half of that time,
        # and no update starts in the second half.
        self._half = session.deadline / 2
        self._api = Api(self._options.url, session, self._half)

    def push(self, items: Sequence[Item]) -> Mapping[int, PushOutcome]:
        return self._by_channel(items, partial(self._push, time.monotonic() + self._half))

    def read(self, items: Sequence[Item]) -> Mapping[int, ReadOutcome]:
        return self._by_channel(items, self._read)

    def check(self) -> str:
        with self._api.reading():
            code, count = self._api.check(self._options.channel_token or None)
        return f"The shop answers: its channel {code} has {count} product variants."

    def close(self) -> None:
        self._api.close()

    def _by_channel(
        self, items: Iterable[Item], do: Callable[[str | None, list[Item], dict[int, Any]], None]
    ) -> dict[int, Any]:
        """Do something for the items of each of the shop's channels; raise only what concerns them all.

        `do` gets the channel's token, its items and the outcomes to fill. What it raises stands for those of
        its items that have no outcome.
        """
        groups: dict[str | None, list[Item]] = defaultdict(list)
        for item in items:
            book = item.value.book if isinstance(item.value, PriceValue) else None
            groups[book or self._options.channel_token or None].append(item)
        outcomes: dict[int, Any] = {}
        for token, group in groups.items():
            try:
                with self._api.reading():
                    do(token, group, outcomes)
            except ChannelError as error:
                outcomes |= {item.key: error for item in group if item.key not in outcomes}
                if len(groups) == 1 and all(outcome is error for outcome in outcomes.values()):
                    raise
        return outcomes

    def _push(
        self, update_by: float, token: str | None, items: list[Item], outcomes: dict[int, PushOutcome]
    ) -> None:
        shown = self._api.look_up(token, items)
        rows: dict[int, dict[str, Any]] = {}
        for item in items:
            try:
                rows[item.key] = self._row(item, shown)
            except ChannelError as error:
                outcomes[item.key] = error
        parts = deque([list(rows)] if rows else [])
        while parts:
            if time.monotonic() > update_by:
                raise RetryLater(
                    "The shop answered too slowly to be sent this in time. It is sent again.",
                    cause=Cause.NO_ANSWER,
                )
            keys = parts.popleft()
            try:
                outcomes |= self._update(token, {key: rows[key] for key in keys})
            except Refused as refusal:
                # One bad row refuses the whole update, and nothing says which: halve until it is alone.
                if middle := len(keys) // 2:
                    parts.extendleft([keys[middle:], keys[:middle]])
                else:
                    outcomes[keys[0]] = refusal.error

    def _update(self, token: str | None, rows: Mapping[int, dict[str, Any]]) -> dict[int, PushOutcome]:
        """A variant that the shop's answer does not name has no outcome. Raises as `Api.update` does."""
        taken, answer = self._api.update(list(rows.values()), token)
        return {
            key: Accepted(f"updated variant {row['id']}, SKU {taken[row['id']]}", answer.request_id)
            for key, row in rows.items()
            if row["id"] in taken
        }

    def _row(self, item: Item, shown: Shown) -> dict[str, Any]:
        """The item as the update wants it. Raises ChannelError when it can't be sent as it is."""
        value, variant = item.value, shown.variant(item)
        if isinstance(value, StockValue):
            level = {"stockLocationId": self._location(shown), "stockOnHand": value.quantity}
            return {"id": variant["id"], "stockLevels": [level]}
        check_fits(value, shown.facts["activeChannel"])
        price = value.amount.scaleb(shown.decimals)
        if price != int(price):
            raise Rejected(
                f"The shop keeps prices to {shown.decimals} decimals and {value.amount} has more. "
                "Correct the price book's rounding and approve a new price."
            )
        return {"id": variant["id"], "prices": [{"currencyCode": value.currency, "price": int(price)}]}

    def _read(self, token: str | None, items: list[Item], outcomes: dict[int, ReadOutcome]) -> None:
        shown = self._api.look_up(token, items)
        outcomes |= {item.key: self._reading(item, shown) for item in items}

    def _reading(self, item: Item, shown: Shown) -> ReadOutcome:
        value = item.value
        if not shown.variants(item):
            return None
        try:
            variant = shown.variant(item)
            if isinstance(value, StockValue):
                levels = {level["stockLocationId"]: level["stockOnHand"] for level in variant["stockLevels"]}
                return StockReading(aspect="stock", quantity=levels.get(self._location(shown), 0))
        except ChannelError as error:
            return error
        prices = {price["currencyCode"]: price["price"] for price in variant["prices"]}
        if value.currency not in prices:
            return None
        amount = Decimal(prices[value.currency]).scaleb(-shown.decimals)
        return PriceReading(aspect="price", amount=amount, currency=value.currency)

    def _location(self, shown: Shown) -> str:
        """The id of the stock location that the settings name, or of the shop's only one."""
        wanted = self._options.stock_location
        locations = shown.facts["stockLocations"]["items"]
        found = [location["id"] for location in locations if wanted in ("", location["name"])]
        if len(found) == 1:
            return str(found[0])
        names = ", ".join(location["name"] for location in locations)
        what = f"no single stock location {wanted!r}" if wanted else "several stock locations"
        raise NeedsAttention(f"The shop has {what}: it has {names}. Name one in the channel's settings.")


def check_fits(value: PriceValue, channel: Mapping[str, Any]) -> None:
    """Raises ChannelError when the shop's channel can't hold the price as it was approved."""
    currencies = channel["availableCurrencyCodes"]
    if value.currency not in currencies:
        raise NeedsAttention(
            f"The shop does not sell in {value.currency}, only in {', '.join(currencies)}. Add the currency "
            "to the shop's channel or correct the price book, then press Retry.",
            cause=Cause.MAPPING,
        )
    if value.tax_included != channel["pricesIncludeTax"]:
        theirs, ours = ("with", "without") if channel["pricesIncludeTax"] else ("without", "with")
        raise NeedsAttention(
            f"The shop keeps prices {theirs} tax and the price book gives them {ours}. "
            "Correct the price book or the shop's channel, then press Retry.",
            cause=Cause.MAPPING,
        )
    if value.breaks:
        raise Rejected("The shop holds no prices by quantity. Approve a price without quantity breaks.")
