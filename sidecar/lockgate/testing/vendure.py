"""A Vendure Admin API in memory: what its connector asks, and answers that a test puts in their place."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple

FORBIDDEN = "You are not currently authorized to perform this action"


class Reply(NamedTuple):
    """What is answered in the place of the shop's own answer; no status: the connection is closed."""

    status: int | None
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})


class Heard(NamedTuple):
    """One request: `what` is login, look-up, check or update."""

    what: str
    variables: dict[str, Any]
    headers: dict[str, str]


def refusal(code: str | None, message: str = "no") -> dict[str, Any]:
    return {
        "errors": [{"message": message, **({"extensions": {"code": code}} if code else {})}],
        "data": None,
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: FakeVendure

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        reply = self.server.answer(
            asked["query"], asked["variables"], {k.lower(): v for k, v in self.headers.items()}
        )
        if reply.status is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {**reply.headers, "content-length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        """`heard` is the log."""


class FakeVendure(ThreadingHTTPServer):
    """On a free port, in a thread of its own. Use it as a context; change its attributes to script it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}/admin-api"
        self.password = "the-password"
        self.sessions: set[str] = set()
        self.allowed = True
        self.channels = {"default": {"pricesIncludeTax": False, "availableCurrencyCodes": ["USD", "JPY"]}}
        self.decimals = 2
        self.locations = {"1": "Main"}
        self.variants: list[dict[str, Any]] = []
        self.page = 1000
        self.instead: dict[str, deque[Reply]] = {"login": deque(), "look-up": deque(), "update": deque()}
        self.refuses: Callable[[dict[str, Any]], str | None] = lambda row: None
        self.heard: list[Heard] = []

    def add(self, sku: str, price: int = 0, on_hand: int = 0) -> str:
        number = str(len(self.variants) + 1)
        prices = [{"currencyCode": "USD", "price": price}]
        levels = [{"stockLocationId": "1", "stockOnHand": on_hand}]
        self.variants.append({"id": number, "sku": sku, "prices": prices, "stockLevels": levels})
        return number

    def count(self, what: str) -> int:
        return sum(heard.what == what for heard in self.heard)

    def __enter__(self) -> FakeVendure:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, document: str, variables: dict[str, Any], headers: dict[str, str]) -> Reply:
        what = next(
            name
            for name, word in {
                "login": "login(",
                "update": "updateProductVariants",
                "look-up": "$skus",
                "check": "",
            }.items()
            if word in document
        )
        self.heard.append(Heard(what, variables, headers))
        if self.instead.get(what):
            return self.instead[what].popleft()
        if what == "login":
            return self._login(variables)
        known = (
            headers.get("authorization") in self.sessions or headers.get("vendure-api-key") == self.password
        )
        if not (known and self.allowed):
            return self._json(refusal("FORBIDDEN", FORBIDDEN))
        if what == "update":
            return self._json(self._update(variables["input"]))
        token = headers.get("vendure-token", "default")
        if token not in self.channels and len(self.channels) > 1:
            return self._json(
                refusal("CHANNEL_NOT_FOUND", f'No Channel with the token "{token}" could be found')
            )
        return self._json({"data": self._facts(token) | {"productVariants": self._list(variables)}})

    def _login(self, variables: dict[str, Any]) -> Reply:
        if variables["password"] != self.password:
            return self._json({"data": {"login": {"errorCode": "INVALID_CREDENTIALS_ERROR"}}})
        session = f"session-{self.count('login')}"
        self.sessions.add(f"Bearer {session}")
        return self._json({"data": {"login": {"id": "1"}}}, {"vendure-auth-token": session})

    def _facts(self, token: str) -> dict[str, Any]:
        token = token if token in self.channels else "default"
        return {
            "activeChannel": {"code": token, "token": token, **self.channels[token]},
            "globalSettings": {"serverConfig": {"moneyStrategyPrecision": self.decimals}},
            "stockLocations": {"items": [{"id": key, "name": name} for key, name in self.locations.items()]},
        }

    def _list(self, variables: dict[str, Any]) -> dict[str, Any]:
        skus, ids = variables.get("skus", []), variables.get("ids", [])
        found = [row for row in reversed(self.variants) if row["sku"] in skus or row["id"] in ids]
        skip = variables.get("skip", 0)
        return {"totalItems": len(found), "items": found[skip : skip + self.page]}

    def _update(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        for row in rows:
            if code := self.refuses(row):
                return refusal(None if code == "none" else code)
        variants = {variant["id"]: variant for variant in self.variants}
        for row in rows:
            variants[row["id"]].update(row)
        touched = sorted({row["id"] for row in rows}, reverse=True)
        return {"data": {"updateProductVariants": [{"id": i, "sku": variants[i]["sku"]} for i in touched]}}

    @staticmethod
    def _json(data: dict[str, Any], headers: dict[str, str] | None = None) -> Reply:
        return Reply(200, json.dumps(data).encode(), headers or {})
