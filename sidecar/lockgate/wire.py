"""HTTP to a channel: one request, one total deadline, one table from what came back to what we do next.

A connector that speaks HTTP calls `Wire.call` and gets an `Answer` or a `ChannelError`:

    could not connect                      ChannelDown: nothing was sent
    sent, then no whole answer in time     Unknown when the request may have changed something, else RetryLater
    a status in the table                  the table's error
    HTML instead of JSON                   RetryLater for 429 and 5xx (a proxy's page), else NeedsAttention

It stands on httpcore rather than on httpx, because their time-outs bound the wait between two bytes and
an answer that drips never ends; httpcore lets us bound the socket itself.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import certifi
import httpcore

from lockgate.errors import ChannelDown, ChannelError, NeedsAttention, Rejected, RetryLater, Unknown

ANSWER_LIMIT = 5_000_000
"""Bytes of an answer that are read; a longer one is refused."""

EXCERPT = 500
"""Characters of an answer that are kept for a person."""

STATUS_ERRORS: dict[int, type[ChannelError]] = {
    400: NeedsAttention,
    401: NeedsAttention,
    402: NeedsAttention,
    403: NeedsAttention,
    404: NeedsAttention,
    408: RetryLater,
    409: RetryLater,
    413: NeedsAttention,
    422: Rejected,
    423: RetryLater,
    425: RetryLater,
    429: RetryLater,
    500: RetryLater,
    502: RetryLater,
    503: RetryLater,
    504: Unknown,  # the proxy gave up, the shop behind it may not have
}
"""Statuses beside these: 3xx and 4xx need attention, 5xx are tried again. A connector overrides entries."""

WORDS = {
    400: "did not understand the request",
    401: "refused the credential; check it and the channel's sign-in settings",
    402: "asks for a payment",
    403: "does not allow this with the credential given; check its rights",
    404: "has nothing at this address; check the address in the channel's settings",
    413: "found the request too large",
    422: "refused the values",
    429: "asked us to slow down",
}


@dataclass(frozen=True)
class Answer:
    """A 2xx answer. `data` is its JSON, `text` the masked excerpt of it."""

    status: int
    headers: Mapping[str, str]
    data: Any
    text: str
    request_id: str | None


def mask(text: str, secrets: Iterable[str]) -> str:
    """Replace each secret. Values under 4 characters are left: they would riddle every text."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "•••")
    return text


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds a channel asks to wait: Retry-After as seconds or as an HTTP date; none if absent or unreadable."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


class Deadline:
    """A moment on the monotonic clock that bounds a whole request."""

    def __init__(self) -> None:
        self._until = float("inf")

    def arm(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise late("the request's total deadline has passed")
        return left if timeout is None else min(left, timeout)


class BoundStream(httpcore.NetworkStream):
    """A socket whose every read and write ends by the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return BoundStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class BoundBackend(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._backend = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return BoundStream(
            self._backend.connect_tcp(host, port, left, local_address, socket_options), self._deadline
        )


class Http:
    """Kept-alive connections to one host, for one thread at a time; follows no redirects."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NeedsAttention(f"{address!r} is not an address that starts with http:// or https://")
        self._address = address.rstrip("/")
        self._deadline = Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(cafile=certifi.where())
            if parts.scheme == "https"
            else None,
            max_connections=1,
            keepalive_expiry=30.0,
            network_backend=BoundBackend(self._deadline),
        )

    def request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], deadline: float
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers with lower-case names, and body. Raises httpcore's exceptions; ends by `deadline` seconds."""
        self._deadline.arm(deadline)
        with self._pool.stream(method, self._address + path, headers=dict(headers), content=body) as response:
            parts: list[bytes] = []
            size = 0
            for part in response.iter_stream():
                size += len(part)
                if size > ANSWER_LIMIT:
                    raise httpcore.ReadError(f"the answer is longer than {ANSWER_LIMIT} bytes")
                parts.append(part)
            names = {
                key.decode("latin-1").lower(): value.decode("latin-1") for key, value in response.headers
            }
            return response.status, names, b"".join(parts)

    def close(self) -> None:
        self._pool.close()


NOT_SENT = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
CUT = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


class Wire:
    """JSON over HTTP to one channel. `secrets` are masked wherever the channel's own words are kept."""

    def __init__(
        self,
        address: str,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        errors: Mapping[int, type[ChannelError]] = STATUS_ERRORS,
    ) -> None:
        self._http = Http(address)
        self._address = address
        self._deadline = deadline
        self._secrets = tuple(secrets)
        self._errors = errors
        self.headers: dict[str, str] = {"accept": "application/json", **(headers or {})}

    def call(
        self,
        method: str,
        path: str,
        payload: Any = None,
        *,
        changes: bool,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. `changes` tells whether it may change something at the channel.

        Raises ChannelError, named by the table above.
        """
        body = None if payload is None else json.dumps(payload).encode()
        sent = {**self.headers, **(headers or {})}
        if body is not None:
            sent["content-type"] = "application/json"
        try:
            status, names, raw = self._http.request(method, path, body, sent, self._deadline)
        except NOT_SENT as error:
            raise ChannelDown(
                f"{self._address} cannot be reached ({self._plain(error)}). "
                "Check that the channel is up and its address in the channel's settings."
            ) from error
        except CUT as error:
            words = f"{self._address} gave no whole answer ({self._plain(error)})."
            if changes:
                raise Unknown(words + " Whether it took the values is found by asking it.") from error
            raise RetryLater(words + " It is asked again.") from error
        return self._answer(status, names, raw)

    def close(self) -> None:
        self._http.close()

    def _answer(self, status: int, headers: Mapping[str, str], raw: bytes) -> Answer:
        text = mask(raw[: EXCERPT * 4].decode("utf-8", "replace"), self._secrets)[:EXCERPT]
        request_id = headers.get("x-request-id")
        if status < 200 or status >= 300:
            raise self._refusal(status, headers, text, request_id)
        try:
            data = json.loads(raw) if raw else None
        except ValueError:
            kind = "HTML" if raw.lstrip()[:1] == b"<" else "something else"
            raise NeedsAttention(
                f"{self._address} answered {kind} instead of JSON. Check the address in the channel's settings.",
                answer=text,
                request_id=request_id,
            ) from None
        return Answer(status, headers, data, text, request_id)

    def _refusal(
        self, status: int, headers: Mapping[str, str], text: str, request_id: str | None
    ) -> ChannelError:
        default = RetryLater if status >= 500 else NeedsAttention
        kind = self._errors.get(status, default)
        words = WORDS.get(status, "is in trouble" if status >= 500 else "refused the request")
        if text.lstrip().startswith("<"):
            words += " and answered HTML instead of JSON"
            if kind is Rejected:  # a page of a proxy or a wrong address says nothing of a value
                kind = NeedsAttention
        message = f"{self._address} {words} (HTTP {status})."
        if issubclass(kind, RetryLater):
            return kind(message, after=retry_after(headers), answer=text, request_id=request_id)
        return kind(message, answer=text, request_id=request_id)

    def _plain(self, error: Exception) -> str:
        return mask(str(error) or type(error).__name__, self._secrets)
