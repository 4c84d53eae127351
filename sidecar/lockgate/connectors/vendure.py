"""Vendure 3, over its Admin API (GraphQL): a look-up, then one update for the whole batch.

*Prices* are integers of the shop's own fraction: 10^-2 of a unit for every currency, yen too, unless its money
strategy says otherwise. Quantity breaks and dates are not Vendure's. A price book is a Vendure channel, named
by its token, and a currency that it sells in. Vendure takes prices below zero, and rounds or refuses a
fraction by the database behind it, so values are checked here, before they are sent.

*Stock.* The shop offers `stockOnHand - stockAllocated` (less its out-of-stock threshold); what it sold and has
not shipped is allocated. The number sent is `stockOnHand`: as many as Odoo says may be sold. It is never
raised by the allocations, because they may be orders that Odoo has not seen yet, and raising it would offer
the sold goods again. The cost: an order that Odoo has seen and the shop has not shipped counts twice until it
ships; sometimes too few are offered, never too many. Read-back returns `stockOnHand`. Vendure adds the
difference to the number it read a moment before, so a shipment in that moment can be lost (seen: 7 of 40
with a push loop as hot as it goes): push when the number changes, not all the time.

The credential holds `user` and `password`, or `api_key`; its role needs ReadCatalog and UpdateCatalog, and
ReadStockLocation for stock. https://docs.vendure.io/current/core/reference/graphql-api/admin/mutations
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from lockgate.connectors.base import Accepted, Item, PushOutcome, ReadOutcome, Session
from lockgate.connectors.options import read_options
from lockgate.contract import (
    Aspect,
    Capabilities,
    ConnectorDescription,
    PriceReading,
    PriceValue,
    StockReading,
    StockValue,
)
from lockgate.errors import ChannelError, NeedsAttention, Rejected, RetryLater
from lockgate.wire import Answer, Wire

LOOK_UP = """query($skip: Int!, $skus: [String!]!, $ids: [String!]!) {
  %s
  productVariants(options: {skip: $skip, sort: {id: ASC}, filterOperator: OR,
                            filter: {sku: {in: $skus}, id: {in: $ids}}}) {
    totalItems items { id sku %s } } }"""
PRICE_FACTS = """activeChannel { pricesIncludeTax availableCurrencyCodes }
  globalSettings { serverConfig { moneyStrategyPrecision } }"""
DOCUMENTS: dict[Aspect, str] = {
    Aspect.PRICE: LOOK_UP % (PRICE_FACTS, "prices { price currencyCode }"),
    Aspect.STOCK: LOOK_UP
    % ("stockLocations { items { id name } }", "stockLevels { stockLocationId stockOnHand }"),
}
UPDATE = "mutation($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id sku } }"
CHECK = "{ activeChannel { code } productVariants(options: {take: 1}) { totalItems } }"


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Vendure")

    url: str = Field(
        pattern="^https?://", title="Address", description="Of the Admin API, ends in /admin-api"
    )
    channel_token: str | None = Field(
        default=None, title="Channel token", description="Of the shop's channel; empty is its default channel"
    )
    stock_location: str | None = Field(
        default=None,
        title="Stock location",
        description="Its name in the shop; needed when there are several",
    )


class Shown:
    """What a look-up found, matched by the listing's reference (the variant's id) or else by its SKU."""

    def __init__(self, facts: dict[str, Any], found: Iterable[dict[str, Any]]) -> None:
        self.facts = facts
        self._found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for variant in found:
            self._found["id", variant["id"]].append(variant)
            self._found["sku", variant["sku"]].append(variant)

    @property
    def decimals(self) -> int:
        """Of a price: how many of its digits the shop's integers hold behind the point."""
        return int(self.facts["globalSettings"]["serverConfig"]["moneyStrategyPrecision"])

    def variants(self, item: Item) -> list[dict[str, Any]]:
        reference = item.value.reference
        return self._found.get(("id", reference) if reference else ("sku", item.value.sku), [])

    def variant(self, item: Item) -> dict[str, Any]:
        """Raises Rejected when there is none, NeedsAttention when a SKU is not one product's alone."""
        found = self.variants(item)
        if len(found) == 1:
            return found[0]
        sku, reference = item.value.sku, item.value.reference
        if found:
            raise NeedsAttention(
                f"The shop has {len(found)} products with SKU {sku}. Give each its own SKU in the shop, or enter "
                "the variant's id as the listing's reference, then press Retry."
            )
        if reference:
            raise Rejected(
                f"The shop has no product variant with id {reference} (SKU {sku}). Correct or clear the listing's "
                "reference, then press Retry."
            )
        raise Rejected(
            f"The shop has no product with SKU {sku}. Correct the channel SKU on the listing, then press Retry."
        )


