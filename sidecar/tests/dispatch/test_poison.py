"""A request that fails as a whole although one item is to blame: it is found, and holds nobody up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from lockgate import connectors
from lockgate.connectors.base import Accepted, Item
from lockgate.contract import Cause, Outcome
from lockgate.dispatch import Dispatch
from lockgate.errors import ChannelDown, NeedsAttention, Rejected, RetryLater, Unknown
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.scripted import Clock, Scripted, outcomes, routine, scripted
from lockgate.testing.values import stock

POISONOUS: list[Exception] = [
    RetryLater("HTTP 500"),
    NeedsAttention("HTTP 400", cause=Cause.BAD_ANSWER),
    Rejected("HTTP 422"),
    KeyError("items"),
]


@pytest.fixture
def connector(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    fresh = scripted(batch_size=16)
    monkeypatch.setattr(connectors, "find", lambda _: fresh)
    return fresh


def poisoned(error: Exception, *skus: str) -> Callable[[Sequence[Item]], object]:
    """An answer that is an error for every request with one of these SKUs."""
    return lambda items: error if {item.value.sku for item in items} & set(skus) else Accepted()


def always(connector: type[Scripted], answer: object) -> None:
    connector.script.extend([answer] * 500)


def want(odoo: FakeOdoo, count: int) -> list[str]:
    skus = [f"S{number:02}" for number in range(count)]
    for sku in skus:
        odoo.want("shop", stock(sku))
    return skus


def told(odoo: FakeOdoo) -> dict[str, Outcome]:
    skus = {each.number: each.wanted.sku for each in odoo.publications.values()}
    return {skus[result.publication]: result.outcome for result in odoo.results}


@pytest.mark.parametrize("error", POISONOUS)
@pytest.mark.parametrize("poison", ["S00", "S07", "S15"])
def test_one_poisonous_item_is_found_and_every_other_is_taken(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], error: Exception, poison: str
) -> None:
    always(connector, poisoned(error, poison))
    skus = want(odoo, 16)
    routine(dispatch)
    outcome = told(odoo)
    assert [sku for sku in skus if outcome[sku] != Outcome.ACCEPTED] == [poison]
    assert len(odoo.results) == 16
    assert len(connector.sent) <= 1 + 2 * 4  # the whole, and two halves at each of four steps


def test_several_poisonous_items_are_found(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    always(connector, poisoned(Rejected("no"), "S01", "S02", "S09"))
    skus = want(odoo, 16)
    routine(dispatch)
    assert [sku for sku in skus if told(odoo)[sku] == Outcome.REJECTED] == ["S01", "S02", "S09"]


def test_an_item_that_is_refused_with_others_is_only_blamed_alone(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    always(connector, poisoned(Rejected("no"), "S00"))
    want(odoo, 2)
    routine(dispatch)
    assert [len(batch) for batch in connector.sent] == [2, 1, 1]
    assert told(odoo) == {"S00": Outcome.REJECTED, "S01": Outcome.ACCEPTED}


@pytest.mark.parametrize("error", POISONOUS)
def test_a_channel_that_fails_for_everything_is_asked_a_bounded_number_of_times(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], error: Exception
) -> None:
    always(connector, error)
    want(odoo, 16)
    routine(dispatch)
    assert len(connector.sent) == 7  # 16, 8, 4, 2, 1, and two more
    assert len(odoo.results) == 16
    assert not any(result.outcome == Outcome.ACCEPTED for result in odoo.results)
    assert all(result.seconds > 0 for result in odoo.results)  # each was sent, so each counts as a try


def test_a_channel_that_answers_500_to_everything_is_in_trouble_and_not_a_hundred_listings(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    always(connector, RetryLater("HTTP 500"))
    want(odoo, 16)
    routine(dispatch)
    causes = [result.cause for result in odoo.results]
    assert causes.count(Cause.CHANNEL_DOWN) == 16 - 2  # all but those that were asked alone
    assert set(causes) == {Cause.CHANNEL_DOWN, Cause.BAD_ANSWER}


def test_what_was_tried_more_often_goes_with_its_like_alone(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    want(odoo, 6)
    for each, tries in zip(odoo.publications.values(), [0, 3, 0, 3, 0, 1], strict=True):
        each.tries = tries
    routine(dispatch)
    assert [sorted(item.value.sku for item in batch) for batch in connector.sent] == [
        ["S00", "S02", "S04"],
        ["S01", "S03"],
        ["S05"],
    ]


def test_what_was_never_alone_is_not_refused_with_the_others(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    always(connector, Rejected("no"))
    want(odoo, 16)
    routine(dispatch)
    alone = {batch[0].value.sku for batch in connector.sent if len(batch) == 1}
    assert {sku for sku, outcome in told(odoo).items() if outcome == Outcome.REJECTED} == alone


@pytest.mark.parametrize(
    "error",
    [
        Unknown("silence"),
        ChannelDown("gone"),
        RetryLater("slow down", after=3.0),
        RetryLater("429", cause=Cause.RATE_LIMIT),
        RetryLater("no answer", cause=Cause.NO_ANSWER),
        RetryLater("somebody else", cause=Cause.CONFLICT),
        NeedsAttention("wrong key", cause=Cause.CREDENTIALS),
        NeedsAttention("not allowed", cause=Cause.PERMISSION),
        NeedsAttention("no such shop"),
    ],
)
def test_what_may_have_landed_or_concerns_the_channel_is_never_split(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], error: Exception
) -> None:
    connector.script.append(error)
    want(odoo, 4)
    routine(dispatch)
    assert [len(batch) for batch in connector.sent] == [4]


def test_a_half_that_falls_silent_is_unknown_and_the_rest_is_not(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    connector.script.extend([RetryLater("HTTP 500"), Unknown("silence")])
    skus = want(odoo, 4)
    routine(dispatch)
    assert [len(batch) for batch in connector.sent] == [4, 2]
    assert [told(odoo)[sku] for sku in skus] == [Outcome.UNKNOWN] * 2 + [Outcome.RETRY] * 2


def test_a_half_whose_time_has_passed_is_not_sent(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], clock: Clock
) -> None:
    def slow(_: Sequence[Item]) -> RetryLater:
        clock.boot += odoo.send_by + 1
        return RetryLater("HTTP 500")

    connector.script.append(slow)
    want(odoo, 4)
    routine(dispatch)
    assert len(connector.sent) == 1
    assert [outcome for outcome, _ in outcomes(odoo)] == [Outcome.RETRY] * 4
