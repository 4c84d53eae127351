"""HTTP to a channel: one request, one total deadline, one table from what came back to what we do next.

A connector that speaks HTTP calls `Wire.call` and gets an `Answer` or a `ChannelError`:

    could not connect                      ChannelDown: nothing was sent
    sent, then no whole answer in time     Unknown if the request may have changed something, else RetryLater
    an answer that is too long             the same, and NeedsAttention instead of RetryLater
    a certificate that cannot be trusted   the same
    a status in the table                  the table's error
    a redirect                             NeedsAttention; it is not followed
    THROTTLED in a GraphQL answer          RetryLater, when the points will do
    HTML instead of JSON                   RetryLater for 429 and 5xx (a proxy's page), else NeedsAttention
    JSON of another shape                  NeedsAttention, where it is read inside `Wire.reading`
"""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from lockgate import signals
from lockgate.contract import Cause
from lockgate.errors import ChannelDown, ChannelError, NeedsAttention, Rejected, RetryLater, Unknown
from lockgate.http import CUT, NOT_SENT, Http, TooLong

log = logging.getLogger(__name__)

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

STATUS_CAUSES = {
    301: Cause.SETTINGS,
    302: Cause.SETTINGS,
    303: Cause.SETTINGS,
    307: Cause.SETTINGS,
    308: Cause.SETTINGS,
    401: Cause.CREDENTIALS,
    402: Cause.PERMISSION,
    403: Cause.PERMISSION,
    404: Cause.SETTINGS,
    408: Cause.NO_ANSWER,
    409: Cause.CONFLICT,
    423: Cause.CONFLICT,
    429: Cause.RATE_LIMIT,
    502: Cause.CHANNEL_DOWN,
    503: Cause.CHANNEL_DOWN,
    504: Cause.NO_ANSWER,
}
"""Statuses beside these are an answer that nobody can make sense of."""

CHECK_ADDRESS = "check the address in the channel's settings"
WORDS = {
    400: "did not understand the request",
    401: "refused the credential; check it and the channel's sign-in settings",
    402: "asks for a payment",
    403: "does not allow this with the credential given; check its rights",
    404: f"has nothing at this address; {CHECK_ADDRESS}",
    413: "found the request too large",
    422: "refused the values",
    429: "asked us to slow down",
}

REDIRECTS = (301, 302, 303, 307, 308)

MISFITS = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError)
"""What Python raises where something is not there, or is something else. pydantic's are ValueErrors."""


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


def status_cause(status: int, kind: type[ChannelError]) -> Cause | None:
    """Why, by the status. Of what refuses one listing or its value, only "unknown" is told apart."""
    if issubclass(kind, Rejected):
        return Cause.UNKNOWN_PRODUCT if status in (404, 410) else None
    return STATUS_CAUSES.get(status, Cause.BAD_ANSWER)


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
        self._last: Answer | None = None
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
        signals.count()
        try:
            status, names, raw = self._http.request(method, path, body, sent, self._deadline)
        except NOT_SENT as error:
            raise ChannelDown(self._not_reached(error)) from error
        except CUT as error:
            words = f"{self._address} gave no whole answer ({self._plain(error)})."
            if changes:
                raise Unknown(words + " Whether it took the values is found by asking it.") from error
            raise RetryLater(words + " It is asked again.", cause=Cause.NO_ANSWER) from error
        except TooLong as error:
            words = f"{self._address} gave no answer that can be read: {error}."
            if changes:
                words += " Whether it took the values is found by asking it."
                raise Unknown(words, cause=Cause.BAD_ANSWER) from error
            words += " Check the address in the channel's settings."
            raise NeedsAttention(words, cause=Cause.BAD_ANSWER) from error
        self._last = self._answer(status, names, raw)
        return self._last

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What is read in here of an answer and does not fit is a bad answer. Raises NeedsAttention for it.

        An answer may be any JSON: whoever reads it need not ask at each step whether the next is there.
        """
        self._last = None
        try:
            yield
        except MISFITS as error:
            if self._last is None:  # nothing was answered: the connector itself failed
                raise
            log.warning("%s gave an answer that does not fit", self._address, exc_info=error)
            first_line = self._plain(error).splitlines()[0]
            raise NeedsAttention(
                f"{self._address} answered something else than its connector expects "
                f"({type(error).__name__}: {first_line}). Check the address in the channel's settings, and "
                "that the connector is of the channel's version.",
                answer=self._last.text,
                request_id=self._last.request_id,
                cause=Cause.BAD_ANSWER,
            ) from error

    def close(self) -> None:
        self._http.close()

    def _answer(self, status: int, headers: Mapping[str, str], raw: bytes) -> Answer:
        signals.tell(signals.of_headers(status, headers))
        text = mask(raw[: EXCERPT * 4].decode("utf-8", "replace"), self._secrets)[:EXCERPT]
        request_id = headers.get("x-request-id")
        if status < 200 or status >= 300:
            raise self._refusal(status, headers, text, request_id)
        try:
            data = json.loads(raw) if raw else None
        except (ValueError, RecursionError):
            kind = "HTML" if raw.lstrip()[:1] == b"<" else "something else"
            raise NeedsAttention(
                f"{self._address} answered {kind} instead of JSON. "
                "Check the address in the channel's settings.",
                answer=text,
                request_id=request_id,
                cause=Cause.BAD_ANSWER,
            ) from None
        signals.tell(signals.of_body(data))
        wait = signals.throttled(data)
        if wait is not None:
            raise RetryLater(
                f"{self._address} {WORDS[429]} (THROTTLED).",
                after=wait,
                answer=text,
                request_id=request_id,
                cause=Cause.RATE_LIMIT,
            )
        return Answer(status, headers, data, text, request_id)

    def _refusal(
        self, status: int, headers: Mapping[str, str], text: str, request_id: str | None
    ) -> ChannelError:
        default = RetryLater if status >= 500 else NeedsAttention
        kind = self._errors.get(status, default)
        words = WORDS.get(status, "is in trouble" if status >= 500 else "refused the request")
        if status in REDIRECTS:
            words = self._redirect(headers.get("location", ""))
        if text.lstrip().startswith("<"):
            words += " and answered HTML instead of JSON"
            if kind is Rejected:  # a page of a proxy or a wrong address says nothing of a value
                kind = NeedsAttention
        message = f"{self._address} {words} (HTTP {status})."
        cause = status_cause(status, kind)
        if issubclass(kind, RetryLater):
            after = signals.retry_after(headers)
            return kind(message, after=after, answer=text, request_id=request_id, cause=cause)
        return kind(message, answer=text, request_id=request_id, cause=cause)

    def _not_reached(self, error: Exception) -> str:
        match error.args:
            case (ssl.SSLCertVerificationError() as untrusted,):
                return (
                    f"{self._address} has a certificate that cannot be trusted "
                    f"({untrusted.verify_message}), so nothing was sent. Have the channel renew it, or "
                    "correct the address in the channel's settings."
                )
        return (
            f"{self._address} cannot be reached ({self._plain(error)}). "
            "Check that the channel is up and its address in the channel's settings."
        )

    def _redirect(self, location: str) -> str:
        """What a redirect says: of where it leads only the host, as what stands around it may be a secret."""
        try:
            target = urlsplit(urljoin(self._address, location))
            place = f"{target.scheme}://{target.netloc.rpartition('@')[2]}"
        except ValueError:
            place = "no address"
        return f"redirects to {mask(place, self._secrets)}, where nothing is sent; {CHECK_ADDRESS}"

    def _plain(self, error: Exception) -> str:
        return mask(str(error) or type(error).__name__, self._secrets)
