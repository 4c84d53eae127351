from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lockgate.errors import NeedsAttention, RetryLater
from lockgate.fake import FakeChannel
from lockgate.shop import Rule, Shop
from lockgate.testing.processes import wait_until
from lockgate.testing.values import price, stock
from lockgate.wire import Wire


@pytest.fixture
def wire(channel: FakeChannel) -> Wire:
    return Wire(channel.address, deadline=10)


def told(shop: Shop, *values: Any, apply: bool = True) -> list[dict[str, Any]]:
    path = "/prices" if values[0].aspect == "price" else "/stock"
    return shop.told(path, [value.model_dump(mode="json") for value in values], apply=apply)


def test_history_tells_every_item_with_its_seal_and_its_times(channel: FakeChannel, wire: Wire) -> None:
    told(channel.shop, price("A", "9.99", seal=7), price("B"))
    answer = wire.call("GET", "/history", changes=False).data
    first, second = answer["entries"]
    assert (first["number"], second["number"], answer["last"]) == (1, 2, 2)
    assert first["request"] == second["request"]
    assert first["value"]["seal"] == 7
    assert first["applied_monotonic"] >= first["received_monotonic"]
    assert wire.call("GET", "/history?since=1", changes=False).data["entries"] == [second]


def test_history_waits_for_what_is_to_come(channel: FakeChannel, wire: Wire) -> None:
    assert wire.call("GET", "/history?since=0&wait=0.01", changes=False).data["entries"] == []
    told(channel.shop, stock("A"))
    assert len(wire.call("GET", "/history?since=0&wait=10", changes=False).data["entries"]) == 1


def test_a_script_is_added_listed_counted_down_and_cleared(channel: FakeChannel, wire: Wire) -> None:
    wire.call("POST", "/script", {"kind": "fail", "status": 503, "times": 2, "path": "/stock"}, changes=True)
    assert channel.shop.take_rule("/prices") is None
    assert channel.shop.take_rule("/stock") is not None
    assert wire.call("GET", "/script", changes=False).data["rules"][0]["times"] == 1
    wire.call("DELETE", "/script", changes=True)
    assert channel.shop.take_rule("/stock") is None


@pytest.mark.parametrize(
    "rule", [{"kind": "explode"}, {"kind": "fail", "time": 3}, {"kind": "fail", "times": 0}]
)
def test_a_rule_that_means_nothing_is_refused(wire: Wire, rule: dict[str, Any]) -> None:
    with pytest.raises(NeedsAttention, match="HTTP 400"):
        wire.call("POST", "/script", rule, changes=True)


def test_history_and_listings_survive_a_restart(tmp_path: Path) -> None:
    before = Shop(tmp_path)
    told(before, price("A", "9.99", book="members"), price("B", "5.00"))
    [lost] = told(before, stock("C"), apply=False)
    late = told(before, stock("A", 3), apply=False)
    told(before, stock("A", 4))
    before.apply_late(late)
    after = Shop(tmp_path)
    assert after.history == before.history
    assert after.listings == before.listings
    assert after.listings["A"]["quantity"] == 3
    assert not lost["applied"]


