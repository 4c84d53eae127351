"""Speaking GraphQL to a Vendure shop: signing in, looking up, updating, and what its errors mean.

Vendure says most of what goes wrong with HTTP 200 and `errors[].extensions.code`, a session that it has
forgotten too. `lockgate.wire` knows the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lockgate.connectors.base import Item, Session
from lockgate.contract import Aspect, Cause
from lockgate.errors import ChannelError, NeedsAttention, Rejected, RetryLater
from lockgate.wire import Answer, Wire

GRAPHQL_ERRORS: dict[str, type[ChannelError]] = {
    "FORBIDDEN": NeedsAttention,
    "UNAUTHORIZED": NeedsAttention,
    "CHANNEL_NOT_FOUND": NeedsAttention,
    "GRAPHQL_PARSE_FAILED": NeedsAttention,
    "GRAPHQL_VALIDATION_FAILED": NeedsAttention,
    "BAD_USER_INPUT": Rejected,
    "USER_INPUT_ERROR": Rejected,
    "ENTITY_NOT_FOUND": Rejected,
    "ILLEGAL_OPERATION": Rejected,
    "INTERNAL_SERVER_ERROR": RetryLater,
}
"""Code → error. Another code, or none (an error of its database has none), is tried again."""

CAUSES = {
    "FORBIDDEN": Cause.PERMISSION,
    "UNAUTHORIZED": Cause.CREDENTIALS,
    "CHANNEL_NOT_FOUND": Cause.MAPPING,
    "GRAPHQL_PARSE_FAILED": Cause.BAD_ANSWER,
    "GRAPHQL_VALIDATION_FAILED": Cause.BAD_ANSWER,
    "ENTITY_NOT_FOUND": Cause.UNKNOWN_PRODUCT,
}
"""Code → why, where the error's usual cause is not it."""

ADVICE = {
    "FORBIDDEN": " Check the credential, and the permissions that its role has in the shop.",
    "CHANNEL_NOT_FOUND": " Correct the channel token in the settings, or the price book's reference.",
}

LOOK_UP = """query($skip: Int!, $skus: [String!]!, $ids: [String!]!) {
  activeChannel { token pricesIncludeTax availableCurrencyCodes } %s
  productVariants(options: {skip: $skip, sort: {id: ASC}, filterOperator: OR,
                            filter: {sku: {in: $skus}, id: {in: $ids}}}) {
    totalItems items { id sku %s } } }"""
DECIMALS = "globalSettings { serverConfig { moneyStrategyPrecision } }"
LOCATIONS = "stockLocations { items { id name } }"
LOOK_UPS = {
    Aspect.PRICE: LOOK_UP % (DECIMALS, "prices { price currencyCode }"),
    Aspect.STOCK: LOOK_UP % (LOCATIONS, "stockLevels { stockLocationId stockOnHand }"),
}
UPDATE = "mutation($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id sku } }"
CHECK = "{ activeChannel { code } productVariants(options: {take: 1}) { totalItems } }"

LOGIN = """mutation($username: String!, $password: String!) {
  login(username: $username, password: $password) {
    ... on CurrentUser { id } ... on ErrorResult { errorCode } } }"""


MOST_PAGES = 20
"""Answers that one look-up may take: a list that never ends would hold a run for good."""


class Refused(RetryLater):
    """The shop did nothing, because of something in the request; `error` is what it means if it is alone."""

    def __init__(self, error: ChannelError) -> None:
        super().__init__(error.message, answer=error.answer, request_id=error.request_id, cause=error.cause)
        self.error = error


