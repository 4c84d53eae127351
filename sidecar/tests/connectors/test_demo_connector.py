from __future__ import annotations

import pytest

from lockgate.connectors.base import Accepted, Item, Session
from lockgate.connectors.demo import DemoConnector
from lockgate.contract import Channel, PriceReading
from lockgate.errors import Rejected, RetryLater, Unknown
from lockgate.fake import FakeChannel
from lockgate.shop import Rule, Shop, new_listing
from lockgate.testing.conformance import ConnectorConformance, Subject
from lockgate.testing.values import price, stock


@pytest.fixture
def known(channel: FakeChannel) -> Channel:
    return Channel(code="demo", connector="demo", credential=None, settings={"url": channel.address})


@pytest.fixture
def shop(channel: FakeChannel) -> Shop:
    return channel.shop


@pytest.fixture
def connector(known: Channel) -> DemoConnector:
    return DemoConnector(Session(known, {}, 5.0))


class TestDemo(ConnectorConformance):
    @pytest.fixture
    def subject(self, shop: Shop, known: Channel) -> Subject:
        prices = [price("A", "9.99"), price("B", "20.00"), price("C", "0.01")]
        shop.listings.update({value.sku: new_listing() for value in prices})
        shop.rules.append(Rule(kind="strict"))
        return Subject(
            connector=DemoConnector,
            channel=known,
            credential={"token": "a-token"},
            prices=prices,
            stocks=[stock("A", 3), stock("B", 0), stock("C", 100)],
            unknown=stock("Z"),
        )


def test_a_price_book_has_prices_of_its_own(connector: DemoConnector) -> None:
    in_shop, for_members = Item(1, price("A", "10.00")), Item(2, price("A", "8.00", book="members"))
    connector.push([in_shop, for_members])
    assert connector.read([in_shop, for_members]) == {
        1: PriceReading(aspect="price", amount="10.00", currency="EUR", coming=()),
        2: PriceReading(aspect="price", amount="8.00", currency="EUR", coming=()),
    }


def test_a_price_of_a_listing_that_has_only_stock_reads_as_nothing(connector: DemoConnector) -> None:
    connector.push([Item(1, stock("A"))])
    assert connector.read([Item(2, price("A"))]) == {2: None}


def test_a_shop_that_compares_takes_nothing_older(known: Channel, shop: Shop) -> None:
    comparing = known.model_copy(update={"settings": {**known.settings, "compare_and_set": True}})
    connector = DemoConnector(Session(comparing, {}, 5.0))
    newer, older = Item(1, stock("A", 4), version=2), Item(1, stock("A", 3), version=1)
    assert isinstance(connector.push([newer])[1], Accepted)
    assert isinstance(connector.push([older])[1], Rejected)
    assert isinstance(connector.push([newer])[1], Accepted)
    assert shop.listings["A"]["quantity"] == 4


def test_a_shop_that_does_not_compare_takes_what_comes(connector: DemoConnector, shop: Shop) -> None:
    connector.push([Item(1, stock("A", 4), version=2)])
    connector.push([Item(1, stock("A", 3), version=1)])
    assert shop.listings["A"]["quantity"] == 3


def test_one_refused_sku_harms_no_other(shop: Shop, connector: DemoConnector) -> None:
    shop.rules.append(Rule(kind="refuse", sku="B", reason="not in the catalogue"))
    outcomes = connector.push([Item(1, stock("A")), Item(2, stock("B"))])
    assert outcomes[1] == Accepted(answer="applied")
    assert isinstance(outcomes[2], Rejected)
    assert "not in the catalogue" in outcomes[2].message
    assert outcomes[2].cause is None  # the aspect says which: a refused stock


def test_a_request_that_lands_late_is_unknown_until_it_lands(shop: Shop, connector: DemoConnector) -> None:
    shop.rules.append(Rule(kind="late", seconds=0.05, times=1))
    with pytest.raises(Unknown):
        connector.push([Item(1, stock("A", 7))])
    with shop.lock:
        assert shop.lock.wait_for(lambda: bool(shop.listings), timeout=10)
    assert shop.listings["A"]["quantity"] == 7
    assert shop.history[0]["applied"]


def test_a_lost_request_stands_in_the_history_and_has_no_effect(shop: Shop, connector: DemoConnector) -> None:
    shop.rules.append(Rule(kind="lose", times=1))
    with pytest.raises(Unknown):
        connector.push([Item(1, stock("A"))])
    assert [entry["applied"] for entry in shop.history] == [False]
    assert shop.listings == {}


def test_the_channel_s_own_wish_is_kept(shop: Shop, connector: DemoConnector) -> None:
    shop.rules.append(Rule(kind="fail", status=429, retry_after=7, times=1))
    with pytest.raises(RetryLater) as raised:
        connector.push([Item(1, stock("A"))])
    assert raised.value.after == 7.0


def test_a_channel_that_hangs_is_left_at_the_deadline(shop: Shop, known: Channel) -> None:
    shop.rules.append(Rule(kind="hang", seconds=5, times=1))
    with pytest.raises(Unknown, match=r"deadline|timed out"):
        DemoConnector(Session(known, {}, 0.2)).push([Item(1, stock("A"))])
