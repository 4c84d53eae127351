"""HTTP with one total deadline for a request, over connections that are kept.

It stands on httpcore rather than on httpx: time-outs of both bound the wait between two bytes, so that an
answer that drips never ends, but httpcore lets us bound the socket itself.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import certifi
import httpcore

from lockgate.errors import NeedsAttention

ANSWER_LIMIT = 5_000_000
"""Bytes of a channel's answer that are read; a longer one is refused."""

NOT_SENT = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
CUT = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
"""Errors of a request: of which nothing was sent, and that was sent and has no whole answer."""


class TooLong(Exception):
    """The answer is longer than it may be, or never ends; the rest was not read."""


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
    """Kept-alive connections to one host, for one thread at a time; follows no redirects.

    Of an answer at most `limit` bytes are read.
    """

    def __init__(self, address: str, limit: int = ANSWER_LIMIT) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NeedsAttention(f"{address!r} is not an address that starts with http:// or https://")
        context = ssl.create_default_context(cafile=certifi.where()) if parts.scheme == "https" else None
        self._address = address.rstrip("/")
        self._limit = limit
        self._deadline = Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=1,
            keepalive_expiry=30.0,
            network_backend=BoundBackend(self._deadline),
        )

    def request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], deadline: float
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers with lower-case names, and body, in `deadline` seconds.

        Raises TooLong and httpcore's errors.
        """
        self._deadline.arm(deadline)
        with self._pool.stream(
            method, self._address + path, headers=list(headers.items()), content=body
        ) as response:
            parts: list[bytes] = []
            size = 0
            for part in response.iter_stream():
                size += len(part)
                if size > self._limit:
                    raise TooLong(f"the answer is longer than {self._limit} bytes")
                parts.append(part)
            names = {
                key.decode("latin-1").lower(): value.decode("latin-1") for key, value in response.headers
            }
            return response.status, names, b"".join(parts)

    def close(self) -> None:
        self._pool.close()
