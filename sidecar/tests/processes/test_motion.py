"""From a commit to the channel and back, through a pacer and a worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lockgate.contract import StockReading, WorkClass
from lockgate.fake import FakeChannel
from lockgate.shop import Rule
from lockgate.testing.processes import System, wait_until
from lockgate.testing.values import price, stock


def test_a_wake_becomes_a_push_and_is_confirmed(system: System) -> None:
    system.start("pacer", LOCKGATE_POLL_SECONDS="60")
    system.start("worker")
    wait_until(lambda: system.odoo.connectors, "the connectors were registered")
    first = system.odoo.want("shop", price("A", "9.99"))
    second = system.odoo.want("shop", stock("A", 3), WorkClass.CRITICAL)
    system.settled()
    assert (first.confirmed, second.confirmed) == (first.wanted, second.wanted)
    assert system.channel.shop.listings["A"]["price"] == "9.99"
    assert "demo" in system.odoo.connectors


def test_work_that_nobody_told_of_is_found_by_polling(system: System) -> None:
    system.odoo.wake = None
    system.start("pacer")
    system.start("worker")
    for work_class in WorkClass:
        system.odoo.want("shop", stock(work_class), work_class)
    system.settled()


def test_what_falls_due_by_time_is_found_when_it_does_however_seldom_odoo_is_asked(system: System) -> None:
    system.odoo.wake = None
    system.start("pacer", LOCKGATE_POLL_SECONDS="60")
    system.start("worker")
    wait_until(lambda: system.odoo.connectors, "the connectors were registered")
    system.odoo.want("shop", stock("A")).due_at = time.monotonic() + 2.0
    system.redis.publish("lockgate:wake:fake-database", "*")  # it asks, and hears when
    system.settled()


def test_many_changes_of_one_listing_become_few_pushes(system: System) -> None:
    system.start("pacer")
    system.start("worker")
    system.slow(0.05)
    for quantity in range(200):
        system.odoo.want("shop", stock("A", quantity))
    system.settled()
    assert system.shown() == {"A": 199}
    assert len(system.channel.shop.history) < 100


def test_a_refused_sku_is_told_and_harms_no_other(system: System) -> None:
    system.channel.shop.rules.append(Rule(kind="refuse", sku="B", reason="not in the catalogue"))
    system.start("pacer")
    system.start("worker")
    good, bad = system.odoo.want("shop", stock("A")), system.odoo.want("shop", stock("B"))
    wait_until(lambda: good.settled and bad.state == "blocked", "one was confirmed and one was blocked")
    assert "not in the catalogue" in bad.message


def test_a_failing_channel_heals_by_itself(system: System) -> None:
    system.channel.shop.rules.append(Rule(kind="fail", status=503, retry_after=0.1, times=3))
    system.start("pacer")
    system.start("worker")
    wanted = system.odoo.want("shop", stock("A", 4))
    system.settled()
    assert wanted.confirmed == stock("A", 4)
    assert len(system.channel.shop.history) == 4


def test_busy_answers_delay_and_lose_nothing(system: System) -> None:
    system.start("pacer")
    system.start("worker")
    system.odoo.busy = 7
    for number in range(20):
        system.odoo.want("shop", stock(f"S{number}", number))
    system.settled()
    assert system.shown() == system.wanted()


def test_channels_that_hang_take_nothing_from_the_others(system: System) -> None:
    system.odoo.deadline = 60.0
    system.channel.shop.rules.append(Rule(kind="hang", seconds=60))
    hanging = [f"hanging{number}" for number in range(4)]
    for code in hanging:
        system.odoo.add_channel(code, url=system.channel.address)
    with listening() as well:
        system.odoo.add_channel("well", url=well.address)
        system.start("pacer")
        system.start("worker")
        for requests in (4, 6):  # two of each are let out; so many are as many as there are seats
            for code in hanging:
                system.odoo.want(code, stock(f"{code}-{requests}"))
            wait_until(lambda least=requests: system.channel.shop.requests >= least, "they hang")  # type: ignore[misc]
        wanted = [system.odoo.want("well", stock(f"S{number}")) for number in range(10)]
        wait_until(lambda: all(each.settled for each in wanted), "the other channel was served")
    assert len(system.odoo.results) == len(wanted), "the others still hang"


@contextmanager
def listening() -> Iterator[FakeChannel]:
    """Another fake channel."""
    other = FakeChannel("127.0.0.1", 0)
    threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield other
    other.shutdown()
    other.server_close()


def test_over_odoorpc_it_works_the_same(system: System) -> None:
    rpc = {
        "LOCKGATE_ODOO_TRANSPORT": "odoorpc",
        "LOCKGATE_ODOO_LOGIN": "lockgate",
        "LOCKGATE_ODOO_DATABASE": "main",
    }
    system.start("pacer", **rpc)
    system.start("worker", **rpc)
    wanted = system.odoo.want("shop", stock("A", 6))
    system.settled()
    assert wanted.confirmed == stock("A", 6)
    assert StockReading(aspect="stock", quantity=6).quantity == system.shown()["A"]
