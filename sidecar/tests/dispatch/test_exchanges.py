"""A run and Odoo: turns that are busy, answers that are lost, channels that are frozen, a stop."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from lockgate.connectors.base import Accepted, Item
from lockgate.contract import Outcome, Purpose, StockReading, WorkClass
from lockgate.dispatch import Dispatch
from lockgate.odoo import Gateway, OdooDown, OdooRefused
from lockgate.run import Nudge
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.scripted import Clock, Scripted, outcomes, routine
from lockgate.testing.values import stock


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


def test_results_outlast_an_odoo_that_restarts(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], clock: Clock
) -> None:
    back_at, usual = [0.0], odoo.call

    def call(method: str, message: dict[str, object]) -> object:
        if clock.boot < back_at[0]:
            raise OdooDown("it restarts")
        return usual(method, message)

    def then_away(_: Sequence[Item]) -> Accepted:
        back_at[0] = clock.boot + 10.0
        return Accepted()

    odoo.call = call  # type: ignore[method-assign]
    connector.script.append(then_away)
    wanted = odoo.want("shop", stock("A"))
    routine(dispatch)
    assert wanted.settled
    assert len(connector.sent) == 1


def test_what_another_run_keeps_from_being_leased_is_come_back_to(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    for number in range(501):
        odoo.want("shop", stock(f"S{number}"))
    other = dispatch._gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="another-run", ceiling=500)
    assert len(other.leases) == 500
    [nudge] = routine(dispatch)
    assert nudge.work_class == WorkClass.ROUTINE
    assert nudge.delay > 0
    assert connector.sent == []


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


def test_a_stop_gives_back_at_once_what_is_in_hand_and_what_came_of_what_was_sent(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], stopping: threading.Event
) -> None:
    told: list[list[tuple[Outcome, float | None]]] = []

    def the_second_request_hangs(_: Sequence[Item]) -> Accepted:
        stopping.set()
        dispatch.give_back()
        assert odoo.wait_for(lambda: len(odoo.results) == 4)
        told.append(outcomes(odoo))
        return Accepted()

    connector.script += [Accepted(), the_second_request_hangs]
    for sku in "ABCDEF":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    assert told == [[(Outcome.ACCEPTED, None)] * 2 + [(Outcome.RETRY, 0.0)] * 2]
    assert len(connector.sent) == 2
    assert outcomes(odoo)[4:] == [(Outcome.ACCEPTED, None)] * 2


def test_what_is_leased_while_a_stop_comes_is_not_sent(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], stopping: threading.Event
) -> None:
    wanted = odoo.want("shop", stock("A"))
    usual = odoo.call

    def then_stopped(method: str, message: dict[str, object]) -> object:
        answer = usual(method, message)
        stopping.set()
        dispatch.give_back()
        return answer

    odoo.call = then_stopped  # type: ignore[method-assign]
    routine(dispatch)
    assert connector.sent == []
    assert (wanted.state, wanted.token) == ("due", "")
