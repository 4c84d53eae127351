"""The Vendure connector on a real Vendure. What the shop shows is asked with the stack's own queries."""

from decimal import Decimal
from typing import Any

import pytest

from lockgate.connectors.base import Accepted, Item, Session
from lockgate.connectors.vendure import VendureConnector
from lockgate.contract import Channel, PriceReading, PriceValue, StockReading, StockValue
from lockgate.errors import ChannelDown, NeedsAttention, Rejected, RetryLater
from lockgate.testing import values
from lockgate.testing.conformance import ConnectorConformance, Subject
from stack.shop import Shop
from tests.shop.shopper import Shopper

CREATE_ROLE = """mutation($permissions: [Permission!]!) { createRole(
    input: {code: "reader", description: "Reads", permissions: $permissions}) { id } }"""
CREATE_ADMINISTRATOR = """mutation($role: ID!) { createAdministrator(input: {
    firstName: "A", lastName: "Reader", emailAddress: "reader@example.com", password: "reader-password",
    roleIds: [$role]}) { id } }"""
ROLES = "{ roles { items { id code } } }"
CREATE_API_KEY = """mutation($role: ID!) { createApiKey(input: {
    roleIds: [$role], translations: [{languageCode: en, name: "Lockgate"}]}) { apiKey } }"""
CREATE_CHANNEL = """mutation($zone: ID!) { createChannel(input: {code: "b2b", token: "b2b-token",
    defaultLanguageCode: en, pricesIncludeTax: false, defaultCurrencyCode: USD, availableCurrencyCodes: [USD],
    defaultTaxZoneId: $zone, defaultShippingZoneId: $zone}) { __typename ... on Channel { id } } }"""
ASSIGN = """mutation($channel: ID!, $product: ID!) { assignProductsToChannel(
    input: {channelId: $channel, productIds: [$product]}) { id } }"""
PRICES_IN = """query($sku: String!) { productVariants(options: {filter: {sku: {eq: $sku}}}) {
    items { id productId prices { price currencyCode } channels { code } } } }"""


def price(sku: str, amount: str, **parts: Any) -> PriceValue:
    return values.price(sku, amount, **{"currency": "USD", "tax_included": False, **parts})


def stock(sku: str, quantity: int, reference: str | None = None) -> StockValue:
    return values.stock(sku, quantity).model_copy(update={"reference": reference})


def items(*sent: PriceValue | StockValue) -> list[Item]:
    return [Item(100 + number, value) for number, value in enumerate(sent)]


class TestRealShop(ConnectorConformance):
    @pytest.fixture
    def subject(self, shop: Shop, channel: Channel) -> Subject:
        return Subject(
            connector=VendureConnector,
            channel=channel,
            credential={"username": shop.user, "password": shop.password},
            prices=[price("FURN_1", "9.99"), price("FURN_2", "20.00"), price("FURN_3", "0.01")],
            stocks=[stock("FURN_1", 3), stock("FURN_2", 0), stock("FURN_3", 100)],
            unknown=price("FURN_0", "5.00"),
        )


def test_the_shop_shows_the_price_that_was_sent(shop: Shop, connector: VendureConnector) -> None:
    connector.push(items(price("FURN_1", "1299.90"), price("FURN_2", "0.05")))
    assert shop.price("FURN_1") == Decimal("1299.90")
    assert shop.price("FURN_2") == Decimal("0.05")


def test_the_shop_shows_the_stock_that_was_sent(shop: Shop, connector: VendureConnector) -> None:
    connector.push(items(stock("FURN_1", 12), stock("FURN_2", 0)))
    assert (shop.stock("FURN_1"), shop.stock("FURN_2")) == (12, 0)


def test_a_new_price_leaves_stock_alone_and_new_stock_leaves_the_price_alone(
    shop: Shop, connector: VendureConnector
) -> None:
    connector.push(items(price("FURN_1", "10.00")))
    connector.push(items(stock("FURN_1", 4)))
    connector.push(items(price("FURN_1", "11.00")))
    assert (shop.price("FURN_1"), shop.stock("FURN_1")) == (Decimal("11.00"), 4)


