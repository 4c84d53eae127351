"""What a run makes of the answers it gets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockgate.connectors.base import Accepted
from lockgate.contract import Cause, Outcome, Purpose, Result, StockReading
from lockgate.dispatch import Dispatch
from lockgate.errors import ChannelDown, NeedsAttention, Rejected, RetryLater, Unknown
from lockgate.sessions import Sessions
from lockgate.settings import Credentials
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.scripted import Scripted, outcomes, routine
from lockgate.testing.values import stock


def test_odoo_is_told_why_it_did_not_end_well(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    connector.script.append(NeedsAttention("wrong key", cause=Cause.CREDENTIALS))
    odoo.want("shop", stock("A"))
    routine(dispatch)
    assert [result.cause for result in odoo.results] == [Cause.CREDENTIALS]
    odoo.want("shop", stock("B"))
    routine(dispatch)
    assert odoo.results[-1].cause is None


@pytest.mark.parametrize(
    ("answer", "outcome", "after"),
    [
        (RetryLater("not now"), Outcome.RETRY, 1.0),
        (Rejected("no"), Outcome.REJECTED, None),
        (NeedsAttention("wrong key"), Outcome.ATTENTION, None),
        (Unknown("silence"), Outcome.UNKNOWN, 1.0),
        (ChannelDown("gone"), Outcome.DOWN, 1.0),
        (ZeroDivisionError("a bug"), Outcome.RETRY, 1.0),
        ({}, Outcome.UNKNOWN, 1.0),
        ("nonsense", Outcome.RETRY, 1.0),
    ],
)
def test_an_answer_is_told_as_what_is_done_next(
    odoo: FakeOdoo,
    dispatch: Dispatch,
    connector: type[Scripted],
    answer: object,
    outcome: Outcome,
    after: float | None,
) -> None:
    connector.script.append(answer)
    odoo.want("shop", stock("A"))
    routine(dispatch)
    assert outcomes(odoo)[0] == (outcome, after)
    assert odoo.results[0].seconds > 0


def test_a_read_back_brings_what_the_channel_shows(odoo: FakeOdoo, dispatch: Dispatch) -> None:
    asked = odoo.want("shop", stock("A"), purpose=Purpose.READ)
    routine(dispatch)
    assert asked.reading == StockReading(aspect="stock", quantity=5)


def test_a_read_back_without_an_answer_is_asked_again_not_unknown(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    connector.script.append({})
    odoo.want("shop", stock("A"), purpose=Purpose.READ)
    routine(dispatch)
    assert outcomes(odoo) == [(Outcome.RETRY, 1.0)]


def test_a_listing_that_the_channel_does_not_know_reads_as_nothing(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    connector.script.append(lambda items: {item.key: None for item in items})
    odoo.want("shop", stock("A"), purpose=Purpose.READ)
    routine(dispatch)
    [result] = odoo.results
    assert (result.outcome, result.reading) == (Outcome.READ, None)


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (ChannelDown("gone"), 0.0),
        (RetryLater("429", after=30.0), 30.0),
        (RetryLater("HTTP 503", cause=Cause.CHANNEL_DOWN), 0.0),
        (RetryLater("no answer", cause=Cause.NO_ANSWER), 0.0),
        (Unknown("silence"), 0.0),
    ],
)
def test_a_channel_that_wants_no_more_gets_no_more(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], error: Exception, wait: float
) -> None:
    connector.script.append(error)
    for sku in "ABCD":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    assert len(connector.sent) == 1
    assert outcomes(odoo)[2:] == [(Outcome.RETRY, wait)] * 2
    assert [result.seconds for result in odoo.results[2:]] == [0.0, 0.0]


@pytest.mark.parametrize(
    "trouble", [ChannelDown("gone"), RetryLater("HTTP 503", cause=Cause.CHANNEL_DOWN), Unknown("silence")]
)
def test_a_channel_that_stays_in_trouble_is_asked_ever_less_often_until_it_answers(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], trouble: Exception
) -> None:
    connector.script.extend([trouble, trouble, trouble, Accepted(), trouble])
    for quantity in range(5):
        odoo.want("shop", stock(f"S{quantity}"), purpose=Purpose.PUSH)
        routine(dispatch)
        for each in odoo.publications.values():
            each.due_at = float("inf")  # each is asked about once: the channel's trouble is no row's
    waits = [after for outcome, after in outcomes(odoo) if outcome != Outcome.ACCEPTED]
    assert waits == [1.0, 2.0, 4.0, 1.0]


def test_a_batch_that_fails_for_itself_does_not_stop_the_next(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    connector.script.append(RetryLater("HTTP 409", cause=Cause.CONFLICT))
    for sku in "ABCD":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    assert [outcome for outcome, _ in outcomes(odoo)] == [Outcome.RETRY] * 2 + [Outcome.ACCEPTED] * 2


@pytest.mark.parametrize(
    ("connector_code", "credential", "words"),
    [("nothing", None, "no connector 'nothing'"), ("scripted", "missing", "no credential 'missing'")],
)
def test_a_channel_that_cannot_be_opened_is_an_exception_for_a_person(
    odoo: FakeOdoo, dispatch: Dispatch, connector_code: str, credential: str | None, words: str
) -> None:
    odoo.add_channel("shop", connector_code, credential)
    odoo.want("shop", stock("A"))
    routine(dispatch)
    [result] = odoo.results
    assert result.outcome == Outcome.ATTENTION
    assert words in result.message


def test_settings_of_the_wrong_type_are_an_exception_for_a_person(odoo: FakeOdoo, dispatch: Dispatch) -> None:
    odoo.add_channel("shop", "demo", url=5)
    odoo.want("shop", stock("A"))
    routine(dispatch)
    [result] = odoo.results
    assert result.outcome == Outcome.ATTENTION
    assert "channel shop do not fit its connector: url" in result.message


def test_a_secret_in_a_connector_s_words_does_not_reach_odoo(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    sessions = Sessions(Credentials(None, {"LOCKGATE_CREDENTIAL_SHOP_TOKEN": "hunter22"}))
    dispatch._sender = replace(dispatch._sender, sessions=sessions)
    odoo.add_channel("shop", "scripted", "shop")
    connector.script.append(Rejected("The shop disliked hunter22.", answer="you sent hunter22"))
    odoo.want("shop", stock("A"))
    routine(dispatch)
    result: Result = odoo.results[0]
    assert (result.message, result.answer) == ("The shop disliked •••.", "you sent •••")
