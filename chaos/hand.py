"""A worker that a scene moves by hand."""

import uuid
from typing import Self

from chaos.arena import Arena
from lockgate.connectors.base import Item
from lockgate.contract import ExchangeAnswer, Lease, Purpose, Result, WorkClass
from lockgate.results import Telling
from lockgate.retry import Policy
from lockgate.sessions import Sessions
from lockgate.settings import Credentials


class Hand:
    """A worker that does one step at a time, through the sidecar's own parts."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.answer: ExchangeAnswer | None = None
        self.results: list[Result] = []

    def lease(self, ceiling: int = 100) -> Self:
        """Take what is due of anything."""
        self.answer = self._exchange([], ceiling)
        return self

    @property
    def leases(self) -> tuple[Lease, ...]:
        return self.answer.leases

    def push(self) -> Self:
        """Send the values that were leased to be pushed; what comes of it is kept for `report`."""
        pushes = [lease for lease in self.leases if lease.purpose == Purpose.PUSH]
        if not pushes:
            return self
        items = [Item(lease.publication, lease.value, lease.version) for lease in pushes]
        sessions = Sessions(Credentials(None))
        with sessions.borrow(self.answer.channel, pushes[0].value.aspect, self.answer.deadline) as opened:
            outcomes = opened.connector.push(items)
        telling = Telling(self.answer.channel, Policy(), 0.01)
        self.results = [telling.of(lease, self.answer.token, outcomes[lease.publication]) for lease in pushes]
        return self

    def report(self) -> None:
        """Tell Odoo; it may be told again."""
        self._exchange(self.results, ceiling=0)

    def _exchange(self, results: list[Result], ceiling: int) -> ExchangeAnswer:
        return self.arena.gateway.exchange(
            self.arena.code, WorkClass.BULK, exchange_id=uuid.uuid4().hex, results=results, ceiling=ceiling
        )
