"""Somebody who buys in the real shop, over its public API."""

import httpx

from stack.shop import Shop

PRODUCT = "query($slug: String!) { product(slug: $slug) { variants { id } } }"
ADD = """mutation($variant: ID!, $quantity: Int!) {
    addItemToOrder(productVariantId: $variant, quantity: $quantity) { __typename
    ... on InsufficientStockError { quantityAvailable } } }"""
CUSTOMER = """mutation { setCustomerForOrder(
    input: {firstName: "A", lastName: "Shopper", emailAddress: "shopper@example.com"}) { __typename } }"""
ADDRESS = """mutation { setOrderShippingAddress(
    input: {streetLine1: "1 Canal Street", countryCode: "US"}) { __typename } }"""
METHODS = "{ eligibleShippingMethods { id } }"
SHIP_BY = "mutation($method: [ID!]!) { setOrderShippingMethod(shippingMethodId: $method) { __typename } }"
CHECK_OUT = 'mutation { transitionOrderToState(state: "ArrangingPayment") { __typename } }'
PAY = """mutation { addPaymentToOrder(input: {method: "dummy-payment", metadata: {}}) {
    __typename ... on Order { state } } }"""


class Shopper:
    """One basket; a new shopper has a new one."""

    def __init__(self, shop: Shop) -> None:
        self._client = httpx.Client(base_url=shop.url.replace("admin-api", "shop-api"), timeout=30)

    def add(self, sku: str, quantity: int) -> int | None:
        """Put a product in the basket; return how many the shop offers when it has not that many."""
        [variant] = self._ask(PRODUCT, slug=sku.lower())["product"]["variants"]
        added = self._ask(ADD, variant=variant["id"], quantity=quantity)["addItemToOrder"]
        return added.get("quantityAvailable")

    def buy(self, sku: str, quantity: int) -> None:
        """Order and pay; the shop allocates the quantity until it ships."""
        assert self.add(sku, quantity) is None
        self._ask(CUSTOMER)
        self._ask(ADDRESS)
        self._ask(SHIP_BY, method=[self._ask(METHODS)["eligibleShippingMethods"][0]["id"]])
        self._ask(CHECK_OUT)
        paid = self._ask(PAY)["addPaymentToOrder"]
        assert paid.get("state") == "PaymentSettled", paid

    def _ask(self, document: str, **variables: object) -> dict:
        answer = self._client.post("", json={"query": document, "variables": variables})
        if session := answer.headers.get("vendure-auth-token"):  # given when the basket begins
            self._client.headers["authorization"] = f"Bearer {session}"
        data = answer.json()
        assert "errors" not in data, data
        return data["data"]
