"""A channel that answers nonsense: a clear result for each lease, at a bounded cost, and nothing lost."""

from __future__ import annotations

import pytest

from lockgate.contract import Cause, Outcome, Purpose
from lockgate.dispatch import Dispatch
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.scripted import routine
from lockgate.testing.server import ScriptedServer
from lockgate.testing.values import stock
from lockgate.wire import STATUS_ERRORS

MISFITS = [
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
    b'{"items": [{"key": "1", "sku": "A", "applied": true, "known": true, "reason": null}]}',
    b'{"items": [{"key": 1, "sku": "A", "applied": "no", "known": true, "reason": null}]}',
    b'{"items": {"1": true}}',
    b"<html>It is not what you think</html>",
    b"{'items': []}",
    b"\xff\xfe\x00",
    b"[" * 5000,
]
TOO_LONG = b" " * 5_000_001
WORDS = ("something else", "instead of JSON")


def want(odoo: FakeOdoo, url: str, purpose: Purpose = Purpose.PUSH) -> None:
    odoo.add_channel("shop", "demo", url=url)
    for number in range(8):
        odoo.want("shop", stock(f"S{number}"), purpose=purpose)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("body", MISFITS)
def test_an_answer_of_the_wrong_shape_is_a_bad_answer_for_each_in_a_bounded_number_of_requests(
    odoo: FakeOdoo, dispatch: Dispatch, body: bytes, purpose: Purpose
) -> None:
    with ScriptedServer(lambda *_: (200, body)) as server:
        want(odoo, server.address, purpose)
        routine(dispatch)
        assert len(server.requests) <= 8
    assert len(odoo.results) == 8
    for result in odoo.results:
        assert (result.outcome, result.cause) == (Outcome.ATTENTION, Cause.BAD_ANSWER)
        assert any(words in result.message for words in WORDS)
        assert "the address in the channel's settings" in result.message
    assert not any(each.settled for each in odoo.publications.values())


@pytest.mark.parametrize(
    ("purpose", "outcome"), [(Purpose.PUSH, Outcome.UNKNOWN), (Purpose.READ, Outcome.ATTENTION)]
)
def test_an_answer_that_is_too_long_is_a_bad_answer_and_a_push_is_settled_by_asking(
    odoo: FakeOdoo, dispatch: Dispatch, purpose: Purpose, outcome: Outcome
) -> None:
    with ScriptedServer(lambda *_: (200, TOO_LONG)) as server:
        want(odoo, server.address, purpose)
        routine(dispatch)
        assert len(server.requests) <= 8
    assert {(each.outcome, each.cause) for each in odoo.results if each.seconds} == {
        (outcome, Cause.BAD_ANSWER)
    }
    assert all("longer than" in each.message for each in odoo.results if each.seconds)


def test_an_item_that_the_answer_leaves_out_is_unknown(odoo: FakeOdoo, dispatch: Dispatch) -> None:
    with ScriptedServer(lambda *_: (200, b'{"items": []}')) as server:
        want(odoo, server.address)
        routine(dispatch)
    assert {each.outcome for each in odoo.results} == {Outcome.UNKNOWN}


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
