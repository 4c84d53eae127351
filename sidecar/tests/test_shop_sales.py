"""The fake shop sells what it offers, and offers what is left; with and without allocations."""

from pathlib import Path

import pytest

from lockgate.fake import FakeChannel
from lockgate.shop import Shop
from lockgate.wire import Wire


def tell(shop: Shop, quantity: int) -> None:
    shop.told("/stock", [{"sku": "A", "aspect": "stock", "quantity": quantity}], apply=True)


@pytest.mark.parametrize("allocates", [True, False])
def test_it_sells_no_more_than_it_offers(allocates: bool) -> None:
    shop = Shop()
    tell(shop, 3)
    assert [shop.sell("A", 2, allocates=allocates) for _ in range(2)] == [True, False]
    assert shop.sell("A", 1, allocates=allocates)
    assert not shop.sell("never told", 1, allocates=allocates)


def test_without_allocations_a_number_that_it_is_told_offers_again_what_it_sold() -> None:
    shop = Shop()
    tell(shop, 3)
    shop.sell("A", 3, allocates=False)
    tell(shop, 3)
    assert shop.sell("A", 3, allocates=False)


def test_with_allocations_it_never_does_until_they_are_shipped() -> None:
    shop = Shop()
    tell(shop, 3)
    shop.sell("A", 3, allocates=True)
    tell(shop, 3)
    assert not shop.sell("A", 1, allocates=True)
    assert shop.shown({"sku": "A", "aspect": "stock"}) == {"quantity": 3}
    shop.ship("A", 3)
    assert shop.sell("A", 3, allocates=True)


def test_an_order_that_is_asked_again_is_sold_once() -> None:
    shop = Shop()
    tell(shop, 2)
    assert [shop.sell("A", 2, allocates=False, order="7") for _ in range(2)] == [True, True]
    assert shop.shown({"sku": "A", "aspect": "stock"}) == {"quantity": 0}


def test_what_was_sold_survives_a_restart(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    tell(shop, 9)
    shop.sell("A", 1, allocates=False)
    tell(shop, 5)
    shop.sell("A", 2, allocates=False)
    shop.sell("A", 1, allocates=True)
    again = Shop(tmp_path)
    assert (again.listings["A"]["quantity"], again.allocated["A"]) == (3, 1)
    again.forget()
    assert Shop(tmp_path).sales == []


def test_customers_come_over_http(channel: FakeChannel) -> None:
    tell(channel.shop, 2)
    wire = Wire(channel.address, deadline=5)
    sale = {"sku": "A", "quantity": 2, "allocates": True}
    assert wire.call("POST", "/sell", sale, changes=True).data == {"sold": True}
    assert wire.call("POST", "/sell", sale, changes=True).data == {"sold": False}
    wire.call("POST", "/ship", {"sku": "A", "quantity": 2}, changes=True)
    assert [each["quantity"] for each in wire.call("GET", "/sales", changes=False).data] == [2, -2]
