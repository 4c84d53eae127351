"""One run against a fake Odoo and a scripted connector, with clocks that the test moves."""

from __future__ import annotations

import threading

import pytest

from lockgate import connectors
from lockgate.broker import connect
from lockgate.budget import Budget
from lockgate.dispatch import Dispatch
from lockgate.limits import Pace
from lockgate.odoo import Gateway
from lockgate.retry import Policy
from lockgate.sessions import Sessions
from lockgate.settings import Credentials
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.scripted import NOW, Clock, Scripted, scripted


@pytest.fixture
def connector(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    fresh, usual = scripted(), connectors.find
    monkeypatch.setattr(connectors, "find", lambda code: fresh if code == "scripted" else usual(code))
    return fresh


@pytest.fixture
def odoo() -> FakeOdoo:
    fake = FakeOdoo()
    fake.add_channel("shop", "scripted")
    return fake


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


@pytest.fixture
def dispatch(odoo: FakeOdoo, connector: type[Scripted], clock: Clock, stopping: threading.Event) -> Dispatch:
    return Dispatch(
        Gateway(odoo, database=odoo.database, incarnation=1),
        Sessions(Credentials(None, {})),
        Pace(2000),
        Budget(connect("unix:///nowhere/redis.sock")),  # a channel without a limit never asks it
        policy=Policy(draw=lambda _, most: most),
        stopping=stopping,
        boot=lambda: clock.boot,
        now=lambda: NOW,
        sleep=clock.sleep,
    )
