"""The one door to Odoo: `lockgate.gateway`, by one of two transports.

    Gateway    register, due, exchange, ingest, as contract messages; checks that the right database answers
    Transport  one method: call a method of the gateway with a message, give back its answer

`json2` is Odoo 19's /json/2 with a bearer key. `odoorpc` is the older JSON-RPC, for servers and tools that
speak it.
"""

from __future__ import annotations

import json
import threading
import urllib.error
from collections.abc import Callable, Iterable
from http.client import HTTPException
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import odoorpc
from pydantic import ValidationError

from lockgate.contract import (
    CONTRACT,
    ConnectorDescription,
    DueAnswer,
    DueRequest,
    Envelope,
    Event,
    ExchangeAnswer,
    ExchangeRequest,
    IngestAnswer,
    IngestRequest,
    RegisterAnswer,
    RegisterRequest,
    Result,
    WorkClass,
)
from lockgate.http import CUT, NOT_SENT, Http, TooLong
from lockgate.settings import Settings

TIMEOUT = 20.0
"""Seconds one call may last in all. A turn takes a fraction of one; the rest is for a busy server."""

ANSWER_LIMIT = 100_000_000
"""Bytes of an answer that are read: of the most rows that may be asked for, 20,000 each. That is a price with
dozens of breaks or of prices to come; a listing has a few hundred."""

Json = dict[str, Any]
Reply = TypeVar("Reply", bound=Envelope)


class OdooError(Exception):
    pass


class OdooDown(OdooError):
    """Not reached, no whole answer, or a server in trouble: asking again may help."""


class OdooRefused(OdooError):
    """Odoo understood and said no, in words: asking again does not help."""


class Transport(Protocol):
    def call(self, method: str, message: Json) -> Any:
        """Raises OdooDown or OdooRefused."""

    def close(self) -> None: ...


class Json2:
    """POST /json/2/lockgate.gateway/<method>. A connection for each thread, kept alive."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.odoo_url
        self._headers = {
            "authorization": f"bearer {settings.key()}",
            "content-type": "application/json",
            "accept": "application/json",
        }
        if settings.odoo_database:
            self._headers["x-odoo-database"] = settings.odoo_database
        self._threads = threading.local()

    def call(self, method: str, message: Json) -> Any:
        http: Http | None = getattr(self._threads, "http", None)
        if http is None:
            http = self._threads.http = Http(self._url, ANSWER_LIMIT)
        body = json.dumps({"message": message}).encode()
        try:
            status, _, raw = http.request(
                "POST", f"/json/2/lockgate.gateway/{method}", body, self._headers, TIMEOUT
            )
        except (*NOT_SENT, *CUT) as error:
            raise OdooDown(f"Odoo at {self._url} does not answer: {error or type(error).__name__}") from error
        except TooLong as error:
            raise OdooRefused(
                f"{self._url} does not answer as Odoo does ({error}): check LOCKGATE_ODOO_URL, and set "
                "LOCKGATE_CEILING lower if it is the right one."
            ) from error
        return self._read(status, raw)

    def close(self) -> None:
        http: Http | None = getattr(self._threads, "http", None)
        if http is not None:
            http.close()

    def _read(self, status: int, raw: bytes) -> Any:
        try:
            data = json.loads(raw)
        except (ValueError, RecursionError):
            data = None
        if status == 200 and data is not None:
            return data
        words = data.get("message") if isinstance(data, dict) else None
        raise refusal(status, str(words or "").strip(), self._url)


def refusal(status: int, words: str, url: str) -> OdooError:
    """What an answer other than a message means, by its status; `words` are Odoo's own, if it gave any."""
    if status in (408, 409, 425, 429) or status >= 500:
        return OdooDown(f"Odoo at {url} is in trouble (HTTP {status}). {words}".strip())
    if status == 401:
        return OdooRefused(
            "Odoo refuses the API key. It is wrong or its life has ended: issue a new one in Odoo "
            "(Lockgate / Configuration) and set LOCKGATE_ODOO_KEY, or LOCKGATE_ODOO_KEY_FILE, to it."
        )
    if status == 403:
        return OdooRefused(
            f"The key's user may not call the gateway: it needs the integration group. {words}".strip()
        )
    if status == 404:
        return OdooRefused(
            f"Odoo at {url} has no Lockgate gateway: check LOCKGATE_ODOO_URL and LOCKGATE_ODOO_DATABASE, "
            f"and that the add-on is installed there. {words}".strip()
        )
    if status == 200 or 300 <= status < 400:
        return OdooRefused(f"{url} does not answer as Odoo does (HTTP {status}): check LOCKGATE_ODOO_URL.")
    return OdooRefused(words or f"Odoo at {url} refused the call (HTTP {status}).")