def test_what_is_forgotten_does_not_come_back(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    told(shop, stock("A"))
    shop.forget()
    assert (Shop(tmp_path).history, Shop(tmp_path).listings) == ([], {})


STARTS, ENDS = "2026-11-27T00:00:00+00:00", "2026-12-01T00:00:00+00:00"


def coming(amount: str, seal: int, starts: str, ends: str | None) -> dict[str, Any]:
    return {
        "amount": amount,
        "currency": "EUR",
        "tax_included": True,
        "breaks": (),
        "compare_at": None,
        "seal": seal,
        "starts": starts,
        "ends": ends,
    }


def test_a_price_ahead_is_shown_from_its_moment_on_and_the_one_underneath_comes_back() -> None:
    now = datetime.fromisoformat("2026-11-20T00:00:00+00:00")
    shop = Shop(clock=lambda: now)
    ahead = [coming("7.00", 2, STARTS, ENDS), coming("10.00", 1, ENDS, None)]
    told(shop, price("A", "10.00", coming=ahead), price("A", "9.00", book="b2b", coming=ahead))
    seen = []
    for moment in ("2026-11-26T23:59:59+00:00", STARTS, "2026-11-30T23:59:59+00:00", ENDS):
        now = datetime.fromisoformat(moment)
        seen.append([shop.shown(_read(book)) for book in (None, "b2b")])
    assert [[each and each["price"] for each in both] for both in seen] == [
        ["10.00", "9.00"],
        ["7.00", "7.00"],
        ["7.00", "7.00"],
        ["10.00", "10.00"],
    ]
    assert [len(default["coming"]) for default, _b2b in seen if default] == [2, 1, 1, 0]


def test_what_was_held_ahead_is_taken_back_by_the_next_value() -> None:
    now = datetime.fromisoformat("2026-11-20T00:00:00+00:00")
    shop = Shop(clock=lambda: now)
    told(shop, price("A", "10.00", coming=[coming("7.00", 2, STARTS, None)]))
    told(shop, price("A", "10.00"))
    now = datetime.fromisoformat(ENDS)
    assert shop.shown(_read(None)) == {"price": "10.00", "currency": "EUR", "coming": []}


def test_a_price_that_is_told_late_is_shown_at_once() -> None:
    shop = Shop(clock=lambda: datetime.fromisoformat(ENDS))
    told(shop, price("A", "10.00", coming=[coming("7.00", 2, STARTS, None)]))
    assert shop.shelves()["A"]["price"] == "7.00"


def _read(book: str | None) -> dict[str, Any]:
    return {"sku": "A", "aspect": "price", "book": book}


def push(wire: Wire, *values: Any) -> Any:
    items = [{"key": key, **value.model_dump(mode="json")} for key, value in enumerate(values)]
    return wire.call("POST", "/stock", {"items": items}, changes=True).data["items"]


def test_what_lags_is_taken_at_once_and_shown_later(channel: FakeChannel, wire: Wire) -> None:
    channel.shop.follow(Rule(kind="lag", seconds=0.3, times=1))
    channel.shop.follow(Rule(kind="refuse", sku="B"))
    first, second = push(wire, stock("A", 3), stock("B", 4))
    assert (first["applied"], second["applied"]) == (True, False)
    assert channel.shop.shown({"sku": "A", "aspect": "stock"}) is None
    wait_until(lambda: channel.shop.shown({"sku": "A", "aspect": "stock"}) == {"quantity": 3}, "it showed it")
    assert channel.shop.shown({"sku": "B", "aspect": "stock"}) is None


def test_a_request_that_comes_twice_is_told_twice_and_answered_once(channel: FakeChannel, wire: Wire) -> None:
    channel.shop.follow(Rule(kind="twice", times=1))
    assert [each["applied"] for each in push(wire, stock("A", 3))] == [True]
    assert [(each["request"], each["applied"]) for each in channel.shop.history] == [(1, True), (2, True)]


def test_a_request_that_comes_again_long_after_shows_the_older_value(
    channel: FakeChannel, wire: Wire
) -> None:
    channel.shop.follow(Rule(kind="twice", seconds=0.3, times=1))
    push(wire, stock("A", 3))
    push(wire, stock("A", 4))
    assert channel.shop.shown({"sku": "A", "aspect": "stock"}) == {"quantity": 4}
    wait_until(lambda: channel.shop.to_come == 0, "it came again")
    assert channel.shop.shown({"sku": "A", "aspect": "stock"}) == {"quantity": 3}
    assert [each["repeated"] for each in channel.shop.history] == [False, False, True]


def test_of_a_request_that_is_taken_in_part_the_rest_is_not_answered(
    channel: FakeChannel, wire: Wire
) -> None:
    channel.shop.follow(Rule(kind="part", times=1))
    (first,) = push(wire, stock("A", 3), stock("B", 4))
    assert (first["sku"], first["applied"]) == ("A", True)
    assert [each["applied"] for each in channel.shop.history] == [True, False]


def test_answers_in_another_order_still_name_their_items(channel: FakeChannel, wire: Wire) -> None:
    channel.shop.follow(Rule(kind="reorder"))
    answers = push(wire, stock("A", 3), stock("B", 4))
    assert [(each["key"], each["sku"]) for each in answers] == [(1, "B"), (0, "A")]


def test_a_request_that_is_overtaken_takes_effect_after_the_next_one(
    channel: FakeChannel, wire: Wire
) -> None:
    channel.shop.follow(Rule(kind="overtaken", seconds=10, times=1))
    with ThreadPoolExecutor() as pool:
        first = pool.submit(send, Wire(channel.address, deadline=10), "A")
        wait_until(lambda: len(channel.shop.history) == 1, "the first request is told")
        send(wire, "B")
        first.result()
    overtaken, passed = channel.shop.history
    assert (overtaken["sku"], passed["sku"]) == ("A", "B")
    assert overtaken["applied_monotonic"] > passed["applied_monotonic"]


def test_a_request_that_nothing_overtakes_takes_effect_all_the_same(channel: FakeChannel, wire: Wire) -> None:
    channel.shop.follow(Rule(kind="overtaken", seconds=0.01, times=1))
    send(wire, "A")
    assert channel.shop.history[0]["applied"]


def send(wire: Wire, sku: str) -> None:
    wire.call("POST", "/stock", {"items": [stock(sku).model_dump(mode="json")]}, changes=True)


def test_a_limit_may_be_for_some_skus_alone(channel: FakeChannel, wire: Wire) -> None:
    channel.shop.follow(Rule(kind="limit", calls=1, seconds=1000, sku="east-"))
    send(wire, "east-1")
    send(wire, "west-1")
    with pytest.raises(RetryLater):
        send(wire, "east-1")
