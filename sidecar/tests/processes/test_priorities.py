"""Urgent work that never ends, on a channel that takes little: what is less urgent gets its share."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lockgate.contract import WorkClass
from lockgate.shop import Rule
from lockgate.testing.odoo import Publication
from lockgate.testing.outsiders import ONE_BY_ONE, install
from lockgate.testing.processes import System, wait_until
from lockgate.testing.values import stock

CALLS = 40
"""A second."""

URGENT = 40
"""Listings that want something new all the time: more than a run may send."""

BULK = 20
SHARE = 60
"""Of so many requests one is bulk's at least. One in ten runs for bulk is, and others run beside them."""


@pytest.fixture
def limited(tmp_path: Path, system: System) -> System:
    """A channel that takes forty requests a second, of one item each."""
    system.environment["PYTHONPATH"] = str(install(tmp_path / "outsiders"))
    system.channel.shop.follow(Rule(kind="limit", limit="sliding_log", calls=CALLS, seconds=1))
    limit = f"sliding_log {CALLS}/1"
    system.odoo.add_channel("shop", ONE_BY_ONE, url=system.channel.address, limit=limit)
    return system


@pytest.mark.parametrize("urgent", [WorkClass.CRITICAL, WorkClass.ROUTINE])
def test_bulk_gets_through_while_more_urgent_work_never_ends(limited: System, urgent: WorkClass) -> None:
    odoo, history = limited.odoo, limited.channel.shop.history
    endless = [odoo.want("shop", stock(f"U{number:02}", 0), urgent) for number in range(URGENT)]
    bulk = [odoo.want("shop", stock(f"B{number:02}"), WorkClass.BULK) for number in range(BULK)]
    over = threading.Event()
    threading.Thread(target=keep_wanting, args=(limited, endless, urgent, over), daemon=True).start()
    try:
        limited.start("pacer")
        limited.start("worker")
        bound = BULK * SHARE
        wait_until(
            lambda: all(each.settled for each in bulk) or len(history) > bound, "an end", 4 * bound / CALLS
        )
        assert all(each.settled for each in bulk), f"not within {bound} requests"
        assert any(not each.settled for each in endless), "urgent work waited all the while"
    finally:
        over.set()


def keep_wanting(
    system: System, endless: list[Publication], urgent: WorkClass, over: threading.Event
) -> None:
    while not over.wait(0.05):
        for each in endless:
            if each.settled:
                system.odoo.want("shop", stock(each.wanted.sku, each.version), urgent)