class Refused(Exception):
    """The shop took nothing of an update, because of at least one of its rows; `error` is for that row."""

    def __init__(self, error: ChannelError) -> None:
        self.error = error


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
        self._credential = session.credential
        self._name = session.channel.credential
        # A lease bounds the push, and a push is several requests: each may take half of that time, and no
        # update starts in the second half.
        self._half = session.deadline / 2
        self._wire = Wire(self._options.url, deadline=self._half, secrets=session.credential.values())
        if api_key := session.credential.get("api_key"):
            self._wire.headers["vendure-api-key"] = api_key

    def push(self, items: Sequence[Item]) -> Mapping[int, PushOutcome]:
        update_by = time.monotonic() + self._half
        outcomes: dict[int, PushOutcome] = {}
        for token, group in self._by_channel(items):
            try:
                self._push(token, group, update_by, outcomes)
            except ChannelError as error:
                if not any(isinstance(outcome, Accepted) for outcome in outcomes.values()):
                    raise
                outcomes |= {item.key: error for item in group if item.key not in outcomes}
        return outcomes

    def read(self, items: Sequence[Item]) -> Mapping[int, ReadOutcome]:
        outcomes: dict[int, ReadOutcome] = {}
        for token, group in self._by_channel(items):
            shown = self._look_up(token, group)
            for item in group:
                try:
                    outcomes[item.key] = self._reading(item, shown)
                except ChannelError as error:
                    outcomes[item.key] = error
        return outcomes

    def check(self) -> str:
        data = self._ask(CHECK, {}, self._options.channel_token)
        code, count = data["activeChannel"]["code"], data["productVariants"]["totalItems"]
        return f"The shop answers: channel {code} has {count} product variants."

    def close(self) -> None:
        self._wire.close()

    def _by_channel(self, items: Iterable[Item]) -> Iterable[tuple[str | None, list[Item]]]:
        groups: dict[str | None, list[Item]] = defaultdict(list)
        for item in items:
            book = item.value.book if isinstance(item.value, PriceValue) else None
            groups[book or self._options.channel_token].append(item)
        return groups.items()

    def _push(
        self, token: str | None, items: Sequence[Item], update_by: float, outcomes: dict[int, PushOutcome]
    ) -> None:
        """Fill `outcomes`; an error that is raised stands for the items that are not in it."""
        shown = self._look_up(token, items)
        rows: dict[int, dict[str, Any]] = {}
        for item in items:
            try:
                rows[item.key] = self._row(item, shown)
            except ChannelError as error:
                outcomes[item.key] = error
        parts = deque([list(rows)] if rows else [])
        while parts:
            if time.monotonic() > update_by:
                raise RetryLater("The shop answered too slowly to be sent this in time. It is sent again.")
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
        """Raises Refused when a row is to blame. A variant that the answer does not name has no outcome."""
        answer = self._call(UPDATE, {"input": list(rows.values())}, token, changes=True)
        error = graphql_error(answer)
        if isinstance(error, NeedsAttention):
            raise error
        if error:
            raise Refused(error)
        taken = {variant["id"]: variant["sku"] for variant in answer.data["data"]["updateProductVariants"]}
        return {
            key: Accepted(f"updated variant {row['id']}, SKU {taken[row['id']]}", answer.request_id)
            for key, row in rows.items()
            if row["id"] in taken
        }

    def _row(self, item: Item, shown: Shown) -> dict[str, Any]:
        """The item as the update wants it; raises ChannelError when it can't be sent."""
        value = item.value
        variant = shown.variant(item)
        if isinstance(value, StockValue):
            level = {"stockLocationId": self._location(shown), "stockOnHand": value.quantity}
            return {"id": variant["id"], "stockLevels": [level]}
        channel = shown.facts["activeChannel"]
        if value.currency not in channel["availableCurrencyCodes"]:
            raise NeedsAttention(
                f"The shop does not sell in {value.currency}, only in {', '.join(channel['availableCurrencyCodes'])}. "
                "Add the currency to the shop's channel or correct the price book, then press Retry."
            )
        if value.tax_included != channel["pricesIncludeTax"]:
            theirs, ours = ("with", "without") if channel["pricesIncludeTax"] else ("without", "with")
            raise NeedsAttention(
                f"The shop keeps prices {theirs} tax and the price book gives them {ours}. "
                "Correct the price book or the shop's channel, then press Retry."
            )
        if value.breaks:
            raise Rejected(
                "The shop holds one price a product, without quantity breaks. Approve a price without."
            )
        price = value.amount.scaleb(shown.decimals)
        if price != int(price):
            raise Rejected(
                f"The shop keeps prices to {shown.decimals} decimals and {value.amount} has more. "
                "Correct the price book's rounding and approve a new price."
            )
        return {"id": variant["id"], "prices": [{"currencyCode": value.currency, "price": int(price)}]}

    def _reading(self, item: Item, shown: Shown) -> ReadOutcome:
        value = item.value
        if not shown.variants(item):
            return None
        variant = shown.variant(item)
        if isinstance(value, StockValue):
            location = self._location(shown)
            levels = {level["stockLocationId"]: level["stockOnHand"] for level in variant["stockLevels"]}
            return StockReading(aspect="stock", quantity=levels.get(location, 0))
        prices = {price["currencyCode"]: price["price"] for price in variant["prices"]}
        if value.currency not in prices:
            return None
        amount = Decimal(prices[value.currency]).scaleb(-shown.decimals)
        return PriceReading(aspect="price", amount=amount, currency=value.currency)

    def _location(self, shown: Shown) -> str:
        wanted = self._options.stock_location
        locations = shown.facts["stockLocations"]["items"]
        found = [location["id"] for location in locations if wanted in (None, location["name"])]
        if len(found) == 1:
            return str(found[0])
        names = ", ".join(location["name"] for location in locations)
        what = f"no single stock location {wanted!r}" if wanted else "several stock locations"
        raise NeedsAttention(
            f"The shop has {what}, but: {names}. Name one of them in the channel's settings."
        )

    def _look_up(self, token: str | None, items: Sequence[Item]) -> Shown:
        references = {item.value.reference for item in items if item.value.reference}
        skus = {item.value.sku for item in items if not item.value.reference}
        document = DOCUMENTS[Aspect(items[0].value.aspect)]
        found: list[dict[str, Any]] = []
        while True:
            variables = {"skip": len(found), "skus": sorted(skus), "ids": sorted(references)}
            data = self._ask(document, variables, token)
            page = data["productVariants"]
            found += page["items"]
            if len(found) >= page["totalItems"] or not page["items"]:
                return Shown(data, found)
