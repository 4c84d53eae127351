"""A fake Odoo behind HTTP, as both transports call it, and a server whose answers are written by the test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lockgate.odoo import OdooDown, OdooRefused
from lockgate.testing.odoo import FakeOdoo

Reply = tuple[int, bytes]
Script = Callable[[str, bytes, Mapping[str, str]], Reply | None]
"""From path, body and headers (lower-case names) to status and answer; none closes the connection."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: ScriptedServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, headers, body))
        reply = self.server.script(self.path, body, headers)
        if reply is None:
            self.close_connection = True
            return
        status, answer = reply
        self.send_response(status)
        self.send_header("content-type", "text/html" if answer[:1] == b"<" else "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """`requests` is the log."""


class ScriptedServer(ThreadingHTTPServer):
    """On a free port, in a thread of its own. Use it as a context."""

    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> ScriptedServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class OdooHttp:
    """The script of a fake Odoo: /json/2, and the JSON-RPC that odoorpc speaks. It takes one `key`.

    `cut`: so many answers are lost after the call took effect. `fail`: statuses for the next calls instead.
    `forbidden`: its user is not in the integration group.
    """

    def __init__(self, odoo: FakeOdoo, key: str = "a-key") -> None:
        self.odoo = odoo
        self.key = key
        self.cut = 0
        self.fail: list[int] = []
        self.forbidden = False

    def __call__(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply | None:
        if self.fail:
            return self.fail.pop(0), b"<html>not now</html>"
        asked = json.loads(body) if body else {}
        if path.startswith("/json/2/lockgate.gateway/"):
            if headers.get("authorization") != f"bearer {self.key}":
                return 401, b'{"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"}'
            reply = self._json2(path.rpartition("/")[2], asked)
        else:
            reply = 200, json.dumps({"jsonrpc": "2.0", **self._rpc(path, asked.get("params", {}))}).encode()
        if self.cut > 0 and any(call in path.encode() + body for call in (b"exchange", b"ingest")):
            self.cut -= 1
            return None
        return reply

    def _json2(self, method: str, asked: Any) -> Reply:
        if self.forbidden:
            return 403, b'{"name": "odoo.exceptions.AccessError", "message": "Not for you."}'
        try:
            return 200, json.dumps(self.odoo.call(method, asked["message"])).encode()
        except OdooRefused as error:
            return 422, json.dumps({"name": "odoo.exceptions.UserError", "message": str(error)}).encode()
        except OdooDown as error:
            return 500, json.dumps({"name": "builtins.ValueError", "message": str(error)}).encode()

    def _rpc(self, path: str, params: Any) -> dict[str, Any]:
        if path == "/web/webclient/version_info":
            return {"result": {"server_version": "19.0", "server_version_info": [19, 0, 0, "final", 0, ""]}}
        arguments = params["args"]
        if params["service"] == "common":
            return {"result": 7 if arguments[2] == self.key else False}
        if arguments[3] == "res.users":
            return {"result": {"lang": "en_US", "tz": "UTC", "uid": 7}}
        if self.forbidden:
            return error("AccessError", "Not for you.")
        try:
            return {"result": self.odoo.call(arguments[4], arguments[6]["message"])}
        except OdooRefused as refusal:
            return error("UserError", str(refusal))


def error(name: str, words: str) -> dict[str, Any]:
    """As Odoo's JSON-RPC tells of an exception."""
    data = {"name": f"odoo.exceptions.{name}", "message": words, "arguments": [words]}
    return {"error": {"code": 0, "message": "Odoo Server Error", "data": data}}
