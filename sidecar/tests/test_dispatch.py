"""One run against a fake Odoo and the fake channel, with clocks that the test moves."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from lockgate import connectors
from lockgate.connectors.base import Accepted, Item, PushOutcome, ReadOutcome, Session
from lockgate.connectors.demo import DemoConnector
from lockgate.contract import Cause, ConnectorDescription, Outcome, Purpose, Result, StockReading, WorkClass
from lockgate.dispatch import Dispatch, Nudge
from lockgate.errors import ChannelDown, NeedsAttention, Rejected, RetryLater, Unknown
from lockgate.limits import Pace
from lockgate.odoo import Gateway, OdooDown, OdooRefused
from lockgate.retry import Policy
from lockgate.sessions import Sessions
from lockgate.settings import Credentials
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.values import price, stock

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Scripted:
    """A connector whose next answers are written by the test; it accepts what is not scripted."""

    description: ClassVar[ConnectorDescription] = DemoConnector.description.model_copy(
        update={"code": "scripted"}
    )
    script: ClassVar[list[object]] = []
    sent: ClassVar[list[list[Item]]] = []
    opened: ClassVar[int] = 0

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

    def _answer(self, items: Sequence[Item], usual: object) -> Mapping[int, object]:
        self.sent.append(list(items))
        answer = self.script.pop(0) if self.script else usual
        if callable(answer):
            answer = answer(items)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, dict) else {item.key: answer for item in items}


@pytest.fixture
def connector(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    small = Scripted.description.capabilities.model_copy(update={"batch_size": 2})

    class Fresh(Scripted):
        description = Scripted.description.model_copy(update={"capabilities": small})
        script: ClassVar[list[object]] = []
        sent: ClassVar[list[list[Item]]] = []
        opened = 0

    usual = connectors.find
    monkeypatch.setattr(connectors, "find", lambda code: Fresh if code == "scripted" else usual(code))
    return Fresh


@pytest.fixture
def odoo() -> FakeOdoo:
    fake = FakeOdoo()
    fake.add_channel("shop", "scripted")
    return fake


class Clock:
    def __init__(self) -> None:
        self.boot = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.boot += seconds


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
        policy=Policy(draw=lambda _, most: most),
        stopping=stopping,
        boot=lambda: clock.boot,
        now=lambda: NOW,
        sleep=clock.sleep,
    )


def outcomes(odoo: FakeOdoo) -> list[tuple[Outcome, float | None]]:
    return [(result.outcome, result.retry_after) for result in odoo.results]


def routine(dispatch: Dispatch) -> list[Nudge]:
    return dispatch.run("shop", WorkClass.ROUTINE)


def test_what_is_wanted_is_sent_and_confirmed(odoo: FakeOdoo, dispatch: Dispatch) -> None:
    wanted = [odoo.want("shop", stock(sku)) for sku in "ABC"]
    assert routine(dispatch) == []
    assert all(each.confirmed == each.wanted for each in wanted)


def test_nothing_due_sends_nothing(dispatch: Dispatch, odoo: FakeOdoo, connector: type[Scripted]) -> None:
    assert routine(dispatch) == []
    assert (connector.sent, odoo.exchanges) == ([], 1)


def test_a_request_carries_one_aspect_and_no_more_than_the_channel_takes(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    for sku in "ABC":
        odoo.want("shop", stock(sku))
        odoo.want("shop", price(sku))
    routine(dispatch)
    aspects = [{item.value.aspect for item in batch} for batch in connector.sent]
    assert all(len(each) == 1 for each in aspects)
    assert sorted(len(batch) for batch in connector.sent) == [1, 1, 2, 2]


@pytest.mark.parametrize(("seconds", "seen"), [(1.0, [0, 2, 4]), (0.0, [0, 0, 0])])
def test_results_of_a_slow_batch_go_back_at_once_and_those_of_fast_ones_together(
    odoo: FakeOdoo,
    dispatch: Dispatch,
    connector: type[Scripted],
    clock: Clock,
    seconds: float,
    seen: list[int],
) -> None:
    confirmed: list[int] = []

    def look(items: Sequence[Item]) -> dict[int, PushOutcome]:
        confirmed.append(sum(each.settled for each in odoo.publications.values()))
        clock.boot += seconds
        return {item.key: Accepted() for item in items}

    connector.script.extend([look, look, look])
    for sku in "ABCDE":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    assert confirmed == seen


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


def test_every_lease_gets_exactly_one_result(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    connector.script.extend([Accepted(), Rejected("no"), {}, ValueError("a bug")])
    for number in range(20):
        odoo.want("shop", stock(f"S{number}"))
    routine(dispatch)
    told = [(result.token, result.publication) for result in odoo.results]
    assert len(told) == len(set(told))
    assert not any(each.state == "leased" for each in odoo.publications.values())


def test_a_retry_carries_the_newest_value(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    def changed_meanwhile(_: Sequence[Item]) -> RetryLater:
        odoo.want("shop", stock("A", 9))
        return RetryLater("not now", after=0.0)

    connector.script.append(changed_meanwhile)
    wanted = odoo.want("shop", stock("A", 1))
    routine(dispatch)
    routine(dispatch)
    assert [item.value for batch in connector.sent for item in batch] == [stock("A", 1), stock("A", 9)]
    assert wanted.settled


def test_a_value_that_changes_while_it_is_sent_is_sent_again(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    def changed_meanwhile(_: Sequence[Item]) -> Accepted:
        odoo.want("shop", stock("A", 9))
        return Accepted()

    connector.script.append(changed_meanwhile)
    odoo.want("shop", stock("A", 1))
    routine(dispatch)
    assert connector.sent[-1][0].value == stock("A", 9)


@pytest.mark.parametrize(
    ("answer", "outcome", "after"),
    [
        (RetryLater("not now"), Outcome.RETRY, 1.0),
        (Rejected("no"), Outcome.REJECTED, None),
        (NeedsAttention("wrong key"), Outcome.ATTENTION, None),
        (Unknown("silence"), Outcome.UNKNOWN, None),
        (ChannelDown("gone"), Outcome.DOWN, 1.0),
        (ZeroDivisionError("a bug"), Outcome.RETRY, 1.0),
        ({}, Outcome.UNKNOWN, None),
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


def test_a_lease_whose_time_has_passed_is_handed_back_unsent(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], clock: Clock
) -> None:
    def slow(items: Sequence[Item]) -> Accepted:
        clock.boot += odoo.send_by + 1
        return Accepted()

    connector.script.append(slow)
    for sku in "ABC":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    assert outcomes(odoo) == [(Outcome.ACCEPTED, None), (Outcome.ACCEPTED, None), (Outcome.RETRY, 0.0)]
    assert odoo.results[-1].seconds == 0.0
    assert len(connector.sent) == 1


def test_send_by_counts_from_before_odoo_was_asked(
    odoo: FakeOdoo,
    dispatch: Dispatch,
    connector: type[Scripted],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = odoo.call

    def slow(method: str, message: dict[str, object]) -> object:
        clock.boot += odoo.send_by + 1
        return usual(method, message)

    monkeypatch.setattr(odoo, "call", slow)
    odoo.want("shop", stock("A"))
    routine(dispatch)
    assert connector.sent == []


@pytest.mark.parametrize(
    ("ends", "sent"),
    [(None, True), (NOW + timedelta(seconds=1), True), (NOW, False), (NOW - timedelta(seconds=1), False)],
)
def test_a_price_is_not_sent_once_its_seal_has_ended(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], ends: datetime | None, sent: bool
) -> None:
    odoo.want("shop", price("A", ends=ends))
    routine(dispatch)
    assert bool(connector.sent) == sent
    assert outcomes(odoo) == [(Outcome.ACCEPTED, None) if sent else (Outcome.RETRY, 0.0)]


def test_a_price_whose_seal_has_ended_is_still_read_back(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    odoo.want("shop", price("A", ends=NOW - timedelta(days=1)), purpose=Purpose.READ)
    routine(dispatch)
    assert len(connector.sent) == 1


@pytest.mark.parametrize(
    ("error", "wait"),
    [(ChannelDown("gone"), 0.0), (RetryLater("429", after=30.0), 30.0), (Unknown("silence"), 0.0)],
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


def test_a_channel_that_stays_down_is_asked_ever_less_often_until_it_answers(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    connector.script.extend(
        [ChannelDown("gone"), ChannelDown("gone"), ChannelDown("gone"), Accepted(), ChannelDown("")]
    )
    for quantity in range(5):
        odoo.want("shop", stock("A", quantity))  # a newer value starts its tries anew
        routine(dispatch)
    assert [after for outcome, after in outcomes(odoo) if outcome == Outcome.DOWN] == [1.0, 2.0, 4.0, 1.0]


def test_a_batch_that_fails_for_itself_does_not_stop_the_next(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    connector.script.append(RetryLater("HTTP 500"))
    for sku in "ABCD":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    assert [outcome for outcome, _ in outcomes(odoo)] == [Outcome.RETRY] * 2 + [Outcome.ACCEPTED] * 2


def test_a_busy_turn_is_come_back_to(odoo: FakeOdoo, dispatch: Dispatch, clock: Clock) -> None:
    odoo.busy = 1
    odoo.want("shop", stock("A"))
    [nudge] = routine(dispatch)
    assert nudge.work_class == WorkClass.ROUTINE
    assert nudge.delay > 0
    assert clock.slept == []


def test_results_are_offered_again_to_a_busy_turn(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    def then_busy(_: Sequence[Item]) -> Accepted:
        odoo.busy = 3
        return Accepted()

    connector.script.append(then_busy)
    wanted = odoo.want("shop", stock("A"))
    routine(dispatch)
    assert wanted.settled
    assert len(connector.sent) == 1


def test_a_turn_that_stays_busy_ends_the_run(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], clock: Clock
) -> None:
    def then_busy(_: Sequence[Item]) -> Accepted:
        odoo.busy = 10_000
        clock.boot += 1.0
        return Accepted()

    connector.script.append(then_busy)
    for sku in "ABCD":
        odoo.want("shop", stock(sku))
    with pytest.raises(OdooDown, match="stayed busy"):
        routine(dispatch)
    assert len(connector.sent) == 1


class Cut:
    """A transport that loses answers after the call took effect."""

    def __init__(self, odoo: FakeOdoo, times: int) -> None:
        self.odoo, self.times = odoo, times
        self.messages: list[dict[str, object]] = []

    def call(self, method: str, message: dict[str, object]) -> object:
        self.messages.append(message)
        answer = self.odoo.call(method, message)
        if self.times > 0:
            self.times -= 1
            raise OdooDown("cut off")
        return answer

    def close(self) -> None:
        """Nothing is held open."""


def test_an_exchange_cut_off_is_asked_again_in_the_same_words(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    cut = Cut(odoo, times=1)
    dispatch._gateway = Gateway(cut, database=odoo.database, incarnation=1)
    wanted = odoo.want("shop", stock("A"))
    routine(dispatch)
    assert cut.messages[0] == cut.messages[1]
    assert wanted.settled
    assert len(connector.sent) == 1
    assert odoo.exchanges == 2


def test_an_odoo_that_stays_away_ends_the_run(odoo: FakeOdoo, dispatch: Dispatch, clock: Clock) -> None:
    dispatch._gateway = Gateway(Cut(odoo, times=10_000), database=odoo.database, incarnation=1)
    with pytest.raises(OdooDown):
        routine(dispatch)
    assert clock.boot < 1010.0


def test_what_odoo_refuses_is_not_asked_again(odoo: FakeOdoo, dispatch: Dispatch, clock: Clock) -> None:
    with pytest.raises(OdooRefused, match="no channel 'nowhere'"):
        dispatch.run("nowhere", WorkClass.ROUTINE)
    assert clock.slept == []


def test_a_frozen_channel_gets_nothing_more_in_the_middle_of_a_run(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], clock: Clock
) -> None:
    def freeze(_: Sequence[Item]) -> Accepted:
        odoo.frozen.add("shop")
        clock.boot += 1.0
        return Accepted()

    connector.script.append(freeze)
    for sku in "ABCD":
        odoo.want("shop", stock(sku))
    assert routine(dispatch) == []
    assert len(connector.sent) == 1
    assert outcomes(odoo)[2:] == [(Outcome.RETRY, 0.0)] * 2


def test_a_frozen_channel_is_read_back_to_the_end(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    odoo.frozen.add("shop")
    odoo.want("shop", stock("A"))
    asked = [odoo.want("shop", stock(sku), purpose=Purpose.READ) for sku in "BCDEF"]
    routine(dispatch)
    assert all(each.reading == StockReading(aspect="stock", quantity=5) for each in asked)
    assert {item.value.sku for batch in connector.sent for item in batch} == set("BCDEF")


def test_a_push_in_hand_when_the_channel_freezes_is_handed_back_though_it_may_be_read(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], clock: Clock
) -> None:
    def freeze(_: Sequence[Item]) -> Accepted:
        odoo.frozen.add("shop")
        odoo.want("shop", stock("E"), purpose=Purpose.READ)
        clock.boot += 1.0
        return Accepted()

    connector.script.append(freeze)
    for sku in "ABCD":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    pushed = [item.value.sku for batch in connector.sent for item in batch]
    assert pushed == ["A", "B"]


def test_a_stop_reports_what_was_sent_and_hands_back_the_rest(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], stopping: threading.Event
) -> None:
    def stop(_: Sequence[Item]) -> Accepted:
        stopping.set()
        return Accepted()

    connector.script.append(stop)
    for sku in "ABCD":
        odoo.want("shop", stock(sku))
    [nudge] = routine(dispatch)
    assert nudge == Nudge(WorkClass.ROUTINE, 0.0)
    assert len(connector.sent) == 1
    assert [outcome for outcome, _ in outcomes(odoo)] == [Outcome.ACCEPTED] * 2 + [Outcome.RETRY] * 2


def test_less_urgent_work_is_left_to_a_nudge_of_its_own(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    odoo.want("shop", stock("A"), WorkClass.CRITICAL)
    odoo.want("shop", stock("B"), WorkClass.BULK)
    assert routine(dispatch) == [Nudge(WorkClass.BULK, 0.0)]
    assert [item.value.sku for batch in connector.sent for item in batch] == ["A"]


def test_a_long_run_hands_over(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], clock: Clock
) -> None:
    def endless(_: Sequence[Item]) -> Accepted:
        clock.boot += 4.0
        odoo.want("shop", stock("A", len(connector.sent)))
        return Accepted()

    connector.script.extend([endless] * 50)
    odoo.want("shop", stock("A", 0))
    assert routine(dispatch) == [Nudge(WorkClass.ROUTINE, 0.0)]
    assert len(connector.sent) == 3


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


def test_a_connector_is_opened_once_until_its_settings_change(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    for quantity in range(3):
        odoo.want("shop", stock("A", quantity))
        routine(dispatch)
    assert connector.opened == 1
    odoo.add_channel("shop", "scripted", url="http://moved")
    odoo.want("shop", stock("A", 9))
    routine(dispatch)
    assert connector.opened == 2


def test_a_secret_in_a_connector_s_words_does_not_reach_odoo(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    dispatch._sessions = Sessions(Credentials(None, {"LOCKGATE_CREDENTIAL_SHOP_TOKEN": "hunter22"}))
    odoo.add_channel("shop", "scripted", "shop")
    connector.script.append(Rejected("The shop disliked hunter22.", answer="you sent hunter22"))
    odoo.want("shop", stock("A"))
    routine(dispatch)
    result: Result = odoo.results[0]
    assert (result.message, result.answer) == ("The shop disliked •••.", "you sent •••")
