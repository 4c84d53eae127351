"""The fake channel's inside: what it shows, all that it was told, and the script of its failures."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lockgate import throttle
from lockgate.throttle import Throttle, Verdict

Json = dict[str, Any]

OLDER = "older than what it shows"
UNKNOWN_SKU = "unknown SKU"
"""Why a strict shop refuses; its answer says so in a field of its own too."""


class Rule(BaseModel):
    """One scripted behaviour. `times` requests, none: until the script is cleared."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal[
        "fail", "html", "misfit", "endless", "delay", "lose", "hang", "late", "lag", "twice", "part",
        "overtaken", "refuse", "strict", "reorder", "limit",
    ]  # fmt: skip
    times: int | None = Field(default=None, ge=1)
    path: str | None = None
    status: int = 200
    seconds: float = Field(default=0.0, ge=0)
    retry_after: float | str | None = None
    sku: str | None = None
    aspect: Literal["price", "stock"] | None = None
    reason: str = "refused by the script"
    limit: throttle.Kind = "leaky_bucket"
    calls: int = Field(default=40, ge=1)

    @property
    def of_items(self) -> bool:
        return self.kind in ("refuse", "strict", "reorder")

    @model_validator(mode="after")
    def _a_limit_needs_its_time(self) -> Rule:
        if self.kind == "limit" and self.seconds == 0:
            raise ValueError("a limit is of so many `calls` in so many `seconds`")
        return self


