"""The fake channel: a small shop over HTTP that does what it is told, and keeps every request it was told.

Tests, the demo and the benchmarks read its history, and customers may buy there (`POST /sell`, `/ship`).
Failures are scripted by rules (`POST /script`):

    fail, html      answers a status or a page, without effect
    misfit, endless answers JSON of another shape, or more and more of it, without effect
    delay           answers and applies after a wait
    lose, hang      no effect, no answer; the connection is closed at once, or after a wait
    late            no answer, and the effect comes after a wait
    lag             answers at once, and the effect comes after a wait
    twice           the request comes twice, as when something on the way repeats it; at once, or after a wait
    overtaken       answers and applies when another request has come, or after a wait
    part            takes the first half of a request's items, and answers about these alone
    reorder         answers the items of a request in another order
    refuse          refuses one SKU, with a reason
    strict          refuses every SKU that is not known
    limit           lets so many calls in so many seconds through, and says so as a vendor does (`throttle`);
                    with `sku`, of those about SKUs that begin like this
"""

from __future__ import annotations

import contextlib
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lockgate.shop import UNKNOWN_SKU, Json, Rule, Shop, new_listing
from lockgate.throttle import Verdict


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a small answer waits for the client's delayed acknowledgement
    wbufsize = -1  # headers and body leave in one packet
    server: FakeChannel
    _verdict = Verdict(True)

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
                "/listings": shop.shelves(),
                "/sales": shop.sales,
                "/script": {"rules": [rule.model_dump() for rule in shop.rules], "to_come": shop.to_come},
                "/limit": shop.throttle
                and {
                    "answered": shop.throttle.answered,
                    "refused": shop.throttle.refused,
                },
            }
            answer = json.dumps(known.get(url.path)).encode()
        self._send(200 if url.path in known else 404, answer)

    def do_DELETE(self) -> None:
        if self.path == "/script":
            self.server.shop.forget_script()
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
            elif self.path == "/sell":
                self._answer(200, {"sold": self.server.shop.sell(**asked)})
            elif self.path == "/ship":
                self.server.shop.ship(asked["sku"], asked["quantity"])
                self._answer(200, {})
            elif self.path in ("/prices", "/stock", "/read"):
                self._channel(asked["items"])
            else:
                self._answer(404, {"error": "nothing here"})
        except (ValueError, KeyError, TypeError) as error:  # pydantic's ValidationError is a ValueError
            self._answer(400, {"error": str(error)})

    def _script(self, asked: Json) -> None:
        self.server.shop.follow(Rule.model_validate(asked))
        self._answer(200, {})

    def _know(self, skus: list[str]) -> None:
        with self.server.shop.lock:
            for sku in skus:
                self.server.shop.listings.setdefault(sku, new_listing())
        self._answer(200, {})

    def _channel(self, items: list[Json]) -> None:
        shop = self.server.shop
        pushed = self.path != "/read"
        self._verdict = shop.admit(items)
        if not self._verdict.admitted:
            self._answer(self._verdict.status, {"error": "too many requests"})
            return
        rule = shop.take_rule(self.path)
        kind = rule.kind if rule is not None else None
        entries = shop.told(self.path, items, apply=rule is None) if pushed else []
        if rule is None:
            self._taken(items, entries)
        elif kind == "twice":
            shop.apply_late(entries)
            if pushed:
                shop.repeat_in(rule.seconds, self.path, items)
            self._taken(items, entries)
        elif kind == "part":
            half = (len(items) + 1) // 2
            shop.apply_late(entries[:half])
            self._taken(items[:half], entries[:half])
        elif kind == "lag":
            shop.judge(entries)
            shop.apply_in(rule.seconds, entries)
            self._taken(items, entries)
        elif kind in ("delay", "overtaken"):
            if kind == "overtaken" and entries:
                shop.let_one_pass(entries[0]["request"], rule.seconds)
            else:
                time.sleep(rule.seconds)
            shop.apply_late(entries)
            self._taken(items, entries)
        elif kind == "fail":
            extra = {} if rule.retry_after is None else {"retry-after": str(rule.retry_after)}
            self._answer(rule.status, {"error": "as scripted"}, extra)
        elif kind == "html":
            self._send(
                rule.status, b"<html><body>A proxy's page</body></html>", {"content-type": "text/html"}
            )
        elif kind == "misfit":
            self._answer(rule.status, {"items": [{"key": item.get("key")} for item in items]})
        elif kind == "endless":
            self._never_end()
        else:
            if kind == "late":
                shop.apply_in(rule.seconds, entries)
            elif kind == "hang":
                time.sleep(rule.seconds)
            self.close_connection = True

    def _taken(self, items: list[Json], entries: list[Json]) -> None:
        """The answer to a push, from its entries; to a read, from what is shown."""
        shop = self.server.shop
        if self.path == "/read":
            answers = [{"aspect": item["aspect"], "shown": shop.shown(item)} for item in items]
        else:
            answers = [
                {
                    "applied": entry["reason"] is None,
                    "reason": entry["reason"],
                    "known": entry["reason"] != UNKNOWN_SKU,
                }
                for entry in entries
            ]
        named = list(zip(items, answers, strict=True))
        if shop.reorders:
            named.reverse()
        self._answer(
            200, {"items": [{"key": item.get("key"), "sku": item["sku"], **answer} for item, answer in named]}
        )

    def _answer(self, status: int, data: Json, headers: dict[str, str] | None = None) -> None:
        limit, self._verdict = self._verdict, Verdict(True)
        self._send(
            status, json.dumps({**data, **limit.fields}).encode(), {**limit.headers, **(headers or {})}
        )

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _never_end(self) -> None:
        """Until the caller has enough and closes the connection."""
        self.close_connection = True
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b" " * 65536)

    def log_message(self, format: str, *args: Any) -> None:
        """The history is the log."""


class FakeChannel(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, folder: Path | None = None, strict: bool = False) -> None:
        super().__init__((host, port), Handler)
        self.shop = Shop(folder)
        if strict:
            self.shop.follow(Rule(kind="strict"))

    @property
    def address(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"
