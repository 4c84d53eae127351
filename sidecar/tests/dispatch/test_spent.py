"""A run on a channel with a limit sends what the budget lets it, hands back the rest, says when to come."""

from __future__ import annotations

import pytest
from redis import Redis

from lockgate.allowance import Bucket
from lockgate.budget import Budget, hold_key
from lockgate.contract import Outcome, WorkClass
from lockgate.dispatch import MARKS_WAIT, Dispatch
from lockgate.limits import Pace
from lockgate.odoo import Gateway
from lockgate.retry import Policy
from lockgate.sessions import Sessions
from lockgate.settings import Credentials
from lockgate.signals import Signal, tell
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.scripted import Clock, Scripted, outcomes, routine
from lockgate.testing.values import stock


@pytest.fixture
def dispatch(odoo: FakeOdoo, connector: type[Scripted], clock: Clock, redis: Redis) -> Dispatch:
    connector.allowances = (Bucket(10, 0.001),)  # type: ignore[attr-defined]
    return Dispatch(
        Gateway(odoo, database=odoo.database, incarnation=1),
        Sessions(Credentials(None, {})),
        Pace(2000),
        Budget(redis, lambda: clock.boot),
        policy=Policy(draw=lambda _, most: most),
        boot=lambda: clock.boot,
        sleep=clock.sleep,
    )


def want(odoo: FakeOdoo, count: int) -> None:
    for number in range(count):
        odoo.want("shop", stock(f"S{number:02}"))


def test_without_budget_the_rest_is_handed_back_as_no_try_and_nobody_sleeps(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], clock: Clock
) -> None:
    want(odoo, 6)
    [nudge] = routine(dispatch)
    assert len(connector.sent) == 1
    assert outcomes(odoo) == [(Outcome.ACCEPTED, None)] * 2 + [(Outcome.RETRY, 0.0)] * 4
    assert [result.seconds for result in odoo.results[2:]] == [0.0] * 4
    assert (nudge.work_class, nudge.delay > 1.0) == (WorkClass.ROUTINE, True)
    assert clock.slept == []


@pytest.mark.parametrize("pause", [0.0, 600.0])
def test_while_nothing_may_be_sent_odoo_makes_values_now_and_then_and_leases_nothing(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], clock: Clock, pause: float
) -> None:
    want(odoo, 6)
    routine(dispatch)
    turns, sent = odoo.exchanges, len(connector.sent)
    for expected in (0, 0, 1, 1):
        [nudge] = dispatch.run("shop", WorkClass.ROUTINE, pause)
        assert nudge.delay > max(1.0, pause - 1.0)
        assert odoo.exchanges - turns == expected
        clock.boot += MARKS_WAIT * 0.6
    assert len(connector.sent) == sent
    assert all(each.state == "due" for each in odoo.publications.values())


def test_a_run_that_comes_a_moment_too_early_asks_odoo_for_nothing(
    odoo: FakeOdoo, dispatch: Dispatch, clock: Clock
) -> None:
    want(odoo, 6)
    routine(dispatch)
    clock.boot += 600.0
    turns = odoo.exchanges
    dispatch.run("shop", WorkClass.ROUTINE, 0.5)
    assert odoo.exchanges == turns


def test_what_is_leased_is_what_the_budget_can_send(
    odoo: FakeOdoo, dispatch: Dispatch, redis: Redis, clock: Clock
) -> None:
    want(odoo, 20)
    routine(dispatch)
    [key] = redis.keys("lockgate:budget:*")
    redis.hset(key, "tokens", 3.5)
    dispatch._budget._accounts["shop", None].left = 3.5
    clock.boot += 61.0
    before = len(odoo.results)
    routine(dispatch)
    assert [result.outcome for result in odoo.results[before:]] == [Outcome.ACCEPTED] * 6


def test_a_channel_that_asks_for_a_pause_gets_it_from_every_worker(
    odoo: FakeOdoo, dispatch: Dispatch, connector: type[Scripted], redis: Redis
) -> None:
    def pause(_: object) -> dict[int, object]:
        tell(Signal(hold=30.0))
        return {}

    connector.script.append(pause)
    want(odoo, 1)
    routine(dispatch)
    assert redis.pttl(hold_key("shop")) > 20_000