class Shown:
    """What a look-up found, matched by the listing's reference (the variant's id) or else by its SKU."""

    def __init__(self, facts: dict[str, Any], found: Iterable[dict[str, Any]]) -> None:
        self.facts = facts
        self._found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for variant in found:
            self._found["id", variant["id"]].append(variant)
            self._found["sku", variant["sku"]].append(variant)

    @property
    def decimals(self) -> int:
        """How many digits of the shop's integers stand behind the point."""
        return int(self.facts["globalSettings"]["serverConfig"]["moneyStrategyPrecision"])

    def variants(self, item: Item) -> list[dict[str, Any]]:
        reference = item.value.reference
        return self._found.get(("id", reference) if reference else ("sku", item.value.sku), [])

    def variant(self, item: Item) -> dict[str, Any]:
        """Raises Rejected when there is none, NeedsAttention when a SKU is not one product's alone."""
        found = self.variants(item)
        if len(found) == 1:
            return found[0]
        sku, reference = item.value.sku, item.value.reference
        if found:
            raise NeedsAttention(
                f"The shop has {len(found)} products with SKU {sku}. Give each its own SKU in the shop, or "
                "enter the variant's id as the listing's reference, then press Retry.",
                cause=Cause.MAPPING,
            )
        if reference:
            raise Rejected(
                f"The shop has no product variant with id {reference} (SKU {sku}). Correct or clear the "
                "listing's reference, then press Retry.",
                answer=f"productVariants: no item with the id {reference}",
                cause=Cause.UNKNOWN_PRODUCT,
            )
        raise Rejected(
            f"The shop has no product with SKU {sku}. Correct the channel SKU on the listing, "
            "then press Retry.",
            answer=f"productVariants: no item with the SKU {sku}",
            cause=Cause.UNKNOWN_PRODUCT,
        )