@dataclass
class Shop:
    """Listings, history and script, behind one lock. With a folder, the history is kept in a file there."""

    folder: Path | None = None
    listings: dict[str, Json] = field(default_factory=dict)
    versions: dict[tuple[str, str, str | None], int] = field(default_factory=dict)
    history: list[Json] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    requests: int = 0
    to_come: int = 0  # requests that will come once more
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    throttle: Throttle | None = None
    throttled: str = ""  # the beginning of the SKUs that the limit is for
    sales: list[Json] = field(default_factory=list)
    allocated: Counter[str] = field(default_factory=Counter)  # sold and not shipped, by SKU

    def __post_init__(self) -> None:
        self.lock = threading.Condition()
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self._file.exists():
                self._load()

    @property
    def _file(self) -> Path:
        assert self.folder is not None
        return self.folder / "history.jsonl"

    @property
    def _tills(self) -> Path:
        assert self.folder is not None
        return self.folder / "sales.jsonl"

    def _load(self) -> None:
        entries = [json.loads(line) for line in self._file.read_text().splitlines()]
        latest = {
            entry["number"]: entry for entry in entries
        }  # a late one stands twice: untold, then applied
        self.history = [latest[number] for number in sorted(latest)]
        self.requests = max((entry["request"] for entry in self.history), default=0)
        if self._tills.exists():
            self.sales = [json.loads(line) for line in self._tills.read_text().splitlines()]
        happened: list[tuple[float, Callable[[Json], None], Json]] = [
            (entry["applied_monotonic"], self._show, entry) for entry in self.history if entry["applied"]
        ]
        happened += [(sale["monotonic"], self._take_away, sale) for sale in self.sales]
        for _, does, what in sorted(happened, key=lambda each: each[0]):
            does(what)

    def follow(self, rule: Rule) -> None:
        """From now on; a limit takes the place of the limit before it."""
        with self.lock:
            if rule.kind == "limit":
                self.throttle = Throttle(rule.limit, rule.calls, rule.seconds)
                self.throttled = rule.sku or ""
            else:
                self.rules.append(rule)

    def forget_script(self) -> None:
        with self.lock:
            self.rules.clear()
            self.throttle = None

    def admit(self, items: list[Json]) -> Verdict:
        """What the limit says to a request that comes now."""
        with self.lock:
            if self.throttle is None or not any(item["sku"].startswith(self.throttled) for item in items):
                return Verdict(True)
            return self.throttle.admit(time.monotonic())

    def take_rule(self, path: str) -> Rule | None:
        """The first rule that fits a request, counted down."""
        with self.lock:
            for rule in self.rules:
                if not rule.of_items and rule.path in (None, path):
                    if rule.times is not None:
                        rule.times -= 1
                        if rule.times == 0:
                            self.rules.remove(rule)
                    return rule
        return None

    def told(self, path: str, items: list[Json], *, apply: bool, repeated: bool = False) -> list[Json]:
        """Write a request into the history; with `apply` it takes effect at once. Returns its entries.

        `repeated`: nobody sent it; something on the way had kept it.
        """
        received = {"received_at": time.time(), "received_monotonic": time.monotonic()}
        with self.lock:
            self.requests += 1
            entries: list[Json] = []
            for item in items:
                entry: Json = {
                    "number": len(self.history) + 1,
                    "request": self.requests,
                    "path": path,
                    "sku": item["sku"],
                    "aspect": item["aspect"],
                    "value": {name: part for name, part in item.items() if name != "key"},
                    "applied": False,
                    "reason": None,
                    "repeated": repeated,
                    **received,
                    "applied_monotonic": None,
                }
                self.history.append(entry)
                entries.append(entry)
            if apply:
                self._apply(entries)
            self._keep(entries)
            self.lock.notify_all()
        return entries

    def apply_in(self, seconds: float, entries: list[Json]) -> None:
        """They take effect after a wait."""
        _later(seconds, lambda: self.apply_late(entries))

    def let_one_pass(self, request: int, seconds: float) -> None:
        """Wait until a request is told after this one, at most so long."""
        with self.lock:
            self.lock.wait_for(lambda: self.requests > request, timeout=seconds)

    def repeat_in(self, seconds: float, path: str, items: list[Json]) -> None:
        """A request comes once more, now or after a wait."""

        def repeat() -> None:
            self.told(path, items, apply=True, repeated=True)
            with self.lock:
                self.to_come -= 1

        with self.lock:
            self.to_come += 1
        if seconds:
            _later(seconds, repeat)
        else:
            repeat()

    def apply_late(self, entries: list[Json]) -> None:
        with self.lock:
            self._apply(entries)
            self._keep(entries)
            self.lock.notify_all()

    def _apply(self, entries: list[Json]) -> None:
        for entry in entries:
            entry["reason"] = self._refusal(entry)
            if entry["reason"] is None:
                entry["applied"] = True
                entry["applied_monotonic"] = time.monotonic()
                self._show(entry)

    def judge(self, entries: list[Json]) -> None:
        """Say what is refused; nothing takes effect yet."""
        with self.lock:
            for entry in entries:
                entry["reason"] = self._refusal(entry)

    @property
    def reorders(self) -> bool:
        with self.lock:
            return any(rule.kind == "reorder" for rule in self.rules)

    def _refusal(self, entry: Json) -> str | None:
        for rule in self.rules:
            if rule.kind == "refuse" and rule.sku == entry["sku"] and rule.aspect in (None, entry["aspect"]):
                return rule.reason
            if rule.kind == "strict" and entry["sku"] not in self.listings:
                return UNKNOWN_SKU
        if entry["value"].get("version", 0) < self.versions.get(_place(entry), 0):
            return OLDER
        return None

    def _show(self, entry: Json) -> None:
        value = entry["value"]
        if "version" in value:
            self.versions[_place(entry)] = value["version"]
        listing = self.listings.setdefault(entry["sku"], new_listing())
        if entry["aspect"] == "stock":
            listing["quantity"] = value["quantity"]
            return
        price = {"price": value["amount"], "currency": value["currency"], "coming": value.get("coming", [])}
        if value["book"] is None:
            listing.update(price)
        else:
            listing["books"][value["book"]] = price
        self._activate(listing)

    def _activate(self, listing: Json) -> None:
        """Show what has begun: this shop's own clock alone says when a price that it holds begins."""
        for book in (listing, *listing["books"].values()):
            while book["coming"] and datetime.fromisoformat(book["coming"][0]["starts"]) <= self.clock():
                begun, *coming = book["coming"]
                book.update(price=begun["amount"], currency=begun["currency"], coming=coming)

    def sell(self, sku: str, quantity: int, *, allocates: bool, order: str | None = None) -> bool:
        """Sell so many if so many are offered; returns whether they were. An `order` that is asked again is
        sold once.

        A shop that allocates (as Vendure and Medusa do) keeps what it sold apart until it is shipped, and
        offers its number less that. Another (as django-oscar) counts its number down, and a number that it
        is told takes its place: what it sold and Odoo has not seen yet is offered again.
        """
        with self.lock:
            if order is not None and any(sale["order"] == order for sale in self.sales):
                return True
            listing = self.listings.get(sku)
            if listing is None or (listing["quantity"] or 0) - self.allocated[sku] < quantity:
                return False
            self._note(sku, quantity, allocates, order)
            return True

    def ship(self, sku: str, quantity: int) -> None:
        """What a shop that allocates had kept apart of a sale has left it."""
        with self.lock:
            self._note(sku, -quantity, allocates=True, order=None)

    def _note(self, sku: str, quantity: int, allocates: bool, order: str | None) -> None:
        sale: Json = {"sku": sku, "quantity": quantity, "allocates": allocates, "order": order}
        sale |= {"at": time.time(), "monotonic": time.monotonic()}
        self.sales.append(sale)
        self._take_away(sale)
        if self.folder is not None:
            with self._tills.open("a") as file:
                file.write(json.dumps(sale) + "\n")

    def _take_away(self, sale: Json) -> None:
        if sale["allocates"]:
            self.allocated[sale["sku"]] += sale["quantity"]
        else:
            self.listings[sale["sku"]]["quantity"] -= sale["quantity"]

    def shelves(self) -> dict[str, Json]:
        """All listings as a customer sees them now, with what is held ahead; hold the lock."""
        for listing in self.listings.values():
            self._activate(listing)
        return self.listings

    def shown(self, item: Json) -> Json | None:
        """What is shown of an aspect of a listing; none: the listing, or this aspect of it, is not known."""
        with self.lock:
            listing = self.listings.get(item["sku"])
            if listing is None:
                return None
            if item["aspect"] == "stock":
                return None if listing["quantity"] is None else {"quantity": listing["quantity"]}
            self._activate(listing)
            book = listing if item["book"] is None else listing["books"].get(item["book"])
            if book is None or book["price"] is None:
                return None
            return {name: book[name] for name in ("price", "currency", "coming")}

    def since(self, number: int, wait: float) -> Json:
        """History after an entry; waits up to `wait` seconds for the first."""
        with self.lock:
            self.lock.wait_for(lambda: len(self.history) > number, timeout=wait)
            return {"last": len(self.history), "entries": self.history[number:]}

    def forget(self) -> None:
        with self.lock:
            self.history.clear()
            self.listings.clear()
            self.versions.clear()
            self.sales.clear()
            self.allocated.clear()
            if self.folder is not None:
                self._file.unlink(missing_ok=True)
                self._tills.unlink(missing_ok=True)

    def _keep(self, entries: list[Json]) -> None:
        if self.folder is not None:
            with self._file.open("a") as file:
                file.writelines(json.dumps(entry) + "\n" for entry in entries)


def _place(entry: Json) -> tuple[str, str, str | None]:
    """What a version is of: a listing's aspect, and the book of a price."""
    return entry["sku"], entry["aspect"], entry["value"].get("book")


def _later(seconds: float, do: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()


def new_listing() -> Json:
    return {"price": None, "currency": None, "coming": [], "quantity": None, "books": {}}
