"""Answers of a channel that make no sense: said in words, tried a bounded number of times, nothing lost."""

from __future__ import annotations

import time

import pytest

from lockgate.contract import Cause, Outcome
from lockgate.shop import Rule
from lockgate.testing.processes import System, wait_until
from lockgate.testing.values import stock

TEN_YEARS = 10 * 31_557_600


@pytest.fixture
def started(system: System) -> System:
    system.start("pacer")
    system.start("worker")
    wait_until(lambda: system.odoo.connectors, "the connectors were registered")
    return system


@pytest.mark.parametrize(
    ("status", "after"), [(429, "-5"), (429, "Thu, 01 Jan 1970 00:00:00 GMT"), (503, "-5"), (503, "nan")]
)
def test_a_wish_to_wait_that_makes_no_sense_is_no_wish(started: System, status: int, after: str) -> None:
    started.channel.shop.rules.append(Rule(kind="fail", status=status, retry_after=after, times=2))
    for quantity in range(3):
        started.odoo.want("shop", stock("A", quantity))
    started.settled()
    assert started.shown() == {"A": 2}
    failed = [result for result in started.odoo.results if result.outcome == Outcome.RETRY and result.seconds]
    assert len(failed) == 2
    assert all(f"(HTTP {status})" in result.message and result.retry_after for result in failed)


def test_a_wish_to_wait_ten_years_ends_in_a_quarter_of_an_hour_and_the_newest_value_is_kept(
    started: System,
) -> None:
    started.channel.shop.rules.append(Rule(kind="fail", status=429, retry_after=TEN_YEARS, times=1))
    first = started.odoo.want("shop", stock("A", 1))
    wait_until(lambda: started.odoo.results, "the channel asked to wait")
    [told] = started.odoo.results
    assert (told.outcome, told.cause, told.retry_after) == (Outcome.RETRY, Cause.RATE_LIMIT, 900.0)
    [hold] = started.redis.keys("lockgate:hold:*")
    assert started.redis.pttl(hold) <= 900_000
    started.odoo.want("shop", stock("A", 2))
    assert first.due_at > time.monotonic() + 800, "the newer value waits as well"
    started.odoo.pass_time(900)
    started.redis.delete(hold)  # its time is over, and another worker comes
    started.processes[1].kill()
    started.start("worker")
    started.settled()
    assert first.confirmed == stock("A", 2)
    assert len(started.channel.shop.history) == 2


def test_a_redirect_is_an_exception_and_the_next_value_goes_out(started: System) -> None:
    started.channel.shop.rules.append(Rule(kind="fail", status=307, times=1))
    wanted = started.odoo.want("shop", stock("A", 1))
    wait_until(lambda: wanted.state == "blocked", "a person is to decide")
    [told] = started.odoo.results
    assert (told.outcome, told.cause) == (Outcome.ATTENTION, Cause.SETTINGS)
    assert f"redirects to {started.channel.address}, where nothing is sent" in told.message
    started.odoo.want("shop", stock("A", 2))
    started.settled()
    assert started.shown() == {"A": 2}


def test_a_tls_failure_is_a_channel_that_is_down_until_its_address_is_mended(started: System) -> None:
    started.odoo.add_channel("shop", url=started.channel.address.replace("http:", "https:"))
    for quantity in range(20):
        started.odoo.want("shop", stock("A", quantity))
    wait_until(lambda: len(started.odoo.results) >= 2, "it was tried twice")
    assert {result.outcome for result in started.odoo.results} <= {Outcome.DOWN, Outcome.RETRY}
    assert any("SSL" in result.message for result in started.odoo.results)
    assert len(started.odoo.results) < 10
    started.odoo.add_channel("shop", url=started.channel.address)
    started.settled()
    assert started.shown() == {"A": 19}
