"""The Vendure connector against a shop in memory, for what a real one can't be made to do on demand.

`tests/shop` of the repository tries it on a real one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from lockgate.connectors.base import Accepted, Item, Session
from lockgate.connectors.vendure import VendureConnector
from lockgate.connectors.vendure_api import GRAPHQL_ERRORS
from lockgate.contract import Cause, Channel, PriceReading, PriceValue, StockReading
from lockgate.errors import NeedsAttention, Rejected, RetryLater, Unknown
from lockgate.testing.conformance import ConnectorConformance, Subject
from lockgate.testing.values import price as any_price
from lockgate.testing.values import stock
from lockgate.testing.vendure import FakeVendure, Reply, refusal


def price(sku: str, amount: str = "10.00", **parts: Any) -> PriceValue:
    return any_price(sku, amount, **{"currency": "USD", "tax_included": False, **parts})


@pytest.fixture
def vendure() -> Iterator[FakeVendure]:
    with FakeVendure() as server:
        for sku in "ABCDE":
            server.add(sku)
        yield server


def connect(
    vendure: FakeVendure, credential: dict[str, str] | None = None, **settings: str
) -> VendureConnector:
    channel = Channel(
        code="shop", connector="vendure", credential="shop", settings={"url": vendure.address, **settings}
    )
    return VendureConnector(
        Session(channel, credential or {"username": "admin", "password": vendure.password}, 10.0)
    )


@pytest.fixture
def connector(vendure: FakeVendure) -> Iterator[VendureConnector]:
    connector = connect(vendure)
    yield connector
    connector.close()


class TestVendure(ConnectorConformance):
    @pytest.fixture
    def subject(self, vendure: FakeVendure) -> Subject:
        return Subject(
            connector=VendureConnector,
            channel=Channel(
                code="shop", connector="vendure", credential="shop", settings={"url": vendure.address}
            ),
            credential={"username": "admin", "password": vendure.password},
            prices=[price("A", "9.99"), price("B", "20.00"), price("C", "0.01")],
            stocks=[stock("A", 3), stock("B", 0), stock("C", 100)],
            unknown=price("Z"),
        )


def test_a_batch_is_one_look_up_and_one_update(vendure: FakeVendure, connector: VendureConnector) -> None:
    connector.push([Item(1, price("A", "1.00")), Item(2, price("B", "2.00"))])
    assert [heard.what for heard in vendure.heard] == ["login", "look-up", "update"]


def test_a_session_is_used_again(vendure: FakeVendure, connector: VendureConnector) -> None:
    connector.push([Item(1, stock("A"))])
    connector.push([Item(1, stock("A"))])
    assert vendure.count("login") == 1


def test_a_session_that_the_shop_forgot_is_renewed_once(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    connector.push([Item(1, stock("A", 1))])
    vendure.sessions.clear()
    assert isinstance(connector.push([Item(1, stock("A", 2))])[1], Accepted)
    assert vendure.count("login") == 2


def test_a_role_without_the_permission_needs_attention_and_is_not_signed_in_for_ever(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    connector.check()
    vendure.allowed = False
    with pytest.raises(NeedsAttention, match="permissions") as raised:
        connector.push([Item(1, stock("A"))])
    assert raised.value.cause == Cause.PERMISSION
    assert vendure.count("login") == 2
    assert vendure.count("update") == 0


def test_a_wrong_password_names_the_credential_and_not_the_password(vendure: FakeVendure) -> None:
    with pytest.raises(NeedsAttention, match="'shop'") as raised:
        connect(vendure, {"username": "admin", "password": "not-the-password"}).check()
    assert "not-the-password" not in raised.value.message + raised.value.answer
    assert raised.value.cause == Cause.CREDENTIALS


def test_a_credential_without_a_password_says_what_is_missing(vendure: FakeVendure) -> None:
    with pytest.raises(NeedsAttention, match="`username` and `password`"):
        connect(vendure, {"username": "admin"}).check()
    assert vendure.heard == []


def test_an_api_key_needs_no_sign_in(vendure: FakeVendure) -> None:
    connector = connect(vendure, {"api_key": vendure.password})
    assert isinstance(connector.push([Item(1, stock("A"))])[1], Accepted)
    assert vendure.count("login") == 0


def test_one_refused_row_harms_no_other_though_the_shop_refuses_the_whole_update(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    vendure.refuses = lambda row: "USER_INPUT_ERROR" if row["id"] == "3" else None
    outcomes = connector.push([Item(key, stock(sku, 7)) for key, sku in enumerate("ABCDE")])
    assert isinstance(outcomes.pop(2), Rejected)
    assert len(outcomes) == 4
    assert all(isinstance(outcome, Accepted) for outcome in outcomes.values())
    assert [row["stockLevels"][0]["stockOnHand"] for row in vendure.variants] == [7, 7, 0, 7, 7]


def test_an_error_of_the_shops_database_is_tried_again(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    vendure.refuses = lambda row: "none" if row["id"] == "1" else None
    outcomes = connector.push([Item(1, stock("A")), Item(2, stock("B"))])
    assert isinstance(outcomes[1], RetryLater)
    assert isinstance(outcomes[2], Accepted)


@pytest.mark.parametrize(("code", "kind"), [*GRAPHQL_ERRORS.items(), ("SOMETHING_NEW", RetryLater)])
def test_each_code_of_the_shop_has_its_meaning(
    vendure: FakeVendure, connector: VendureConnector, code: str, kind: type[Exception]
) -> None:
    connector.check()
    vendure.instead["update"].extend([Reply(200, json.dumps(refusal(code, "the reason")).encode())] * 2)
    try:
        outcome: object = connector.push([Item(1, stock("A"))])[1]
    except NeedsAttention as error:
        outcome = error
    assert type(outcome) is kind
    assert "the reason" in outcome.message


def test_the_shops_wish_to_wait_is_kept(vendure: FakeVendure, connector: VendureConnector) -> None:
    vendure.instead["update"].append(Reply(429, b"{}", {"retry-after": "7"}))
    with pytest.raises(RetryLater) as raised:
        connector.push([Item(1, stock("A")), Item(2, stock("B"))])
    assert raised.value.after == 7.0


def test_an_update_without_an_answer_is_unknown(vendure: FakeVendure, connector: VendureConnector) -> None:
    vendure.instead["update"].append(Reply(None))
    with pytest.raises(Unknown):
        connector.push([Item(1, stock("A"))])


def test_a_look_up_without_an_answer_is_tried_again_for_nothing_was_sent(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    vendure.instead["look-up"].append(Reply(None))
    with pytest.raises(RetryLater):
        connector.push([Item(1, stock("A"))])
    assert vendure.count("update") == 0


def test_what_was_accepted_stays_accepted_when_a_later_part_gets_no_answer(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    vendure.instead["update"].append(Reply(200, json.dumps(refusal("USER_INPUT_ERROR")).encode()))

    def cut_the_third(row: dict[str, Any]) -> None:
        if row["id"] == "1":
            vendure.instead["update"].append(Reply(None))

    vendure.refuses = cut_the_third
    outcomes = connector.push([Item(1, stock("A")), Item(2, stock("B"))])
    assert isinstance(outcomes[1], Accepted)
    assert isinstance(outcomes[2], Unknown)


def test_no_update_starts_in_the_second_half_of_the_lease(
    vendure: FakeVendure, connector: VendureConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 105.1])
    monkeypatch.setattr("lockgate.connectors.vendure.time", SimpleNamespace(monotonic=lambda: next(clock)))
    with pytest.raises(RetryLater, match="too slowly"):
        connector.push([Item(1, stock("A"))])
    assert vendure.count("update") == 0


def test_a_shop_that_lists_a_few_at_a_time_is_asked_for_the_rest(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    vendure.page = 2
    readings = connector.read([Item(key, stock(sku)) for key, sku in enumerate("ABCDE")])
    assert readings == dict.fromkeys(range(5), StockReading(aspect="stock", quantity=0))


def test_yen_too_are_kept_in_hundredths(vendure: FakeVendure, connector: VendureConnector) -> None:
    item = Item(1, price("A", "1500", currency="JPY"))
    connector.push([item])
    assert vendure.variants[0]["prices"] == [{"currencyCode": "JPY", "price": 150000}]
    assert connector.read([item]) == {
        1: PriceReading(aspect="price", amount=Decimal("1500.00"), currency="JPY")
    }


def test_the_shop_says_how_many_decimals_it_keeps(vendure: FakeVendure, connector: VendureConnector) -> None:
    vendure.decimals = 3
    connector.push([Item(1, price("A", "12.345"))])
    assert vendure.variants[0]["prices"][0]["price"] == 12345


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (price("A", "12.345"), Rejected, "2 decimals"),
        (price("A", currency="EUR"), NeedsAttention, "does not sell in EUR, only in USD, JPY"),
        (price("A", tax_included=True), NeedsAttention, "without tax"),
        (price("A", breaks=({"minimum": 10, "amount": 9},)), Rejected, "quantity"),
    ],
)
def test_a_price_that_the_shop_would_distort_is_not_sent(
    vendure: FakeVendure, connector: VendureConnector, value: PriceValue, kind: type[Exception], words: str
) -> None:
    outcomes = connector.push([Item(1, value), Item(2, price("B", "5.00"))])
    assert isinstance(outcomes[1], kind)
    assert words in outcomes[1].message
    assert isinstance(outcomes[2], Accepted)
    assert vendure.variants[0]["prices"][0]["price"] == 0


def test_a_price_in_a_currency_that_the_variant_has_none_in_reads_as_nothing(
    connector: VendureConnector,
) -> None:
    assert connector.read([Item(1, price("A", currency="JPY"))]) == {1: None}


def test_each_price_book_is_sent_to_its_own_channel_of_the_shop(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    vendure.channels["b2b"] = vendure.channels["default"]
    connector.push([Item(1, price("A", "10.00")), Item(2, price("A", "8.00", book="b2b"))])
    sent = [
        (heard.headers.get("vendure-token"), heard.variables["input"][0]["prices"][0]["price"])
        for heard in vendure.heard
        if heard.what == "update"
    ]
    assert sent == [(None, 1000), ("b2b", 800)]


def test_a_price_book_that_the_shop_does_not_have_goes_to_no_other_channel(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    outcomes = connector.push([Item(1, price("A", "8.00", book="b2c")), Item(2, price("B", "5.00"))])
    assert isinstance(outcomes[1], NeedsAttention)
    assert "'b2c'" in outcomes[1].message
    assert isinstance(outcomes[2], Accepted)
    assert vendure.variants[0]["prices"][0]["price"] == 0


def test_a_sku_of_two_products_is_a_persons_to_decide_and_a_reference_decides_it(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    second = vendure.add("A")
    with_reference = stock("A", 9).model_copy(update={"reference": second})
    outcomes = connector.push([Item(1, stock("A", 8)), Item(2, with_reference)])
    assert isinstance(outcomes[1], NeedsAttention)
    assert "2 products" in outcomes[1].message
    assert outcomes[1].cause == Cause.MAPPING
    assert isinstance(outcomes[2], Accepted)
    assert [row["stockLevels"][0]["stockOnHand"] for row in vendure.variants if row["sku"] == "A"] == [0, 9]


def test_of_several_stock_locations_one_must_be_named(vendure: FakeVendure) -> None:
    vendure.locations["2"] = "Outlet"
    outcome = connect(vendure).push([Item(1, stock("A", 4))])[1]
    assert isinstance(outcome, NeedsAttention)
    assert "Main, Outlet" in outcome.message
    assert isinstance(connect(vendure, stock_location="Outlet").push([Item(1, stock("A", 4))])[1], Accepted)
    assert vendure.variants[0]["stockLevels"] == [{"stockLocationId": "2", "stockOnHand": 4}]


def test_a_variant_that_the_answer_does_not_name_has_no_outcome(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    answer = {"data": {"updateProductVariants": [{"id": "2", "sku": "B"}]}}
    vendure.instead["update"].append(Reply(200, json.dumps(answer).encode()))
    assert set(connector.push([Item(1, stock("A")), Item(2, stock("B"))])) == {2}


def test_json_that_is_not_a_shops_says_so(vendure: FakeVendure, connector: VendureConnector) -> None:
    vendure.instead["login"].append(Reply(200, b'{"status": "ok"}'))
    with pytest.raises(NeedsAttention, match="/admin-api"):
        connector.check()


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("login", {"data": None}),
        ("look-up", {"data": {}}),
        ("look-up", {"data": {"activeChannel": {}, "productVariants": {"items": 5, "totalItems": "many"}}}),
        ("update", {"data": {"updateProductVariants": [None]}}),
        ("update", {"errors": {"0": 1}}),
    ],
)
def test_an_answer_of_another_shape_is_a_bad_answer(
    vendure: FakeVendure, connector: VendureConnector, what: str, body: Any
) -> None:
    vendure.instead[what].append(Reply(200, json.dumps(body).encode(), {"vendure-auth-token": "x"}))
    with pytest.raises(NeedsAttention, match="something else") as raised:
        connector.push([Item(1, stock("A"))])
    assert raised.value.cause == Cause.BAD_ANSWER


def test_a_look_up_whose_pages_never_end_is_a_bad_answer(
    vendure: FakeVendure, connector: VendureConnector
) -> None:
    for _ in range(1000):
        vendure.add("A")
    vendure.page = 1
    with pytest.raises(NeedsAttention, match="lists more than") as raised:
        connector.read([Item(1, stock("A"))])
    assert raised.value.cause == Cause.BAD_ANSWER
    assert vendure.count("look-up") <= 20
