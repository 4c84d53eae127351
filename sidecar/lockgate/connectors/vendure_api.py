"""Speaking GraphQL to a Vendure shop: signing in, and what its errors mean.

Vendure says most of what goes wrong with HTTP 200 and `errors[].extensions.code`, a token that it has forgotten
too; `lockgate.wire` knows the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.connectors.base import Session
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
"""`errors[].extensions.code` → error. Vendure answers them with HTTP 200; a code not here is tried again."""

ADVICE = {
    "FORBIDDEN": " Check the credential, and the permissions that its role has in the shop.",
    "CHANNEL_NOT_FOUND": " Correct the channel token in the channel's settings or the price book's reference.",
}

LOGIN = """mutation($user: String!, $password: String!) { login(username: $user, password: $password) {
  ... on CurrentUser { id } ... on ErrorResult { errorCode } } }"""

class Api:
    """One Admin API. Every request may take `deadline` seconds in all."""

    def __init__(self, url: str, session: Session, deadline: float) -> None:
        self._credential = session.credential
        self._name = session.channel.credential
        self._wire = Wire(url, deadline=deadline, secrets=session.credential.values())
        if api_key := session.credential.get("api_key"):
            self._wire.headers["vendure-api-key"] = api_key

    def _ask(self, document: str, variables: Mapping[str, Any], token: str | None) -> dict[str, Any]:
        """The data of a query."""
        answer = self._call(document, variables, token, changes=False)
        if error := graphql_error(answer):
            raise error
        data: dict[str, Any] = answer.data["data"]
        return data

    def _call(
        self, document: str, variables: Mapping[str, Any], token: str | None, *, changes: bool
    ) -> Answer:
        """Signs in when there is no session yet, and once more when the shop has forgotten it."""
        headers = {"vendure-token": token} if token else {}
        payload = {"query": document, "variables": variables}
        fresh = self._sign_in()
        answer = self._wire.call("POST", "", payload, changes=changes, headers=headers)
        if error_code(answer) == "FORBIDDEN" and not fresh:
            self._wire.headers.pop("authorization", None)
            if self._sign_in():
                answer = self._wire.call("POST", "", payload, changes=changes, headers=headers)
        return answer

    def _sign_in(self) -> bool:
        """Tells whether it had to; an API key needs no session."""
        if "authorization" in self._wire.headers or "vendure-api-key" in self._wire.headers:
            return False
        try:
            login = {"user": self._credential["user"], "password": self._credential["password"]}
        except KeyError as error:
            raise NeedsAttention(
                f"The credential {self._name!r} has no {error}: give `user` and `password`, or `api_key`."
            ) from None
        answer = self._wire.call("POST", "", {"query": LOGIN, "variables": login}, changes=False)
        if error := graphql_error(answer):
            raise error
        session = answer.headers.get("vendure-auth-token")
        if "errorCode" in answer.data["data"]["login"] or not session:
            raise NeedsAttention(
                f"The shop refused the user and password of the credential {self._name!r}. Correct them where the "
                "sidecar keeps its credentials, then press Retry.",
                answer=answer.text,
            )
        self._wire.headers["authorization"] = f"Bearer {session}"
        return True


def error_code(answer: Answer) -> str | None:
    """The code of the first GraphQL error; none when there is no error."""
    if not isinstance(answer.data, dict) or not ("data" in answer.data or "errors" in answer.data):
        raise NeedsAttention(
            "The answer is not Vendure's. Check the address in the channel's settings; it ends in /admin-api.",
            answer=answer.text,
        )
    errors = answer.data.get("errors")
    return str(errors[0].get("extensions", {}).get("code", "without a code")) if errors else None


def graphql_error(answer: Answer) -> ChannelError | None:
    code = error_code(answer)
    if code is None:
        return None
    words = str(answer.data["errors"][0].get("message", "")).rstrip(".")
    advice = ADVICE.get(code, "")
    return GRAPHQL_ERRORS.get(code, RetryLater)(
        f"The shop answered {code}: {words}.{advice}", answer=answer.text, request_id=answer.request_id
    )
