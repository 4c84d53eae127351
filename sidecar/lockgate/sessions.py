"""Opened connectors, kept from run to run so that their connections and sign-ins are kept too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lockgate import connectors
from lockgate.connectors.base import Connector, Session
from lockgate.contract import Aspect, Channel
from lockgate.settings import Credentials


@dataclass(frozen=True)
class Opened:
    session: Session
    connector: Connector

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(self.session.credential.values())


class Sessions:
    """One connector serves one run at a time, so a connector needs no locks of its own."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._idle: dict[tuple[str, str | None], list[Opened]] = {}  # by channel and credential
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, channel: Channel, aspect: Aspect, deadline: float) -> Iterator[Opened]:
        """Raises NeedsAttention when connector, credential or settings don't do.

        The session's channel has the credential's name that the aspect goes with. A connector is opened anew
        when the channel's settings or its credential have changed.
        """
        name = self._credentials.named(channel.credential, aspect)
        channel = channel.model_copy(update={"credential": name})
        session = Session(channel, self._credentials.find(name), deadline)
        opened = self._take(session) or Opened(session, connectors.find(channel.connector)(session))
        try:
            yield opened
        finally:
            with self._lock:
                self._idle.setdefault((channel.code, name), []).append(opened)

    def share(self, channel: Channel) -> bool:
        """Whether prices and stock of the channel go with one credential."""
        return len({self._credentials.named(channel.credential, aspect) for aspect in Aspect}) == 1

    def _take(self, session: Session) -> Opened | None:
        stale: list[Opened] = []
        try:
            with self._lock:
                idle = self._idle.get((session.channel.code, session.channel.credential), [])
                while idle:
                    opened = idle.pop()
                    if opened.session == session:
                        return opened
                    stale.append(opened)
                return None
        finally:
            for opened in stale:
                opened.connector.close()

    def close(self) -> None:
        with self._lock:
            idle = [opened for each in self._idle.values() for opened in each]
            self._idle.clear()
        for opened in idle:
            opened.connector.close()