def test_a_sku_that_the_shop_does_not_have_says_what_to_correct(connector: VendureConnector) -> None:
    refused, taken = items(price("FURN_9999", "5.00"), price("FURN_1", "5.00"))
    outcomes = connector.push([refused, taken])
    assert isinstance(outcomes[refused.key], Rejected)
    assert outcomes[refused.key].message == (
        "The shop has no product with SKU FURN_9999. "
        "Correct the channel SKU on the listing, then press Retry."
    )
    assert isinstance(outcomes[taken.key], Accepted)


def test_the_shop_refuses_a_whole_batch_for_one_row_and_the_others_still_arrive(
    shop: Shop, connector: VendureConnector
) -> None:
    too_much = 2**31
    sent = items(*(stock(f"FURN_{n}", too_much if n == 5 else 40 + n) for n in range(1, 9)))
    outcomes = connector.push(sent)
    assert [type(outcomes[item.key]).__name__ for item in sent].count("Rejected") == 1
    assert isinstance(outcomes[sent[4].key], Rejected)
    assert "32-bit" in outcomes[sent[4].key].message
    assert [shop.stock(f"FURN_{n}") for n in (1, 4, 6, 8)] == [41, 44, 46, 48]


def test_a_price_that_its_database_can_not_hold_stops_no_other(
    shop: Shop, connector: VendureConnector
) -> None:
    sent = items(price("FURN_1", "99999999.00"), price("FURN_2", "21.00"))
    outcomes = connector.push(sent)
    assert isinstance(outcomes[100], RetryLater)
    assert isinstance(outcomes[101], Accepted)
    assert shop.price("FURN_2") == Decimal("21.00")


def test_a_price_with_more_decimals_than_the_shop_keeps_is_not_sent(
    shop: Shop, connector: VendureConnector
) -> None:
    connector.push(items(price("FURN_1", "10.00")))
    outcomes = connector.push(items(price("FURN_1", "10.005"), price("FURN_2", "5.00")))
    assert isinstance(outcomes[100], Rejected)
    assert shop.price("FURN_1") == Decimal("10.00")


def test_a_currency_that_the_shop_does_not_sell_in_is_named(connector: VendureConnector) -> None:
    outcomes = connector.push(items(price("FURN_1", "10.00", currency="EUR"), price("FURN_2", "5.00")))
    assert isinstance(outcomes[100], NeedsAttention)
    assert "does not sell in EUR, only in USD" in outcomes[100].message


def test_what_the_shop_sold_and_odoo_has_not_seen_is_not_offered_again(
    shop: Shop, connector: VendureConnector
) -> None:
    connector.push(items(price("FURN_7", "10.00")))
    connector.push(items(stock("FURN_7", 10)))
    Shopper(shop).buy("FURN_7", 3)
    connector.push(items(stock("FURN_7", 10)))
    assert (shop.stock("FURN_7"), shop.allocated()["FURN_7"]) == (10, 3)
    assert Shopper(shop).add("FURN_7", 8) == 7
    assert connector.read(items(stock("FURN_7", 10))) == {100: StockReading(aspect="stock", quantity=10)}


def test_a_reference_is_the_shops_own_id_and_a_wrong_one_stops_no_other(
    shop: Shop, connector: VendureConnector
) -> None:
    [variant] = shop.ask(PRICES_IN, sku="FURN_3")["productVariants"]["items"]
    outcomes = connector.push(
        items(
            stock("whatever", 33, reference=variant["id"]),
            stock("FURN_1", 1, reference="no-number"),
            stock("FURN_1", 1, reference="99999999999999"),
            stock("FURN_4", 34),
        )
    )
    assert [type(outcomes[key]) for key in sorted(outcomes)] == [Accepted, Rejected, Rejected, Accepted]
    assert "99999999999999" in outcomes[102].message
    assert (shop.stock("FURN_3"), shop.stock("FURN_4")) == (33, 34)


def test_a_wrong_password_is_named_by_its_credential(channel: Channel) -> None:
    wrong = VendureConnector(Session(channel, {"username": "lockgate", "password": "wrong"}, 10.0))
    with pytest.raises(NeedsAttention, match="refused the user name and password of the credential 'shop'"):
        wrong.push(items(stock("FURN_1", 1)))


