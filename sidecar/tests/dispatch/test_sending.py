"""What a run sends: the newest values, in time, in batches, each lease once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from lockgate import connectors
from lockgate.connectors.base import Accepted, Item, PushOutcome, Session
from lockgate.contract import Outcome, Purpose, WorkClass
from lockgate.dispatch import Dispatch
from lockgate.errors import Rejected, RetryLater
from lockgate.limits import Pace
from lockgate.run import Nudge
from lockgate.settings import Credentials
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.scripted import NOW, Clock, Scripted, outcomes, routine
from lockgate.testing.values import price, stock


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


def test_what_is_less_than_a_request_may_carry_waits_for_what_is_leased_next(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request takes of a channel's limit, whatever it carries."""
    monkeypatch.setattr(Pace, "ceiling", lambda *_: 3)
    for sku in "ABCDEFG":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    assert [len(batch) for batch in connector.sent] == [2, 2, 2, 1]


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
    assert len(connector.sent) == 1, "the newer value waits as well"
    odoo.pass_time(1)
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


def test_a_connector_is_opened_once_until_its_settings_change(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[object] = []
    for quantity in range(3):
        odoo.want("shop", stock("A", quantity))
        routine(dispatch)
    assert connector.opened == 1
    odoo.add_channel("shop", "scripted", url="http://moved")
    odoo.want("shop", stock("A", 9))
    monkeypatch.setattr(connector, "close", lambda connector: closed.append(connector))
    routine(dispatch)
    assert connector.opened == 2
    assert len(closed) == 1


def test_prices_and_stock_go_each_with_its_credential_where_there_are_two(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKGATE_CREDENTIAL_SHOP_TOKEN", "prices")
    monkeypatch.setenv("LOCKGATE_CREDENTIAL_SHOP_STOCK_TOKEN", "counts")
    dispatch._sender.sessions._credentials = Credentials(None)
    used: list[tuple[str, str | None, str]] = []

    class Noting(connector):  # type: ignore[misc, valid-type]
        def __init__(self, session: Session) -> None:
            super().__init__(session)
            self.session = session

        def push(self, items: Sequence[Item]) -> Mapping[int, PushOutcome]:
            session = self.session
            used.append((items[0].value.aspect, session.channel.credential, session.credential["token"]))
            return super().push(items)  # type: ignore[no-any-return]

    monkeypatch.setattr(connectors, "find", lambda _: Noting)
    odoo.add_channel("shop", "scripted", "shop")
    for quantity in (1, 2):
        odoo.want("shop", stock("A", quantity))
        odoo.want("shop", price("A", f"9.9{quantity}"))
        routine(dispatch)
    assert sorted(used) == [("price", "shop", "prices")] * 2 + [("stock", "shop.stock", "counts")] * 2
    assert connector.opened == 0
    assert Noting.opened == 2