class Api:
    """One Admin API. Each request may take `deadline` seconds in all; `token` names the shop's channel."""

    def __init__(self, url: str, session: Session, deadline: float) -> None:
        self._credential = session.credential
        self._name = session.channel.credential
        self._wire = Wire(url, deadline=deadline, secrets=session.credential.values())
        if api_key := session.credential.get("api_key"):
            self._wire.headers["vendure-api-key"] = api_key
        self.reading = self._wire.reading

    def check(self, token: str | None) -> tuple[str, int]:
        """The code of the shop's channel, and how many variants it has."""
        data = self._query(CHECK, {}, token)
        return data["activeChannel"]["code"], data["productVariants"]["totalItems"]

    def look_up(self, token: str | None, items: Sequence[Item]) -> Shown:
        """Ask for every item at once; a reference that the shop can't even read must not stop the others."""
        document = LOOK_UPS[Aspect(items[0].value.aspect)]
        references = sorted({item.value.reference for item in items if item.value.reference})
        skus = sorted({item.value.sku for item in items if not item.value.reference})
        try:
            return Shown(*self._find(document, token, skus, references))
        except Refused:
            if not references:
                raise
        facts, found = self._find(document, token, skus, [])
        for reference in references:
            try:
                found += self._find(document, token, [], [reference])[1]
            except Refused:
                continue  # its item gets "no product variant with id …"
        return Shown(facts, found)

    def _find(
        self, document: str, token: str | None, skus: list[str], ids: list[str]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The shop's facts, and the variants that have one of the SKUs or of the ids."""
        found: list[dict[str, Any]] = []
        for _page in range(MOST_PAGES):  # the shop caps what one answer lists
            data = self._query(document, {"skus": skus, "ids": ids, "skip": len(found)}, token)
            if token not in (None, data["activeChannel"]["token"]):
                # A shop with a single channel takes any token for it.
                raise NeedsAttention(
                    f"The shop has no channel with token {token!r}. Correct the channel token in the "
                    "settings, or the price book's reference, then press Retry.",
                    cause=Cause.MAPPING,
                )
            page = data["productVariants"]
            found += page["items"]
            if len(found) >= page["totalItems"] or not page["items"]:
                return data, found
        raise NeedsAttention(
            f"The shop lists more than {len(found)} products where {len(skus) + len(ids)} were asked for. "
            "Look for SKUs that many products have, and give each its own.",
            cause=Cause.BAD_ANSWER,
        )

    def update(self, rows: Sequence[Mapping[str, Any]], token: str | None) -> tuple[dict[str, str], Answer]:
        """All of the rows or none; the SKU of each variant that was updated, by its id.

        Raises Refused when a row is to blame, other ChannelErrors for the rest.
        """
        answer = self._call(UPDATE, {"input": list(rows)}, token, changes=True)
        return {row["id"]: row["sku"] for row in answer.data["data"]["updateProductVariants"]}, answer

    def close(self) -> None:
        self._wire.close()

    def _query(self, document: str, variables: Mapping[str, Any], token: str | None) -> dict[str, Any]:
        """The data of the answer."""
        answer = self._call(document, variables, token, changes=False)
        data: dict[str, Any] = answer.data["data"]
        return data

    def _call(
        self, document: str, variables: Mapping[str, Any], token: str | None, *, changes: bool
    ) -> Answer:
        """Signs in when there is no session yet, and once more when the shop has forgotten it.

        Raises Refused and other ChannelErrors.
        """
        headers = {"vendure-token": token} if token else {}
        payload = {"query": document, "variables": variables}
        signed_in_now = self._sign_in()
        answer = self._wire.call("POST", "", payload, changes=changes, headers=headers)
        if error_code(answer) == "FORBIDDEN" and not signed_in_now:
            self._wire.headers.pop("authorization", None)
            if self._sign_in():
                answer = self._wire.call("POST", "", payload, changes=changes, headers=headers)
        raise_graphql_error(answer)
        return answer

    def _sign_in(self) -> bool:
        """Tells whether it had to; an API key needs no session."""
        if "authorization" in self._wire.headers or "vendure-api-key" in self._wire.headers:
            return False
        if not {"username", "password"} <= set(self._credential):
            raise NeedsAttention(
                f"The credential {self._name!r} holds neither `username` and `password` nor `api_key`. "
                "Add them where the sidecar keeps its credentials, then press Retry.",
                cause=Cause.CREDENTIALS,
            )
        login = {name: self._credential[name] for name in ("username", "password")}
        answer = self._wire.call("POST", "", {"query": LOGIN, "variables": login}, changes=False)
        raise_graphql_error(answer)
        session = answer.headers.get("vendure-auth-token")
        if "errorCode" in answer.data["data"]["login"]:
            raise NeedsAttention(
                f"The shop refused the user name and password of the credential {self._name!r}. "
                "Correct them where the sidecar keeps its credentials, then press Retry.",
                answer=answer.text,
                cause=Cause.CREDENTIALS,
            )
        if not session:
            raise NeedsAttention(
                "The shop gives no session token. Let its `tokenMethod` include 'bearer', or use an API key.",
                answer=answer.text,
            )
        self._wire.headers["authorization"] = f"Bearer {session}"
        return True


def error_code(answer: Answer) -> str | None:
    """The code of the first GraphQL error; none when there is no error."""
    if not isinstance(answer.data, dict) or not {"data", "errors"} & set(answer.data):
        raise NeedsAttention(
            "The answer is not Vendure's. Correct the address in the settings: it ends in /admin-api.",
            answer=answer.text,
            request_id=answer.request_id,
            cause=Cause.BAD_ANSWER,
        )
    errors = answer.data.get("errors")
    return str(errors[0].get("extensions", {}).get("code", "an error without a code")) if errors else None


def raise_graphql_error(answer: Answer) -> None:
    """Raises NeedsAttention when the whole channel needs it, and Refused for the rest."""
    code = error_code(answer)
    if code is None:
        return
    words = str(answer.data["errors"][0].get("message", "")).rstrip(".")
    kind = GRAPHQL_ERRORS.get(code, RetryLater)
    message = f"The shop answered {code}: {words}.{ADVICE.get(code, '')}"
    error = kind(message, answer=answer.text, request_id=answer.request_id, cause=CAUSES.get(code))
    raise error if kind is NeedsAttention else Refused(error)
