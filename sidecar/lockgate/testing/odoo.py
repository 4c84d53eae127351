"""An Odoo without Odoo: the gateway's side of contract v1 in memory, for tests of the sidecar.

It keeps the rules that a worker can see: one turn of a channel at a time, the newest value when leased,
versions that grow, results that count only with a token that was given, the same answer to the same id.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lockgate.contract import (
    CONTRACT,
    Channel,
    ConnectorDescription,
    DueRequest,
    Envelope,
    Event,
    ExchangeRequest,
    IngestRequest,
    Outcome,
    Purpose,
    Reading,
    RegisterRequest,
    Result,
    Value,
    WorkClass,
)
from lockgate.odoo import OdooRefused
from lockgate.retry import TROUBLE

Json = dict[str, Any]
VALUE: TypeAdapter[Any] = TypeAdapter(Value)
CLASSES = list(WorkClass)
BULK_FIRST = 10
"""Of the turns for bulk one in so many gives it the first place: by lot in Odoo, in order here."""


@dataclass
class Publication:
    """One aspect of one listing, as Odoo knows it."""

    number: int
    channel: str
    wanted: Value
    work_class: WorkClass
    version: int = 1
    confirmed: Value | None = None
    confirmed_version: int = 0
    reading: Reading | None = None
    state: str = "due"
    due_at: float = 0.0
    lease_until: float = 0.0
    leased_version: int = 0
    tokens: set[str] = field(default_factory=set)
    token: str = ""  # of the lease that is out
    purpose: Purpose = Purpose.PUSH
    tries: int = 0
    message: str = ""

    @property
    def settled(self) -> bool:
        return self.confirmed_version == self.version


class FakeOdoo:
    """A `Transport` in itself. `wake` is called with the channel's code after each `want`."""

    def __init__(self, *, database: str = "fake-database", wake: Callable[[str], None] | None = None) -> None:
        self.database = database
        self.incarnation = 1
        self.send_by = 5.0
        self.deadline = 5.0
        self.wake = wake
        self.channels: dict[str, Channel] = {}
        self.publications: dict[int, Publication] = {}
        self.connectors: dict[str, ConnectorDescription] = {}
        self.results: list[Result] = []
        self.events: dict[tuple[str, str, str], Event] = {}
        self.exchanges = 0
        self.busy = 0
        self.frozen: set[str] = set()
        self.marked: set[str] = set()  # channels that a turn has to make values for
        self.falls: Counter[str] = Counter()
        self.changed = threading.Condition()
        self._bulk_turns = 0
        self._numbers: dict[tuple[str, ...], int] = {}
        self._answers: dict[str, Json] = {}
        self._turns: dict[str, threading.Lock] = {}

    def add_channel(
        self, code: str, connector: str = "demo", credential: str | None = None, **settings: Any
    ) -> None:
        self.channels[code] = Channel(
            code=code, connector=connector, credential=credential, settings=settings
        )
        self._turns[code] = threading.Lock()

    def want(
        self,
        channel: str,
        value: Any,
        work_class: WorkClass = WorkClass.ROUTINE,
        *,
        purpose: Purpose = Purpose.PUSH,
    ) -> Publication:
        """A commit in Odoo: from now on this is wanted."""
        wanted = VALUE.validate_python(value)
        key = (channel, wanted.aspect, wanted.sku, getattr(wanted, "book", None) or "")
        with self.changed:
            number = self._numbers.setdefault(key, len(self._numbers) + 1)
            known = self.publications.get(number)
            if known is None:
                known = self.publications[number] = Publication(
                    number, channel, wanted, work_class, purpose=purpose
                )
            else:
                coalesces = known.state == "due" and not known.settled
                known.wanted, known.work_class, known.purpose = wanted, work_class, purpose
                known.version += 1
                if coalesces and known.tries:
                    known.tries = 1  # the channel's wish to wait, or the backoff, stands
                    self.marked.add(channel)
                else:
                    known.due_at, known.tries = 0.0, 0
                if known.state == "blocked":
                    known.state = "due"
        if self.wake is not None:
            self.wake(channel)
        return known

    def pass_time(self, seconds: float) -> None:
        """What is due in so many seconds is due now."""
        with self.changed:
            for each in self.publications.values():
                each.due_at -= seconds

    def wait_for(self, condition: Callable[[], bool], seconds: float = 30.0) -> bool:
        """Until something that came in makes it true."""
        with self.changed:
            return self.changed.wait_for(condition, timeout=seconds)

    def settled(self) -> bool:
        return all(each.settled for each in self.publications.values())

    def call(self, method: str, message: Json) -> Any:
        """What the gateway answers. Raises OdooRefused, in words."""
        if method not in ("register", "due", "exchange", "ingest"):
            raise OdooRefused(f"The gateway has no method {method!r}.")
        try:
            answer: Json = getattr(self, f"_{method}")(message)
        except ValidationError as error:
            raise OdooRefused(f"The message does not fit contract v{CONTRACT}: {error}") from None
        return {"contract": CONTRACT, "database": self.database, "incarnation": self.incarnation, **answer}

    def close(self) -> None:
        """Nothing is held open."""

    def _for_us(self, message: Envelope) -> None:
        if (message.database, message.incarnation) != (self.database, self.incarnation):
            raise OdooRefused(f"This is database {self.database}, incarnation {self.incarnation}.")

    def _register(self, message: Json) -> Json:
        request = RegisterRequest.model_validate(message)
        self._for_us(request)
        self.connectors |= {each.code: each for each in request.connectors}
        return {"connectors": len(request.connectors)}

    def _due(self, message: Json) -> Json:
        request = DueRequest.model_validate(message)
        self._for_us(request)
        with self.changed:
            waiting = [self._counts(code) for code in self.channels]
            later = [each.due_at for each in self.publications.values() if each.due_at > time.monotonic()]
        next_in = max(0.0, min(later) - time.monotonic()) if later else None
        return {
            "channels": [
                each for each in waiting if request.every or any(each[work_class] for work_class in CLASSES)
            ],
            "next_in": next_in,
        }

    def _exchange(self, message: Json) -> Json:
        request = ExchangeRequest.model_validate(message)
        self._for_us(request)
        if request.channel not in self.channels:
            raise OdooRefused(f"There is no channel {request.channel!r}.")
        if request.exchange_id in self._answers:
            return self._answers[request.exchange_id]
        turn = self._turns[request.channel]
        if not turn.acquire(blocking=False):
            return self._answer("busy", None)
        try:
            with self.changed:
                if self.busy > 0:
                    self.busy -= 1
                    return self._answer("busy", None)
                answer = self._turn(request)
                self.changed.notify_all()
        finally:
            turn.release()
        self._answers[request.exchange_id] = answer
        return answer

    def _ingest(self, message: Json) -> Json:
        request = IngestRequest.model_validate(message)
        self._for_us(request)
        for event in request.events:
            if event.channel not in self.channels:
                raise OdooRefused(f"There is no channel {event.channel!r}.")
        listed = {(each.channel, each.wanted.sku) for each in self.publications.values()}
        with self.changed:
            told: dict[tuple[str, str, str], Event] = {
                (event.channel, event.kind, event.external_id): event for event in request.events
            }
            new = {key: event for key, event in told.items() if key not in self.events}
            self.events |= new
        unmapped = sum((event.channel, event.sku) not in listed for event in new.values())
        known = len(request.events) - len(new)
        return {"appended": len(new), "known": known, "unmapped": unmapped}

    def _turn(self, request: ExchangeRequest) -> Json:
        self.exchanges += 1
        self.marked.discard(request.channel)
        self.results.extend(request.results)
        for result in request.results:
            self._apply(result)
        self.falls[request.channel] += any(result.cause in TROUBLE for result in request.results)
        channel = self.channels[request.channel]
        state = "frozen" if request.channel in self.frozen else "turned"
        token = uuid.uuid4().hex
        leases = [self._lease(each, token) for each in self._leasable(request)]
        counts = self._counts(request.channel)
        more = counts if any(counts[work_class] for work_class in CLASSES) else None
        return self._answer(state, channel, token=token if leases else None, leases=leases, more=more)

    def _answer(self, state: str, channel: Channel | None, **parts: Any) -> Json:
        return {
            "state": state,
            "turn": self.exchanges,
            "channel": None if channel is None else channel.model_dump(),
            "send_by": self.send_by,
            "deadline": self.deadline,
            "falls": 0 if channel is None else self.falls[channel.code],
            "token": None,
            "leases": [],
            "more": None,
            **parts,
        }

    def _open(self, publication: Publication) -> bool:
        """Due now, and no earlier request may still land; of a frozen channel read-backs alone."""
        now = time.monotonic()
        return (
            publication.state != "blocked"
            and (publication.purpose == Purpose.READ or publication.channel not in self.frozen)
            and not publication.settled
            and publication.due_at <= now
            and publication.lease_until <= now
        )

    def _leasable(self, request: ExchangeRequest) -> list[Publication]:
        classes = CLASSES[: CLASSES.index(request.work_class) + 1]
        ours = [each for each in self.publications.values() if each.channel == request.channel]
        waiting = [each for each in ours if each.work_class in classes and self._open(each)]
        order, counted = CLASSES, classes
        if request.work_class == WorkClass.BULK:
            self._bulk_turns += 1
            if self._bulk_turns % BULK_FIRST == 0:
                order = [WorkClass.BULK, WorkClass.CRITICAL, WorkClass.ROUTINE]
                counted = [WorkClass.BULK]
        leased = sum(each.lease_until > time.monotonic() for each in ours if each.work_class in counted)
        room = max(0, request.ceiling - leased)
        return sorted(waiting, key=lambda each: order.index(each.work_class))[:room]

    def _lease(self, publication: Publication, token: str) -> Json:
        publication.tries += 1
        publication.tokens.add(token)
        publication.token = token
        publication.state = "leased"
        publication.leased_version = publication.version
        publication.lease_until = time.monotonic() + self.send_by + self.deadline
        return {
            "publication": publication.number,
            "version": publication.version,
            "purpose": publication.purpose,
            "tries": publication.tries,
            "value": publication.wanted.model_dump(mode="json"),
        }

    def _apply(self, result: Result) -> None:
        publication = self.publications.get(result.publication)
        if publication is None or result.token not in publication.tokens:
            raise OdooRefused(f"No lease {result.token} of publication {result.publication} was given.")
        if publication.token != result.token:
            return  # evidence of a lease that has ended
        publication.token, publication.lease_until = "", 0.0
        publication.state = "due"
        publication.message = result.message
        match result.outcome:
            case Outcome.ACCEPTED:
                self.falls.pop(publication.channel, None)
                publication.confirmed = publication.wanted
                publication.confirmed_version = publication.leased_version
            case Outcome.READ:
                publication.reading = result.reading
                publication.confirmed_version = publication.leased_version
            case Outcome.RETRY | Outcome.DOWN:
                publication.due_at = time.monotonic() + (result.retry_after or 0.0)
                publication.tries -= result.seconds == 0
            case Outcome.REJECTED | Outcome.ATTENTION:
                publication.state = "blocked"
            case Outcome.UNKNOWN:
                publication.due_at = time.monotonic() + 0.2
        if publication.version > publication.leased_version and result.outcome != Outcome.UNKNOWN:
            publication.state, publication.tries = "due", 0
            if result.outcome not in (Outcome.RETRY, Outcome.DOWN):
                publication.due_at = 0.0

    def _counts(self, code: str) -> Json:
        waiting = [each for each in self.publications.values() if each.channel == code and self._open(each)]
        counts: Json = {c: sum(each.work_class == c for each in waiting) for c in CLASSES}
        counts[WorkClass.CRITICAL] += code in self.marked  # only its value tells
        return {"channel": code, **counts}