class OdooRpc:
    """The same calls by `odoorpc`. Signed in once for each thread, because its client is not shared."""

    def __init__(self, settings: Settings) -> None:
        parts = urlsplit(settings.odoo_url)
        secure = parts.scheme == "https"
        self._url = settings.odoo_url
        self._key = settings.key()
        self._server = {
            "host": parts.hostname or "",
            "port": parts.port or (443 if secure else 80),
            "protocol": "jsonrpc+ssl" if secure else "jsonrpc",
            "timeout": TIMEOUT,
        }
        self._database = settings.odoo_database
        self._login = settings.odoo_login
        self._threads = threading.local()

    def call(self, method: str, message: Json) -> Any:
        try:
            client = getattr(self._threads, "client", None) or self._sign_in()
            return client.execute_kw("lockgate.gateway", method, [], {"message": message})
        except odoorpc.error.RPCError as error:
            raise self._refused(error) from error
        except odoorpc.error.InternalError as error:
            raise OdooDown(f"Odoo at {self._url} does not answer as Odoo does: {error}") from error
        except urllib.error.HTTPError as error:
            raise refusal(error.code, "", self._url) from error
        except (OSError, HTTPException, ValueError) as error:
            self._threads.client = None
            raise OdooDown(f"Odoo at {self._url} does not answer: {error or type(error).__name__}") from error

    def close(self) -> None:
        self._threads.client = None

    def _sign_in(self) -> Any:
        client = odoorpc.ODOO(**self._server)
        client.login(self._database, self._login, self._key)
        self._threads.client = client
        return client

    def _refused(self, error: Any) -> OdooError:
        info = error.info if isinstance(error.info, dict) else {}
        name = str((info.get("data") or {}).get("name", "")).rpartition(".")[2]
        words = str(error).strip()
        if name == "AccessDenied" or "wrong login" in words.lower():
            return refusal(401, words, self._url)
        if name == "AccessError":
            return refusal(403, words, self._url)
        if name in ("UserError", "ValidationError"):
            return OdooRefused(words)
        if name in ("KeyError", "AttributeError", "MissingError"):
            return refusal(404, words, self._url)
        return refusal(500, words, self._url)


TRANSPORTS: dict[str, Callable[[Settings], Transport]] = {"json2": Json2, "odoorpc": OdooRpc}


class Gateway:
    """Contract v1 over a transport. Every answer is parsed, and must come from the database that is meant."""

    def __init__(self, transport: Transport, *, database: str, incarnation: int) -> None:
        self._transport = transport
        self._envelope = {"contract": CONTRACT, "database": database, "incarnation": incarnation}

    @classmethod
    def open(cls, settings: Settings) -> Gateway:
        transport = TRANSPORTS[settings.odoo_transport](settings)
        return cls(transport, database=settings.odoo_uuid, incarnation=settings.odoo_incarnation)

    def register(self, connectors: Iterable[ConnectorDescription]) -> RegisterAnswer:
        message = RegisterRequest.model_validate({**self._envelope, "connectors": tuple(connectors)})
        return self._ask("register", message, RegisterAnswer)

    def due(self, *, every: bool = False) -> DueAnswer:
        """Which channels have work; with `every`, those without work too."""
        message = DueRequest.model_validate({**self._envelope, "every": every})
        return self._ask("due", message, DueAnswer)

    def exchange(
        self,
        channel: str,
        work_class: WorkClass,
        *,
        exchange_id: str,
        results: Iterable[Result] = (),
        ceiling: int = 0,
    ) -> ExchangeAnswer:
        """One turn. Asked again with the same id and the same words, it gives the same leases."""
        message = ExchangeRequest.model_validate(
            {
                **self._envelope,
                "channel": channel,
                "work_class": work_class,
                "exchange_id": exchange_id,
                "results": tuple(results),
                "ceiling": ceiling,
            }
        )
        return self._ask("exchange", message, ExchangeAnswer)

    def ingest(self, events: Iterable[Event]) -> IngestAnswer:
        """Tell what happened outside, all of it or nothing. Told again, an event is known and counts once."""
        message = IngestRequest.model_validate({**self._envelope, "events": tuple(events)})
        return self._ask("ingest", message, IngestAnswer)

    def close(self) -> None:
        self._transport.close()

    def _ask(self, method: str, message: Envelope, reply: type[Reply]) -> Reply:
        data = self._transport.call(method, message.model_dump(mode="json"))
        try:
            answer = reply.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the answer"
            raise OdooRefused(
                f"Odoo's answer to {method!r} does not fit contract v{CONTRACT} ({place}: {first['msg']}). "
                "The add-ons and the sidecar must be of versions that go together."
            ) from None
        if answer.database != message.database or answer.incarnation != message.incarnation:
            raise OdooRefused(
                f"Another database answered: uuid {answer.database}, incarnation {answer.incarnation}, but "
                f"the sidecar is set to {message.database}, {message.incarnation}. Nothing was sent. "
                "If it is the right one, set LOCKGATE_ODOO_UUID and LOCKGATE_ODOO_INCARNATION to it."
            )
        return answer
