"""What channels say of their limits, each in the words of its vendor."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.errors import RetryLater
from lockgate.signals import (
    LONGEST_HOLD,
    REMAINING,
    RESET,
    UNSAID,
    Heard,
    Signal,
    listen,
    of_body,
    of_headers,
    tell,
    throttled,
)
from lockgate.testing.server import ScriptedServer
from lockgate.wire import Wire

TABLE = [
    # status, headers                                          hold     remaining
    (429, {"retry-after": "7"}, 7.0, None),
    (503, {"retry-after": "7"}, 7.0, None),
    (200, {"retry-after": "7"}, None, None),
    (503, {}, None, None),
    (429, {}, UNSAID, None),
    (429, {"retry-after": "-5"}, UNSAID, None),
    (429, {"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, UNSAID, None),
    (429, {"retry-after": "soon"}, UNSAID, None),
    (429, {"retry-after": "nan"}, UNSAID, None),
    (429, {"x-rate-limit-time-reset-ms": "2500", "x-rate-limit-requests-left": "0"}, 2.5, 0.0),
    (429, {"ratelimit-reset": "4"}, 4.0, None),
    (200, {"ratelimit-remaining": "12", "ratelimit-reset": "4"}, None, 12.0),
    (200, {"x-ratelimit-remaining": "0"}, None, 0.0),
    (200, {"x-ratelimit-remaining": "-3"}, None, None),
    (200, {"x-ratelimit-remaining": "many"}, None, None),
    (200, {"x-shopify-shop-api-call-limit": "32/40"}, None, 8.0),
    (200, {"x-shopify-shop-api-call-limit": "a lot"}, None, None),
    (200, {"x-shopify-shop-api-call-limit": "\u00b2/\u00b3"}, None, None),
    (200, {"x-ratelimit-remaining": "inf"}, None, None),
    (200, {}, None, None),
]


@pytest.mark.parametrize(("status", "headers", "hold", "remaining"), TABLE)
def test_headers_say_how_long_to_wait_and_what_is_left(
    status: int, headers: Mapping[str, str], hold: float | None, remaining: float | None
) -> None:
    signal = of_headers(status, headers)
    assert (signal.hold, signal.remaining) == (hold, remaining)


def test_a_reset_may_be_a_moment_in_seconds_or_in_milliseconds() -> None:
    for unit in (1, 1000):
        reset = of_headers(200, {"x-ratelimit-reset": str((time.time() + 30) * unit)}).reset
        assert reset is not None
        assert 0 < reset <= 30.5


def test_ten_years_are_a_quarter_of_an_hour() -> None:
    heard = Heard()
    heard.take(of_headers(429, {"retry-after": str(10 * 31_557_600)}))
    assert heard.hold == LONGEST_HOLD


def graphql(**status: Any) -> dict[str, Any]:
    cost = {"requestedQueryCost": 50, "actualQueryCost": 10, "throttleStatus": status}
    return {"data": {}, "extensions": {"cost": cost}}


def test_a_graphql_answer_tells_points_and_the_bucket_they_come_from() -> None:
    body = graphql(maximumAvailable=2000, currentlyAvailable=1990, restoreRate=100)
    assert of_body(body) == Signal(remaining=1990.0, cost=10.0, size=2000.0, per_second=100.0)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {"extensions": None},
        {"extensions": {"cost": {}}},
        graphql(),
        graphql(maximumAvailable="x", currentlyAvailable=1, restoreRate=1),
        graphql(maximumAvailable=-1, currentlyAvailable=1, restoreRate=1),
        graphql(maximumAvailable=float("nan"), currentlyAvailable=1, restoreRate=1),
        graphql(maximumAvailable=1e300, currentlyAvailable=1, restoreRate=1),
    ],
)
def test_a_body_of_another_shape_says_nothing(body: Any) -> None:
    assert of_body(body) == Signal()
    assert throttled(body) is None


def test_a_graphql_request_that_was_throttled_waits_for_its_points() -> None:
    body = graphql(maximumAvailable=2000, currentlyAvailable=20, restoreRate=10)
    body["errors"] = [{"extensions": {"code": "THROTTLED"}}]
    assert throttled(body) == 3.0


def test_the_longest_wish_counts_and_costs_add_up() -> None:
    heard = Heard()
    for signal in (
        Signal(hold=3.0, cost=10.0, remaining=9.0),
        Signal(hold=1.0, cost=5.0),
        Signal(remaining=4.0),
    ):
        heard.take(signal)
    assert (heard.hold, heard.cost, heard.remaining) == (3.0, 15.0, 4.0)


def test_what_an_answer_says_reaches_whoever_listens() -> None:
    replies = [(200, b"{}"), (429, b"{}")]
    with ScriptedServer(lambda *_: replies.pop(0)) as server, listen() as heard:
        wire = Wire(server.address, deadline=5)
        wire.call("GET", "/", changes=False)
        with pytest.raises(RetryLater):
            wire.call("GET", "/", changes=False)
    assert (heard.requests, heard.hold) == (2, UNSAID)


def test_without_a_listener_nothing_is_kept() -> None:
    tell(Signal(hold=5.0))
    with listen() as heard:
        assert heard == Heard()


NAMES = (*REMAINING, *RESET, "retry-after", "x-rate-limit-time-reset-ms", "x-shopify-shop-api-call-limit")
SAID = st.text("0123456789\xb2+-./:, eEinfaGMTJu", max_size=30)


@settings(deadline=None, derandomize=True)
@given(st.sampled_from([200, 429, 503]), st.dictionaries(st.sampled_from(NAMES), SAID))
def test_whatever_stands_in_the_headers_no_answer_fails_by_it(status: int, headers: dict[str, str]) -> None:
    heard = Heard()
    heard.take(of_headers(status, headers))
    assert 0 <= heard.hold <= LONGEST_HOLD


NUMBER = st.integers() | st.floats() | st.text(max_size=3) | st.none() | st.lists(st.none())
COST = {
    "extensions": {
        "cost": {
            "requestedQueryCost": 10**400,
            "actualQueryCost": 10**400,
            "throttleStatus": {"maximumAvailable": 10**400, "currentlyAvailable": 1, "restoreRate": 1e-300},
        }
    },
    "errors": [{"extensions": {"code": "THROTTLED"}}],
}


def test_a_cost_beyond_all_numbers_says_nothing() -> None:
    assert of_body(COST) == Signal()
    assert throttled(COST) is None


@settings(deadline=None, derandomize=True)
@given(st.recursive(NUMBER, lambda inner: st.dictionaries(st.sampled_from([*COST, "cost"]), inner)))
def test_whatever_stands_in_the_body_no_answer_fails_by_it(data: Any) -> None:
    of_body(data)
    throttled(data)
