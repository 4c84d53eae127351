"""A channel that says how much it takes: several workers keep to it together."""

from __future__ import annotations

import pytest

from lockgate.shop import Rule
from lockgate.testing.processes import System, wait_until
from lockgate.testing.values import stock


@pytest.mark.parametrize("kind", ["leaky_bucket", "fixed_window", "sliding_log", "points"])
def test_two_workers_together_keep_to_a_limit_and_all_is_confirmed(system: System, kind: str) -> None:
    calls = 400 if kind == "points" else 40
    system.channel.shop.follow(Rule(kind="limit", limit=kind, calls=calls, seconds=1))  # type: ignore[arg-type]
    system.odoo.add_channel("shop", url=system.channel.address, limit=f"{kind} {calls}/1")
    system.start("pacer")
    system.start("worker")
    system.start("worker")
    for number in range(2500):
        system.odoo.want("shop", stock(f"S{number}", number))
    system.settled()
    assert system.shown() == system.wanted()
    throttle = system.channel.shop.throttle
    assert throttle is not None
    assert throttle.answered >= 10
    assert throttle.refused == 0


def test_a_limit_that_nobody_declared_is_learnt_from_its_answers(system: System) -> None:
    system.channel.shop.follow(Rule(kind="limit", limit="fixed_window", calls=2, seconds=1))
    system.start("pacer")
    system.start("worker")
    for number in range(1500):
        system.odoo.want("shop", stock(f"S{number}", number))
    wait_until(lambda: system.redis.keys("lockgate:hold:*"), "the channel was left alone for a while")
    system.settled()
    assert system.shown() == system.wanted()
    throttle = system.channel.shop.throttle
    assert throttle is not None
    assert throttle.refused < throttle.answered / 2
