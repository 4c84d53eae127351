"""The fake channel's limits: each lets through what its vendor documents, and says so in its words."""

from __future__ import annotations

from typing import get_args

import pytest

from lockgate.connectors.base import Item, Session
from lockgate.connectors.demo import DemoConnector
from lockgate.contract import Channel
from lockgate.errors import NeedsAttention, RetryLater
from lockgate.fake import FakeChannel
from lockgate.shop import Rule
from lockgate.signals import listen
from lockgate.testing.values import stock
from lockgate.throttle import Kind, Throttle
from lockgate.wire import Wire

KINDS = get_args(Kind)


def admitted(throttle: Throttle, *moments: float) -> int:
    return sum(throttle.admit(moment).admitted for moment in moments)


@pytest.mark.parametrize("kind", ["leaky_bucket", "fixed_window", "sliding_log"])
def test_so_many_go_at_once_and_no_more(kind: Kind) -> None:
    throttle = Throttle(kind, 40, 1.0)
    assert admitted(throttle, *[100.0] * 60) == 40
    assert (throttle.answered, throttle.refused) == (60, 20)


def test_a_bucket_leaks_evenly() -> None:
    throttle = Throttle("leaky_bucket", 40, 1.0)
    admitted(throttle, *[100.0] * 40)
    assert admitted(throttle, *[100.251] * 40) == 10


def test_a_fixed_window_begins_anew_at_its_own_time() -> None:
    throttle = Throttle("fixed_window", 40, 1.0)
    assert admitted(throttle, *[100.9] * 40, *[101.0] * 41) == 80


def test_a_sliding_log_forgets_each_call_when_it_is_as_old_as_the_window() -> None:
    throttle = Throttle("sliding_log", 40, 1.0)
    assert admitted(throttle, *[100.0] * 20, *[100.9] * 20, *[101.0] * 40) == 60


def test_points_are_ten_a_request() -> None:
    assert admitted(Throttle("points", 100, 10.0), *[1.0] * 20) == 10


@pytest.fixture(params=KINDS)
def connector(request: pytest.FixtureRequest, channel: FakeChannel) -> DemoConnector:
    """Of a channel that lets two requests through, each of ten points where points are counted."""
    calls = 20 if request.param == "points" else 2
    channel.shop.follow(Rule(kind="limit", limit=request.param, calls=calls, seconds=100))
    settings = {"url": channel.address, "limit": f"{request.param} {calls}/100"}
    known = Channel(code="demo", connector="demo", credential=None, settings=settings)
    return DemoConnector(Session(known, {}, 5.0))


def test_a_connector_hears_that_it_is_one_too_many_and_nothing_is_changed(
    channel: FakeChannel, connector: DemoConnector
) -> None:
    push = [Item(1, stock("A"))]
    with listen() as heard:
        connector.push(push)
        connector.push(push)
        with pytest.raises(RetryLater, match="slow down") as raised:
            connector.push(push)
    assert raised.value.after != 0
    assert heard.remaining == 0
    assert len(channel.shop.history) == 2
    answer = Wire(channel.address, deadline=5).call("GET", "/limit", changes=False)
    assert answer.data == {"answered": 3, "refused": 1}


def test_the_setting_says_what_is_allowed(connector: DemoConnector) -> None:
    [allowance] = connector.allowances
    assert allowance.size in (2.0, 20.0)


@pytest.mark.parametrize(
    "limit",
    [
        "sliding_log",
        "forty a second",
        "sliding_log 40/0.5",
        "sliding_log 0/1",
        "sliding_log 1/0",
        "bucket 1/1",
    ],
)
def test_a_limit_that_means_nothing_is_named(channel: FakeChannel, limit: str) -> None:
    settings = {"url": channel.address, "limit": limit}
    known = Channel(code="demo", connector="demo", credential=None, settings=settings)
    with pytest.raises(NeedsAttention, match="limit"):
        DemoConnector(Session(known, {}, 5.0))


def test_a_limit_without_a_time_is_refused(channel: FakeChannel) -> None:
    with pytest.raises(NeedsAttention, match="HTTP 400"):
        Wire(channel.address, deadline=5).call("POST", "/script", {"kind": "limit"}, changes=True)


def test_a_limit_ends_with_the_script(channel: FakeChannel) -> None:
    channel.shop.follow(Rule(kind="limit", calls=1, seconds=1000))
    wire = Wire(channel.address, deadline=5)
    wire.call("DELETE", "/script", changes=True)
    assert channel.shop.throttle is None
