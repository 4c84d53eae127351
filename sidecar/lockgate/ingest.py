"""`lockgate ingest`: a file of JSON lines, each an event of the contract, told to Odoo."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from lockgate.contract import MOST_EVENTS, Event
from lockgate.odoo import Gateway, OdooError

EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class IngestError(Exception):
    """What is wrong, in words that name the line or what was told before it went wrong."""


def read(lines: Iterable[str]) -> list[Event]:
    """The events of a file, one a line; empty lines are passed over. Raises IngestError."""
    events: list[Event] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                events.append(EVENT.validate_python(json.loads(line)))
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"]) or "the event"
                raise IngestError(f"Line {number} is no event ({place}: {first['msg']}).") from None
            except ValueError as error:
                raise IngestError(f"Line {number} is not JSON: {error}.") from None
    return events


def tell(gateway: Gateway, events: list[Event]) -> str:
    """Tell Odoo; returns a sentence on what was new. Raises IngestError."""
    appended = known = unmapped = 0
    for start in range(0, len(events), MOST_EVENTS):
        try:
            answer = gateway.ingest(events[start : start + MOST_EVENTS])
        except OdooError as error:
            told = f"The first {start} events were told. " if start else "Nothing was told. "
            raise IngestError(
                f"{told}Tell all again, once it is mended: none counts twice. {error}"
            ) from error
        appended, known, unmapped = (
            appended + answer.appended,
            known + answer.known,
            unmapped + answer.unmapped,
        )
    words = f"{len(events)} events: {appended} new, {known} known before."
    return f"{words} Of the new ones, {unmapped} are of SKUs that are not listed." if unmapped else words
