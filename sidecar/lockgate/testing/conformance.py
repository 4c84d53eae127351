"""What every connector must do, whatever its channel. A connector's tests subclass it:

    class TestMyShop(ConnectorConformance):
        @pytest.fixture
        def subject(self) -> Subject:
            return Subject(connector=MyShopConnector, channel=…, credential=…, prices=…, stocks=…, unknown=…)

The subject brings a channel that answers (a real one, or a fake) and values of listings that it has.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest

from lockgate.connectors.base import Accepted, Connector, Item, Session
from lockgate.contract import (
    Aspect,
    Cause,
    Channel,
    ComingPrice,
    ComingReading,
    PriceReading,
    PriceValue,
    StockReading,
    StockValue,
)
from lockgate.errors import ChannelDown, ChannelError, NeedsAttention, Rejected, RetryLater, Unknown
from lockgate.http import ANSWER_LIMIT
from lockgate.testing.server import Reply, ScriptedServer

PAGE = b"<html><body>It is not what you think</body></html>"
SECRET = "a-secret-that-nobody-may-read"


@dataclass(frozen=True)
class Subject:
    """A connector, and what it is tried on. At least two values of each aspect that it carries."""

    connector: type[Connector]
    channel: Channel
    prices: Sequence[PriceValue]
    stocks: Sequence[StockValue]
    unknown: PriceValue | StockValue  # of a listing that the channel does not have
    credential: dict[str, str] = field(default_factory=dict)
    address: str = "url"  # the setting that holds the channel's address

    def open(self, deadline: float = 10.0, **settings: Any) -> Connector:
        channel = self.channel.model_copy(update={"settings": {**self.channel.settings, **settings}})
        return self.connector(Session(channel, self.credential, deadline))

    @property
    def holds_ahead(self) -> bool:
        return self.connector.description.capabilities.scheduled_prices

    def expected(self, value: PriceValue | StockValue) -> PriceReading | StockReading:
        """What reads back once this value was taken."""
        if isinstance(value, StockValue):
            return StockReading(aspect="stock", quantity=value.quantity)
        ahead = tuple(
            ComingReading(amount=each.amount, currency=each.currency, starts=each.starts)
            for each in value.coming
        )
        return PriceReading(
            aspect="price",
            amount=value.amount,
            currency=value.currency,
            coming=ahead if self.holds_ahead else None,
        )

    def elsewhere(self, address: str, deadline: float = 10.0) -> Connector:
        """The connector, pointed at another address with the same path."""
        path = re.sub(r"^https?://[^/]+", "", str(self.channel.settings[self.address]))
        return self.open(deadline, **{self.address: address + path})


def items(values: Sequence[PriceValue | StockValue]) -> list[Item]:
    """Keys that are neither positions nor in order."""
    return [Item(1000 - 7 * number, value) for number, value in enumerate(values)]


@contextmanager
def opened(connector: Connector) -> Iterator[Connector]:
    try:
        yield connector
    finally:
        connector.close()


class ConnectorConformance:
    @pytest.fixture
    def subject(self) -> Subject:
        raise NotImplementedError("give the connector and what it is tried on")

    @pytest.fixture
    def batches(self, subject: Subject) -> list[list[Item]]:
        """A batch of each aspect that the connector carries."""
        carried = subject.connector.description.capabilities.aspects
        values: dict[Aspect, Sequence[PriceValue | StockValue]] = {
            Aspect.PRICE: subject.prices,
            Aspect.STOCK: subject.stocks,
        }
        assert all(len(values[aspect]) >= 2 for aspect in carried)
        return [items(values[aspect]) for aspect in carried]

    def test_its_settings_fit_the_schema_that_it_describes(self, subject: Subject) -> None:
        schema = subject.connector.description.settings_schema
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(subject.channel.settings, schema)

    def test_a_setting_that_does_not_fit_is_named(self, subject: Subject) -> None:
        with pytest.raises(NeedsAttention, match=subject.address):
            subject.open(**{subject.address: 5})

    def test_check_signs_in_and_says_so_in_a_sentence(self, subject: Subject) -> None:
        with opened(subject.open()) as connector:
            assert connector.check().endswith(".")

    def test_every_value_is_accepted_and_answered_by_its_key(
        self, subject: Subject, batches: list[list[Item]]
    ) -> None:
        with opened(subject.open()) as connector:
            for batch in batches:
                outcomes = connector.push(batch)
                assert set(outcomes) == {item.key for item in batch}
                assert all(isinstance(outcome, Accepted) for outcome in outcomes.values()), outcomes

    def test_what_was_pushed_is_read_back(self, subject: Subject, batches: list[list[Item]]) -> None:
        with opened(subject.open()) as connector:
            for batch in batches:
                connector.push(batch)
                assert connector.read(batch) == {item.key: subject.expected(item.value) for item in batch}

    def test_each_listing_gets_its_own_value_in_whatever_order(
        self, subject: Subject, batches: list[list[Item]]
    ) -> None:
        with opened(subject.open()) as connector:
            for batch in batches:
                connector.push(list(reversed(batch)))
                readings = connector.read(batch)
                assert [readings[item.key] for item in batch] == [
                    subject.expected(item.value) for item in batch
                ]

    def test_the_same_push_again_changes_nothing(self, subject: Subject, batches: list[list[Item]]) -> None:
        with opened(subject.open()) as connector:
            for batch in batches:
                connector.push(batch)
                once = connector.read(batch)
                outcomes = connector.push(batch)
                assert all(isinstance(outcome, Accepted) for outcome in outcomes.values()), outcomes
                assert connector.read(batch) == once

    def test_a_price_ahead_is_held_and_not_shown_until_it_is_replaced(self, subject: Subject) -> None:
        """Of a connector with `scheduled_prices`: what it holds ahead is what it was told last."""
        coming = [dated(price) for price in subject.prices] if subject.holds_ahead else []
        with opened(subject.open()) as connector:
            for values in (coming, subject.prices):
                batch = items(values)
                connector.push(batch)
                assert connector.read(batch) == {item.key: subject.expected(item.value) for item in batch}

    def test_nothing_to_send_is_nothing_sent(self, subject: Subject) -> None:
        with opened(subject.open()) as connector:
            assert connector.push([]) == {}
            assert connector.read([]) == {}

    def test_an_unknown_listing_is_refused_and_harms_no_other(self, subject: Subject) -> None:
        known = subject.prices if subject.unknown.aspect == "price" else subject.stocks
        batch = items([subject.unknown, *known])
        with opened(subject.open()) as connector:
            first, *others = [connector.push(batch)[item.key] for item in batch]
        assert isinstance(first, Rejected | NeedsAttention)
        assert subject.unknown.sku in first.message
        assert first.cause in (Cause.UNKNOWN_PRODUCT, Cause.MAPPING)
        assert all(isinstance(outcome, Accepted) for outcome in others), others

    def test_an_unknown_listing_reads_as_nothing(self, subject: Subject) -> None:
        [item] = items([subject.unknown])
        with opened(subject.open()) as connector:
            assert connector.read([item]) == {item.key: None}

    def test_a_channel_that_cannot_be_reached_is_down(
        self, subject: Subject, batches: list[list[Item]]
    ) -> None:
        with socket.socket() as reserved:  # bound and not listening: nothing can answer there
            reserved.bind(("127.0.0.1", 0))
            connector = subject.elsewhere(f"http://127.0.0.1:{reserved.getsockname()[1]}")
            with opened(connector):
                for batch in batches:
                    assert isinstance(whole(connector.push, batch), ChannelDown)
                    assert isinstance(whole(connector.read, batch), ChannelDown)
                with pytest.raises(ChannelDown):
                    connector.check()

    def test_html_is_no_answer(self, subject: Subject, batches: list[list[Item]]) -> None:
        with ScriptedServer(lambda *_: (200, PAGE)) as server, opened(subject.elsewhere(server.address)) as c:
            for batch in batches:
                assert isinstance(whole(c.push, batch), NeedsAttention)
                assert "HTML" in whole(c.push, batch).message
                assert whole(c.push, batch).cause == Cause.BAD_ANSWER

    @pytest.mark.parametrize("body", [b"null", b"5", b'"words"', b"[[1]]", b"[" * 100_000])
    def test_json_of_another_shape_is_a_bad_answer(
        self, subject: Subject, batches: list[list[Item]], body: bytes
    ) -> None:
        with ScriptedServer(lambda *_: (200, body)) as server, opened(subject.elsewhere(server.address)) as c:
            errors = [whole(call, batch) for batch in batches for call in (c.push, c.read)]
            with pytest.raises(NeedsAttention) as checked:
                c.check()
        for error in [*errors, checked.value]:
            assert isinstance(error, NeedsAttention)
            assert error.cause == Cause.BAD_ANSWER

    def test_an_answer_that_is_too_long_is_a_bad_answer(
        self, subject: Subject, batches: list[list[Item]]
    ) -> None:
        """To a read-back. Of a push it is not known what was taken, unless nothing was sent before."""
        long = b" " * (ANSWER_LIMIT + 1)
        with ScriptedServer(lambda *_: (200, long)) as server, opened(subject.elsewhere(server.address)) as c:
            for batch in batches:
                assert isinstance(whole(c.push, batch), Unknown | NeedsAttention)
                assert isinstance(whole(c.read, batch), NeedsAttention)
                assert {whole(call, batch).cause for call in (c.push, c.read)} == {Cause.BAD_ANSWER}

    def test_a_page_of_a_proxy_is_tried_again(self, subject: Subject, batches: list[list[Item]]) -> None:
        with ScriptedServer(lambda *_: (503, PAGE)) as server, opened(subject.elsewhere(server.address)) as c:
            for batch in batches:
                assert isinstance(whole(c.push, batch), RetryLater)

    def test_a_request_without_an_answer_is_never_taken_for_refused(
        self, subject: Subject, batches: list[list[Item]]
    ) -> None:
        with ScriptedServer(lambda *_: None) as server, opened(subject.elsewhere(server.address)) as c:
            for batch in batches:
                assert isinstance(whole(c.push, batch), Unknown | RetryLater)
                assert isinstance(whole(c.read, batch), RetryLater)

    def test_no_error_tells_a_secret(self, subject: Subject, batches: list[list[Item]]) -> None:
        credential = dict.fromkeys(subject.credential, SECRET)
        bold = replace(subject, credential=credential)

        def tells_the_secret(*_: object) -> Reply:
            return 400, b'{"error": "' + SECRET.encode() + b'"}'

        with ScriptedServer(tells_the_secret) as server, opened(bold.elsewhere(server.address)) as c:
            error = whole(c.push, batches[0])
            if credential:
                assert SECRET not in error.message + error.answer


def dated(price: PriceValue) -> PriceValue:
    """This price, and a higher one a year from now."""
    next_year = datetime.now(UTC).replace(microsecond=0) + timedelta(days=365)
    return price.model_copy(
        update={
            "coming": (
                ComingPrice(
                    amount=price.amount + 1,
                    currency=price.currency,
                    tax_included=price.tax_included,
                    breaks=(),
                    compare_at=None,
                    seal=price.seal + 1,
                    starts=next_year,
                    ends=None,
                ),
            )
        }
    )


def whole(call: Callable[[Sequence[Item]], Any], batch: list[Item]) -> ChannelError:
    """The error of a request, whether it was raised or given to each item."""
    try:
        outcomes = call(batch)
    except ChannelError as error:
        return error
    errors = [outcomes[item.key] for item in batch]
    assert all(isinstance(error, ChannelError) for error in errors), errors
    first: ChannelError = errors[0]
    return first
