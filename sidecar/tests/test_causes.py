"""Why a try did not end well: the cause that Odoo is told, by which it sorts what a person must decide."""

from __future__ import annotations

import pytest

from lockgate.contract import Aspect, Cause
from lockgate.errors import ChannelDown, ChannelError, NeedsAttention, Rejected, RetryLater, Unknown
from lockgate.results import cause_of
from lockgate.settings import Credentials
from lockgate.testing.server import ScriptedServer
from lockgate.wire import STATUS_ERRORS, Wire


@pytest.mark.parametrize(
    ("error", "aspect", "cause"),
    [
        (Rejected("below cost"), Aspect.PRICE, Cause.PRICE_REFUSED),
        (Rejected("too many"), Aspect.STOCK, Cause.STOCK_REFUSED),
        (Rejected("who?", cause=Cause.UNKNOWN_PRODUCT), Aspect.STOCK, Cause.UNKNOWN_PRODUCT),
        (NeedsAttention("no such location"), Aspect.STOCK, Cause.SETTINGS),
        (NeedsAttention("wrong key", cause=Cause.CREDENTIALS), Aspect.PRICE, Cause.CREDENTIALS),
        (RetryLater("odd"), Aspect.PRICE, Cause.BAD_ANSWER),
        (Unknown("silence"), Aspect.PRICE, Cause.NO_ANSWER),
        (ChannelDown("no route"), Aspect.PRICE, Cause.CHANNEL_DOWN),
        (KeyError("price"), Aspect.PRICE, Cause.INTERNAL),
        (TypeError("no outcome"), Aspect.STOCK, Cause.INTERNAL),
    ],
)
def test_an_error_has_one_cause(error: Exception, aspect: Aspect, cause: Cause) -> None:
    assert cause_of(error, aspect) == cause


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (302, Cause.SETTINGS),
        (400, Cause.BAD_ANSWER),
        (401, Cause.CREDENTIALS),
        (403, Cause.PERMISSION),
        (404, Cause.SETTINGS),
        (409, Cause.CONFLICT),
        (422, None),
        (429, Cause.RATE_LIMIT),
        (500, Cause.BAD_ANSWER),
        (503, Cause.CHANNEL_DOWN),
        (504, Cause.NO_ANSWER),
    ],
)
def test_a_status_has_one_cause(status: int, cause: Cause | None) -> None:
    assert asked(status).cause == cause


def test_a_refusal_that_is_a_page_is_a_bad_answer() -> None:
    assert asked(422, b"<html>oops</html>").cause == Cause.BAD_ANSWER


def test_html_where_json_was_due_is_a_bad_answer() -> None:
    assert asked(200, b"<html>oops</html>").cause == Cause.BAD_ANSWER


def test_a_404_that_a_connector_names_a_refusal_is_of_a_product_that_the_channel_does_not_know() -> None:
    assert asked(404, rejected=404).cause == Cause.UNKNOWN_PRODUCT


def test_a_conflict_that_a_connector_names_a_refusal_is_one_of_the_value() -> None:
    assert cause_of(asked(409, rejected=409), Aspect.STOCK) == Cause.STOCK_REFUSED


def test_a_credential_that_is_not_there_is_a_matter_of_credentials() -> None:
    with pytest.raises(NeedsAttention) as raised:
        Credentials(None, {}).find("shop")
    assert raised.value.cause == Cause.CREDENTIALS


def asked(status: int, body: bytes = b"{}", rejected: int | None = None) -> ChannelError:
    """The error of one request; `rejected` is a status of which a connector says that it refuses a value."""
    errors = {**STATUS_ERRORS, **({rejected: Rejected} if rejected else {})}
    with ScriptedServer(lambda *_: (status, body)) as server, pytest.raises(ChannelError) as raised:
        Wire(server.address, deadline=5, errors=errors).call("POST", "/", changes=True)
    return raised.value