def test_a_session_that_somebody_ended_is_renewed(shop: Shop, connector: VendureConnector) -> None:
    connector.check()
    connector._api._wire.headers["authorization"] = "Bearer of-a-session-that-ended"
    assert isinstance(connector.push(items(stock("FURN_1", 8)))[100], Accepted)
    assert shop.stock("FURN_1") == 8


def test_an_api_key_does_as_well_as_a_password(shop: Shop, channel: Channel) -> None:
    roles = {role["code"]: role["id"] for role in shop.ask(ROLES)["roles"]["items"]}
    key = shop.ask(CREATE_API_KEY, role=roles["__super_admin_role__"])["createApiKey"]["apiKey"]
    connector = VendureConnector(Session(channel, {"api_key": key}, 10.0))
    assert isinstance(connector.push(items(stock("FURN_1", 21)))[100], Accepted)
    assert shop.stock("FURN_1") == 21
    with pytest.raises(NeedsAttention, match="Check the credential"):
        VendureConnector(Session(channel, {"api_key": "of-nobody"}, 10.0)).check()


def test_a_user_who_may_only_read_needs_attention_and_changes_nothing(
    shop: Shop, channel: Channel, connector: VendureConnector
) -> None:
    role = shop.ask(CREATE_ROLE, permissions=["ReadCatalog", "ReadStockLocation"])["createRole"]
    shop.ask(CREATE_ADMINISTRATOR, role=role["id"])
    connector.push(items(stock("FURN_1", 5)))
    credential = {"username": "reader@example.com", "password": "reader-password"}
    reader = VendureConnector(Session(channel, credential, 10.0))
    assert reader.read(items(stock("FURN_1", 6))) == {100: StockReading(aspect="stock", quantity=5)}
    with pytest.raises(NeedsAttention, match="permissions"):
        reader.push(items(stock("FURN_1", 6)))
    assert shop.stock("FURN_1") == 5


def test_the_address_of_the_public_api_is_told_from_the_right_one(shop: Shop, channel: Channel) -> None:
    settings = {"url": shop.url.replace("admin-api", "shop-api")}
    wrong = channel.model_copy(update={"settings": settings})
    with pytest.raises(NeedsAttention):
        VendureConnector(Session(wrong, {"username": shop.user, "password": shop.password}, 10.0)).check()


def test_a_shop_that_stops_is_down_and_takes_values_when_it_is_back(
    shop: Shop, connector: VendureConnector
) -> None:
    connector.check()
    shop.stop()
    try:
        with pytest.raises(ChannelDown):
            connector.push(items(stock("FURN_1", 17)))
    finally:
        shop.start()
    assert isinstance(connector.push(items(stock("FURN_1", 17)))[100], Accepted)
    assert shop.stock("FURN_1") == 17


def test_a_price_book_is_a_channel_of_the_shop_and_a_wrong_one_goes_nowhere(
    shop: Shop, connector: VendureConnector
) -> None:
    connector.push(items(price("FURN_8", "30.00")))
    nowhere = items(price("FURN_8", "25.00", book="b2b-token"))
    with pytest.raises(NeedsAttention, match="no channel with token 'b2b-token'"):
        connector.push(nowhere)
    assert shop.price("FURN_8") == Decimal("30.00")

    zone = shop.ask("{ zones { items { id } } }")["zones"]["items"][0]["id"]
    b2b = shop.ask(CREATE_CHANNEL, zone=zone)["createChannel"]["id"]
    [variant] = shop.ask(PRICES_IN, sku="FURN_8")["productVariants"]["items"]
    shop.ask(ASSIGN, channel=b2b, product=variant["productId"])
    assert isinstance(connector.push(nowhere)[100], Accepted)
    assert connector.read(nowhere) == {
        100: PriceReading(aspect="price", amount=Decimal("25.00"), currency="USD")
    }
    assert shop.price("FURN_8") == Decimal("30.00")
    with pytest.raises(NeedsAttention, match="token"):
        connector.push(items(price("FURN_8", "25.00", book="another-token")))
