"""A credential that the channel refuses: one request tells, and the rest goes back unsent."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lockgate.connectors.base import Accepted, Item, Session
from lockgate.contract import Aspect, Cause, Outcome, Purpose
from lockgate.dispatch import Dispatch
from lockgate.errors import NeedsAttention, Rejected
from lockgate.settings import Credentials
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.scripted import Scripted, routine
from lockgate.testing.values import price, stock

WRONG_KEY = NeedsAttention("wrong key", cause=Cause.CREDENTIALS)
NOT_ALLOWED = NeedsAttention("not allowed", cause=Cause.PERMISSION)


def told(odoo: FakeOdoo) -> dict[str, tuple[Outcome, float | None, bool]]:
    """By SKU what came of it, the wish to wait, and whether it was sent."""
    skus = {each.number: each.wanted.sku for each in odoo.publications.values()}
    return {
        skus[each.publication]: (each.outcome, each.retry_after, each.seconds > 0) for each in odoo.results
    }


@pytest.mark.parametrize("purpose", Purpose)
def test_it_costs_a_run_one_request_and_what_was_not_sent_goes_back_as_no_try(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], purpose: Purpose
) -> None:
    connector.script.append(WRONG_KEY)
    for number in range(1000):
        odoo.want("shop", stock(f"S{number:03}"), purpose=purpose)
    [nudge] = routine(dispatch)
    assert len(connector.sent) == 1
    assert nudge.delay > 0
    outcome = told(odoo)
    assert [outcome.pop(sku) for sku in ("S000", "S001")] == [(Outcome.ATTENTION, 1.0, True)] * 2
    assert set(outcome.values()) == {(Outcome.RETRY, 0.0, False)}
    assert not [each for each in odoo.publications.values() if each.state == "leased"]
    assert {each.tries for each in odoo.publications.values()} == {0, 1}
    assert {result.cause for result in odoo.results if result.seconds} == {Cause.CREDENTIALS}


def test_the_longer_it_lasts_the_longer_it_is_to_be_left_alone(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    odoo.falls["shop"] = 6
    connector.script.append(WRONG_KEY)
    odoo.want("shop", stock("A"))
    routine(dispatch)
    assert told(odoo) == {"A": (Outcome.ATTENTION, 64.0, True)}


def test_once_the_key_is_right_all_goes_out(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    connector.script.append(WRONG_KEY)
    for sku in "ABCDE":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    for sku in "AB":  # the person's Retry
        odoo.want("shop", stock(sku, 6))
    assert routine(dispatch) == []
    assert odoo.settled()


@pytest.mark.parametrize("error", [NOT_ALLOWED, NeedsAttention("no such shop"), Rejected("no")])
def test_what_one_item_or_one_kind_of_request_may_not_do_stops_no_other(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], error: Exception
) -> None:
    def the_first_is_refused(items: Sequence[Item]) -> dict[int, object]:
        return {item.key: error if item.value.sku == "A" else Accepted() for item in items}

    connector.script.append(the_first_is_refused)
    for sku in "ABCDEF":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    assert [sku for sku, (outcome, *_) in told(odoo).items() if outcome != Outcome.ACCEPTED] == ["A"]
    assert told(odoo)["A"][1] is None, "the channel is not left alone for it"


def test_a_whole_request_that_is_not_allowed_may_be_so_for_prices_alone(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    connector.script.append(NOT_ALLOWED)
    for sku in "AB":
        odoo.want("shop", price(sku))
    for sku in "CD":
        odoo.want("shop", stock(sku))
    routine(dispatch)
    assert [told(odoo)[sku][0] for sku in "ABCD"] == [Outcome.ATTENTION] * 2 + [Outcome.ACCEPTED] * 2


def test_a_connector_that_signs_in_when_it_is_opened_costs_a_run_one_sign_in(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def sign_in(self: Scripted, session: Session) -> None:
        opened.append(session)
        raise WRONG_KEY

    monkeypatch.setattr(connector, "__init__", sign_in)
    for number in range(10):
        odoo.want("shop", stock(f"S{number}"))
    routine(dispatch)
    assert len(opened) == 1
    assert [outcome for outcome, *_ in told(odoo).values()].count(Outcome.ATTENTION) == 2


def test_a_credential_that_the_sidecar_does_not_have_blocks_one_batch_a_run(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted]
) -> None:
    odoo.add_channel("shop", "scripted", "missing")
    for number in range(10):
        odoo.want("shop", stock(f"S{number}"))
    routine(dispatch)
    assert [outcome for outcome, *_ in told(odoo).values()].count(Outcome.ATTENTION) == 2
    assert not connector.sent


@pytest.mark.parametrize("own", [[Aspect.PRICE], [Aspect.STOCK], [Aspect.PRICE, Aspect.STOCK]])
@pytest.mark.parametrize("refused", Aspect)
def test_a_credential_of_one_aspect_stops_not_the_other(
    odoo: FakeOdoo,
    dispatch: Dispatch,
    connector: type[Scripted],
    monkeypatch: pytest.MonkeyPatch,
    refused: Aspect,
    own: Sequence[Aspect],
) -> None:
    monkeypatch.setenv("LOCKGATE_CREDENTIAL_SHOP_TOKEN", "both")
    for aspect in own:
        monkeypatch.setenv(f"LOCKGATE_CREDENTIAL_SHOP_{aspect.upper()}_TOKEN", aspect)
    dispatch._sender.sessions._credentials = Credentials(None)
    odoo.add_channel("shop", "scripted", "shop")

    def one_is_refused(items: Sequence[Item]) -> object:
        return WRONG_KEY if items[0].value.aspect == refused else Accepted()

    connector.script += [one_is_refused] * 20
    for number in range(6):
        odoo.want("shop", price(f"P{number}"))
        odoo.want("shop", stock(f"S{number}"))
    routine(dispatch)
    for sku, (outcome, after, sent) in told(odoo).items():
        of_it = sku.startswith("P") == (refused == Aspect.PRICE)
        assert (outcome, after, sent) == (Outcome.ATTENTION if of_it else Outcome.ACCEPTED, None, True)
