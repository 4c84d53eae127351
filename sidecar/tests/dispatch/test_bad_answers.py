"""A channel that answers nonsense: a clear result for each lease, at a bounded cost, and nothing lost."""

from __future__ import annotations

import pytest

from lockgate.contract import Outcome
from lockgate.dispatch import Dispatch
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.scripted import routine
from lockgate.testing.server import ScriptedServer
from lockgate.testing.values import stock
from lockgate.wire import STATUS_ERRORS

BODIES = [
    b"",
    b"null",
    b"[]",
    b"5",
    b'"items"',
    b"{}",
    b'{"items": 5}',
    b'{"items": null}',
    b'{"items": [1, 2]}',
    b'{"items": [{}]}',
    b'{"items": [{"key": 1}]}',
    b'{"items": [{"key": "1", "applied": true}]}',
    b'{"items": {"1": true}}',
    b"<html>It is not what you think</html>",
    b"{'items': []}",
    b"\xff\xfe\x00",
    b"[" * 5000,
    b" " * 5_000_001,
]


def want(odoo: FakeOdoo, url: str, count: int = 8) -> None:
    odoo.add_channel("shop", "demo", url=url)
    for number in range(count):
        odoo.want("shop", stock(f"S{number}"))


@pytest.mark.parametrize("body", BODIES)
def test_an_answer_of_the_wrong_shape_is_a_result_for_each_and_a_bounded_number_of_requests(
    odoo: FakeOdoo, dispatch: Dispatch, body: bytes
) -> None:
    with ScriptedServer(lambda *_: (200, body)) as server:
        want(odoo, server.address)
        routine(dispatch)
        assert len(server.requests) <= 8
    assert len(odoo.results) == 8
    assert {result.outcome for result in odoo.results} <= {
        Outcome.RETRY,
        Outcome.ATTENTION,
        Outcome.UNKNOWN,
    }
    assert all(result.message for result in odoo.results)
    assert not any(each.settled for each in odoo.publications.values())


@pytest.mark.parametrize("status", sorted({*STATUS_ERRORS, 300, 302, 308, 418, 599}))
def test_a_status_for_everything_costs_a_bounded_number_of_requests(
    odoo: FakeOdoo, dispatch: Dispatch, status: int
) -> None:
    with ScriptedServer(lambda *_: (status, b"{}")) as server:
        want(odoo, server.address)
        routine(dispatch)
        assert len(server.requests) <= 8
    assert len(odoo.results) == 8
    assert not any(each.settled for each in odoo.publications.values())
