"""The fake channel: a small shop over HTTP that does what it is told, and keeps every request it was told.

Tests, the demo and the benchmarks read its history. Failures are scripted by rules (`POST /script`):

    fail, html      answers a status or a page, without effect
    delay           answers and applies after a wait
    lose, hang      no effect, no answer; the connection is closed at once, or after a wait
    late            no answer, and the effect comes after a wait
    refuse          refuses one SKU, with a reason
    strict          refuses every SKU that is not known
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field

Json = dict[str, Any]


class Rule(BaseModel):
    """One scripted behaviour. `times` requests, none: until the script is cleared."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["fail", "html", "delay", "lose", "hang", "late", "refuse", "strict"]
    times: int | None = Field(default=None, ge=1)
    path: str | None = None
    status: int = 200
    seconds: float = Field(default=0.0, ge=0)
    retry_after: float | None = None
    sku: str | None = None
    aspect: Literal["price", "stock"] | None = None
    reason: str = "refused by the script"

    @property
    def of_items(self) -> bool:
        return self.kind in ("refuse", "strict")


@dataclass
class Shop:
    """Listings, history and script, behind one lock. With a folder, the history is kept in a file there."""

    folder: Path | None = None
    listings: dict[str, Json] = field(default_factory=dict)
    history: list[Json] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    requests: int = 0

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

    def _load(self) -> None:
        entries = [json.loads(line) for line in self._file.read_text().splitlines()]
        latest = {
            entry["number"]: entry for entry in entries
        }  # a late one stands twice: untold, then applied
        self.history = [latest[number] for number in sorted(latest)]
        self.requests = max((entry["request"] for entry in self.history), default=0)
        applied = [entry for entry in self.history if entry["applied"]]
        for entry in sorted(applied, key=lambda entry: float(entry["applied_monotonic"])):
            self._show(entry)

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

    def told(self, path: str, items: list[Json], *, apply: bool) -> list[Json]:
        """Write a request into the history; with `apply` it takes effect at once. Returns its entries."""
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

    def _refusal(self, entry: Json) -> str | None:
        for rule in self.rules:
            if rule.kind == "refuse" and rule.sku == entry["sku"] and rule.aspect in (None, entry["aspect"]):
                return rule.reason
            if rule.kind == "strict" and entry["sku"] not in self.listings:
                return "unknown SKU"
        return None

    def _show(self, entry: Json) -> None:
        value = entry["value"]
        listing = self.listings.setdefault(entry["sku"], new_listing())
        if entry["aspect"] == "stock":
            listing["quantity"] = value["quantity"]
            return
        price = {"price": value["amount"], "currency": value["currency"]}
        if value["book"] is None:
            listing.update(price)
        else:
            listing["books"][value["book"]] = price

    def shown(self, item: Json) -> Json | None:
        """What is shown of an aspect of a listing; none: the listing, or this aspect of it, is not known."""
        with self.lock:
            listing = self.listings.get(item["sku"])
            if listing is None:
                return None
            if item["aspect"] == "stock":
                return None if listing["quantity"] is None else {"quantity": listing["quantity"]}
            book = listing if item["book"] is None else listing["books"].get(item["book"])
            if book is None or book["price"] is None:
                return None
            return {"price": book["price"], "currency": book["currency"]}

    def since(self, number: int, wait: float) -> Json:
        """History after an entry; waits up to `wait` seconds for the first."""
        with self.lock:
            self.lock.wait_for(lambda: len(self.history) > number, timeout=wait)
            return {"last": len(self.history), "entries": self.history[number:]}

    def forget(self) -> None:
        with self.lock:
            self.history.clear()
            self.listings.clear()
            if self.folder is not None:
                self._file.unlink(missing_ok=True)

    def _keep(self, entries: list[Json]) -> None:
        if self.folder is not None:
            with self._file.open("a") as file:
                file.writelines(json.dumps(entry) + "\n" for entry in entries)


def new_listing() -> Json:
    return {"price": None, "currency": None, "quantity": None, "books": {}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a small answer waits for the client's delayed acknowledgement
    wbufsize = -1  # headers and body leave in one packet
    server: FakeChannel

    def do_GET(self) -> None:
        shop = self.server.shop
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/history":
            self._answer(200, shop.since(int(query.get("since", 0)), float(query.get("wait", 0))))
            return
        with shop.lock:
            known: dict[str, Any] = {
                "/": {"channel": "demo", "listings": len(shop.listings)},
                "/listings": shop.listings,
                "/script": {"rules": [rule.model_dump() for rule in shop.rules]},
            }
            answer = json.dumps(known.get(url.path)).encode()
        self._send(200 if url.path in known else 404, answer)

    def do_DELETE(self) -> None:
        if self.path == "/script":
            with self.server.shop.lock:
                self.server.shop.rules.clear()
        elif self.path == "/history":
            self.server.shop.forget()
        else:
            self._answer(404, {"error": "nothing here"})
            return
        self._answer(200, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            asked = json.loads(body)
            if self.path == "/script":
                self._script(asked)
            elif self.path == "/listings":
                self._know(asked["skus"])
            elif self.path in ("/prices", "/stock", "/read"):
                self._channel(asked["items"])
            else:
                self._answer(404, {"error": "nothing here"})
        except (ValueError, KeyError, TypeError) as error:  # pydantic's ValidationError is a ValueError
            self._answer(400, {"error": str(error)})

    def _script(self, asked: Json) -> None:
        with self.server.shop.lock:
            self.server.shop.rules.append(Rule.model_validate(asked))
        self._answer(200, {})

    def _know(self, skus: list[str]) -> None:
        with self.server.shop.lock:
            for sku in skus:
                self.server.shop.listings.setdefault(sku, new_listing())
        self._answer(200, {})

    def _channel(self, items: list[Json]) -> None:
        shop = self.server.shop
        pushed = self.path != "/read"
        rule = shop.take_rule(self.path)
        kind = rule.kind if rule is not None else None
        entries = shop.told(self.path, items, apply=rule is None) if pushed else []
        if rule is None:
            self._taken(items, entries)
        elif kind == "delay":
            time.sleep(rule.seconds)
            shop.apply_late(entries)
            self._taken(items, entries)
        elif kind == "fail":
            extra = {} if rule.retry_after is None else {"retry-after": f"{rule.retry_after:g}"}
            self._answer(rule.status, {"error": "as scripted"}, extra)
        elif kind == "html":
            self._send(
                rule.status, b"<html><body>A proxy's page</body></html>", {"content-type": "text/html"}
            )
        else:
            if kind == "late":
                timer = threading.Timer(rule.seconds, shop.apply_late, (entries,))
                timer.daemon = True
                timer.start()
            elif kind == "hang":
                time.sleep(rule.seconds)
            self.close_connection = True

    def _taken(self, items: list[Json], entries: list[Json]) -> None:
        """The answer to a push, from its entries; to a read, from what is shown."""
        shop = self.server.shop
        if self.path == "/read":
            answers = [{"aspect": item["aspect"], "shown": shop.shown(item)} for item in items]
        else:
            answers = [{"applied": entry["applied"], "reason": entry["reason"]} for entry in entries]
        named = zip(items, answers, strict=True)
        self._answer(
            200, {"items": [{"key": item.get("key"), "sku": item["sku"], **answer} for item, answer in named]}
        )

    def _answer(self, status: int, data: Json, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(data).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """The history is the log."""


class FakeChannel(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, folder: Path | None = None, strict: bool = False) -> None:
        super().__init__((host, port), Handler)
        self.shop = Shop(folder)
        if strict:
            self.shop.rules.append(Rule(kind="strict"))

    @property
    def address(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"
