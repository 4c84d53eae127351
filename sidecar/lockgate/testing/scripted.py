"""A connector whose answers are written by the test, and what tests of a whole run stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from lockgate.connectors.base import Accepted, Item, PushOutcome, ReadOutcome, Session
from lockgate.connectors.demo import DemoConnector
from lockgate.contract import ConnectorDescription, Outcome, StockReading, WorkClass
from lockgate.dispatch import Dispatch
from lockgate.run import Nudge
from lockgate.testing.odoo import FakeOdoo

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Scripted:
    """Its next answers are in `script`: an outcome for all, outcomes by key, an error to raise, or a function
    of the items that gives one of these. What is not scripted is accepted.
    """

    description: ClassVar[ConnectorDescription] = DemoConnector.description.model_copy(
        update={"code": "scripted"}
    )
    script: ClassVar[list[object]]
    sent: ClassVar[list[list[Item]]]
    opened: ClassVar[int]

    def __init__(self, session: Session) -> None:
        type(self).opened += 1

    def push(self, items: Sequence[Item]) -> Mapping[int, PushOutcome]:
        return self._answer(items, Accepted("as told"))

    def read(self, items: Sequence[Item]) -> Mapping[int, ReadOutcome]:
        return self._answer(items, StockReading(aspect="stock", quantity=5))

    def check(self) -> str:
        return "It answers."

    def close(self) -> None:
        """Nothing is held open."""

    def _answer(self, items: Sequence[Item], usual: object) -> Mapping[int, Any]:
        self.sent.append(list(items))
        answer = self.script.pop(0) if self.script else usual
        if callable(answer):
            answer = answer(items)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, dict) else {item.key: answer for item in items}


def scripted(batch_size: int = 2) -> type[Scripted]:
    """A fresh connector, whose script and history are its own."""
    capabilities = Scripted.description.capabilities.model_copy(update={"batch_size": batch_size})

    class Fresh(Scripted):
        description = Scripted.description.model_copy(update={"capabilities": capabilities})
        script: ClassVar[list[object]] = []
        sent: ClassVar[list[list[Item]]] = []
        opened = 0

    return Fresh


class Clock:
    """A boot clock that the test moves; sleeping moves it too."""

    def __init__(self) -> None:
        self.boot = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.boot += seconds


def outcomes(odoo: FakeOdoo) -> list[tuple[Outcome, float | None]]:
    """Of all results that the fake Odoo was told, in order."""
    return [(result.outcome, result.retry_after) for result in odoo.results]


def routine(dispatch: Dispatch) -> list[Nudge]:
    return dispatch.run("shop", WorkClass.ROUTINE)
