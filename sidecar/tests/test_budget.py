"""What may be asked of a channel, by all workers together: two `Budget`s on one Redis are two processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from redis import Redis

from lockgate.allowance import Allowance, Bucket, Window
from lockgate.broker import connect
from lockgate.budget import Budget, hold_key
from lockgate.connectors.base import Session
from lockgate.contract import Channel, Purpose, WorkClass
from lockgate.sessions import Opened
from lockgate.signals import Heard
from lockgate.testing.scripted import scripted

PUSH = Purpose.PUSH
SLOW = Bucket(size=10, per_second=0.001)
"""Nothing comes back while a test runs."""


def opened(*allowances: Allowance, channel: str = "shop", credential: str | None = None) -> Opened:
    session = Session(
        Channel(code=channel, connector="scripted", credential=credential, settings={}), {}, 5.0
    )
    connector = scripted()(session)
    if allowances:
        connector.allowances = allowances  # type: ignore[attr-defined]
    return Opened(session, connector)


def fill(redis: Redis, shop: Opened, budget: Budget) -> None:
    """As if the channel had not been asked for long."""
    budget.take(shop, WorkClass.CRITICAL, PUSH)
    for key in redis.keys("lockgate:budget:*"):
        if redis.hexists(key, "tokens"):
            redis.hset(key, "tokens", 1e6)
        elif redis.hexists(key, "at"):
            moment = redis.hget(key, "at")
            redis.delete(key)
            redis.hset(key, "at", moment)


def taken(budget: Budget, shop: Opened, most: int = 100, work_class: WorkClass = WorkClass.CRITICAL) -> int:
    """How many requests may start now."""
    return next((count for count in range(most) if not budget.take(shop, work_class, PUSH)), most)


@pytest.mark.parametrize(
    ("allowance", "requests"), [(SLOW, 9), (Window(10, 3600.0), 10)]
)  # a tenth of a bucket is spare
def test_all_workers_together_take_what_is_allowed(redis: Redis, allowance: Allowance, requests: int) -> None:
    here, there = Budget(redis), Budget(redis)
    shop = opened(allowance)
    fill(redis, shop, here)
    alone = [here.take(shop, WorkClass.CRITICAL, PUSH) for _ in range(4)]
    assert all(alone)
    assert 4 + taken(there, shop) == requests
    assert not here.take(shop, WorkClass.CRITICAL, PUSH)


def test_a_budget_is_of_a_credential_and_of_no_other(redis: Redis) -> None:
    budget = Budget(redis)
    one, same = opened(SLOW, channel="one", credential="c"), opened(SLOW, channel="same", credential="c")
    other = opened(SLOW, channel="other", credential="d")
    assert budget.take(one, WorkClass.CRITICAL, PUSH)
    assert not budget.take(same, WorkClass.CRITICAL, PUSH)
    assert budget.take(other, WorkClass.CRITICAL, PUSH)


def test_two_credentials_of_one_channel_have_a_budget_each_and_its_leases_follow_both(redis: Redis) -> None:
    budget = Budget(redis)
    prices, counts = opened(SLOW, credential="shop"), opened(SLOW, credential="shop.stock")
    fill(redis, counts, Budget(redis))
    fill(redis, prices, budget)
    [key] = redis.keys("lockgate:budget:credential:shop.stock:*")
    redis.hincrbyfloat(key, "at", -5.0)  # stock was not sent for a while, and prices were
    assert taken(budget, counts) == 9
    assert budget.wait("shop", WorkClass.CRITICAL) > 0
    assert budget.rows("shop", WorkClass.CRITICAL) == 0
    assert taken(budget, prices) == 9


def test_a_budget_of_a_channel_is_not_its_credential_s(redis: Redis) -> None:
    budget, mine = Budget(redis), Bucket(10, 0.001, per="channel")
    assert budget.take(opened(mine, channel="one", credential="c"), WorkClass.CRITICAL, PUSH)
    assert budget.take(opened(mine, channel="two", credential="c"), WorkClass.CRITICAL, PUSH)


def test_of_several_allowances_the_smallest_counts_and_none_is_spent_in_vain(redis: Redis) -> None:
    budget, shop = Budget(redis), opened(Bucket(100, 0.001), Window(3, 3600.0))
    fill(redis, shop, budget)
    assert taken(budget, shop) == 3
    [tokens] = [
        float(redis.hget(k, "tokens")) for k in redis.keys("lockgate:budget:*") if redis.hexists(k, "tokens")
    ]
    assert tokens == pytest.approx(90 - 3, abs=0.1)


def test_a_channel_without_a_limit_never_asks_redis() -> None:
    budget = Budget(connect("unix:///nowhere/redis.sock"))
    assert budget.take(opened(), WorkClass.BULK, PUSH)
    assert budget.rows("shop", WorkClass.BULK) is None
    assert budget.wait("shop", WorkClass.BULK) == 0.0


def test_a_batch_costs_one_round_trip(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    budget, shop = Budget(redis), opened(SLOW, Window(100, 3600.0))
    budget.take(shop, WorkClass.ROUTINE, PUSH)  # the script is loaded
    commands: list[object] = []
    usual = Redis.execute_command
    monkeypatch.setattr(
        Redis, "execute_command", lambda self, *a, **k: commands.append(a[0]) or usual(self, *a, **k)
    )
    budget.take(shop, WorkClass.ROUTINE, PUSH)
    budget.learn(shop.session, PUSH, Heard(requests=3, remaining=5.0))
    assert commands == ["EVALSHA"]


@pytest.mark.parametrize("allowance", [Bucket(40, 0.001), Window(40, 3600.0)])
def test_a_flush_lets_a_single_request_through_not_a_full_budget(redis: Redis, allowance: Allowance) -> None:
    budgets, shop = [Budget(redis) for _ in range(4)], opened(allowance)
    fill(redis, shop, budgets[0])
    assert all(budget.take(shop, WorkClass.CRITICAL, PUSH) for budget in budgets)
    redis.flushall()
    assert sum(taken(budget, shop) for budget in budgets) == 1


@pytest.mark.parametrize("allowance", [Bucket(40, 1.0), Window(40, 40.0)])
def test_an_old_snapshot_of_redis_is_taken_for_spent(redis: Redis, allowance: Allowance) -> None:
    clock = [0.0]
    budget, shop = Budget(redis, lambda: clock[0]), opened(allowance)
    fill(redis, shop, budget)
    for key in redis.keys("lockgate:budget:*:0"):
        redis.hset(key, "at", float(redis.hget(key, "at")) - 3600)  # of an hour ago, when all was there
    assert taken(budget, shop) == 1


def test_what_was_spent_comes_back_as_documented(redis: Redis) -> None:
    budget, shop = Budget(redis), opened(Bucket(40, 50.0))
    assert taken(budget, shop, most=1) == 1
    assert wait_for(lambda: taken(budget, shop, most=1) == 1)
    window = opened(Window(20, 0.2), channel="another")
    assert wait_for(lambda: taken(budget, window) > 0)
    assert wait_for(lambda: taken(budget, window) > 0)


def wait_for(condition: Callable[[], bool]) -> bool:
    tick = threading.Event()
    return any(condition() or tick.wait(0.01) for _ in range(1000))


def test_a_wish_to_wait_holds_every_worker(redis: Redis) -> None:
    here, there = Budget(redis), Budget(redis)
    shop, same_credential = opened(SLOW, credential="c"), opened(SLOW, channel="two", credential="c")
    fill(redis, shop, here)
    here.learn(shop.session, PUSH, Heard(requests=1, hold=60.0))
    assert not there.take(shop, WorkClass.CRITICAL, PUSH)
    assert not there.take(same_credential, WorkClass.CRITICAL, PUSH)
    assert 50.0 < there.wait("shop", WorkClass.BULK) <= 60.0
    assert 50.0 < here.wait("shop", WorkClass.CRITICAL) <= 60.0


def test_a_channel_without_a_known_limit_is_held_too(redis: Redis) -> None:
    budget, shop = Budget(redis), opened()
    budget.learn(shop.session, PUSH, Heard(requests=1, hold=30.0))
    assert budget.wait("shop", WorkClass.ROUTINE) > 20.0
    assert redis.pttl(hold_key("shop")) > 20_000


def test_an_unknown_limit_that_is_used_up_is_waited_for_until_it_is_whole_again(redis: Redis) -> None:
    budget, shop = Budget(redis), opened()
    budget.learn(shop.session, PUSH, Heard(requests=1, remaining=1.0, reset=30.0))
    assert budget.wait("shop", WorkClass.ROUTINE) == 0
    budget.learn(shop.session, PUSH, Heard(requests=1, remaining=0.0, reset=30.0))
    assert budget.wait("shop", WorkClass.ROUTINE) > 20.0
    assert redis.pttl(hold_key("shop")) > 20_000


def test_what_the_channel_said_was_left_a_while_ago_counts_no_more(redis: Redis) -> None:
    now = [100.0]
    budget, shop = Budget(redis, lambda: now[0]), opened(SLOW)
    fill(redis, shop, budget)
    budget.learn(shop.session, PUSH, Heard(requests=1, remaining=0.0))
    now[0] += 1.0  # more may have come back
    assert budget.take(shop, WorkClass.CRITICAL, PUSH)


def test_a_shorter_wish_does_not_end_a_longer_one(redis: Redis) -> None:
    budget, shop = Budget(redis), opened(SLOW)
    budget.learn(shop.session, PUSH, Heard(hold=60.0))
    budget.learn(shop.session, PUSH, Heard(hold=1.0))
    assert redis.pttl(hold_key("shop")) > 50_000


def test_what_others_spend_of_the_same_allowance_is_seen_from_what_is_left(redis: Redis) -> None:
    for shop in (opened(SLOW), opened(Window(10, 3600.0), channel="window")):
        budget = Budget(redis)
        fill(redis, shop, budget)
        budget.take(shop, WorkClass.CRITICAL, PUSH)
        budget.learn(shop.session, PUSH, Heard(requests=1, remaining=2.0))
        assert taken(budget, shop) == 2


def test_that_more_is_left_than_we_know_of_spends_no_more(redis: Redis) -> None:
    budget, shop = Budget(redis), opened(SLOW)
    assert budget.take(shop, WorkClass.CRITICAL, PUSH)
    budget.learn(shop.session, PUSH, Heard(requests=1, remaining=1000.0))
    assert not budget.take(shop, WorkClass.CRITICAL, PUSH)


def test_a_push_of_several_requests_is_paid_for(redis: Redis) -> None:
    budget, shop = Budget(redis), opened(SLOW)
    fill(redis, shop, budget)
    assert budget.take(shop, WorkClass.CRITICAL, PUSH)
    budget.learn(shop.session, PUSH, Heard(requests=3))
    assert taken(budget, shop) == 2  # 9 were there: 3, then 3 and 3


def test_points_are_counted_where_the_channel_tells_them(redis: Redis) -> None:
    budget, shop = Budget(redis), opened(Bucket(1000, 0.001))
    fill(redis, shop, budget)
    assert budget.take(shop, WorkClass.CRITICAL, PUSH)
    budget.learn(
        shop.session, PUSH, Heard(requests=1, cost=100.0, remaining=1900.0, size=2000.0, per_second=0.002)
    )
    fill(redis, shop, Budget(redis))
    assert taken(budget, shop) == 17  # a tenth of 2,000 is spare, and 100 of it was spent


def test_more_is_never_waited_for_than_there_is(redis: Redis) -> None:
    budget, shop = Budget(redis), opened(Window(2, 0.2))
    budget.learn(shop.session, PUSH, Heard(requests=1))
    assert wait_for(lambda: budget.take(shop, WorkClass.CRITICAL, PUSH))
    budget.learn(shop.session, PUSH, Heard(requests=5))  # dearer than the whole window
    assert wait_for(lambda: budget.take(shop, WorkClass.CRITICAL, PUSH))


def test_a_long_rest_ends_in_a_minute_so_that_other_settings_are_found(redis: Redis) -> None:
    clock = [0.0]
    budget, shop = Budget(redis, lambda: clock[0]), opened(SLOW)
    assert taken(budget, shop) == 1
    assert 50.0 < budget.wait("shop", WorkClass.BULK) <= 60.0
    clock[0] = 61.0
    assert budget.wait("shop", WorkClass.BULK) == 0.0


def test_a_limit_that_is_no_longer_declared_is_forgotten(redis: Redis) -> None:
    budget = Budget(redis)
    assert taken(budget, opened(SLOW)) == 1
    assert budget.rows("shop", WorkClass.BULK) == 0
    assert budget.take(opened(), WorkClass.BULK, PUSH)
    assert budget.rows("shop", WorkClass.BULK) is None


@pytest.mark.parametrize("allowances", [(SLOW,), (Window(10, 3600.0),), (SLOW, Window(10, 3600.0))])
def test_leases_follow_credits(redis: Redis, allowances: Sequence[Allowance]) -> None:
    budget, shop = Budget(redis), opened(*allowances)
    fill(redis, shop, budget)
    budget.take(shop, WorkClass.CRITICAL, PUSH)
    assert budget.rows("shop", WorkClass.CRITICAL) in (16, 18)  # 8 or 9 requests of 2 rows
    taken(budget, shop)
    assert budget.rows("shop", WorkClass.CRITICAL) == 0
    assert budget.wait("shop", WorkClass.CRITICAL) > 1.0


def test_while_critical_work_comes_bulk_does_not_spend_a_window_at_its_beginning(redis: Redis) -> None:
    budget, shop = Budget(redis), opened(Window(100, 100.0))
    fill(redis, shop, budget)  # with a critical request
    assert taken(budget, shop, work_class=WorkClass.BULK) < 5
    assert taken(budget, shop, 200, WorkClass.CRITICAL) > 90


def test_bulk_alone_may_use_all_that_there_is(redis: Redis) -> None:
    budget, shop = Budget(redis), opened(Window(100, 100.0))
    fill(redis, shop, budget)
    for key in redis.keys("*:even"):
        redis.delete(key)
    assert taken(budget, shop, 200, WorkClass.BULK) == 100


def test_a_redis_that_is_away_sends_nothing_to_a_limited_channel(caplog: pytest.LogCaptureFixture) -> None:
    budget, shop = Budget(connect("unix:///nowhere/redis.sock")), opened(SLOW)
    assert not budget.take(shop, WorkClass.CRITICAL, PUSH)
    assert budget.wait("shop", WorkClass.CRITICAL) > 0
    assert "cannot count the requests" in caplog.text
    budget.learn(shop.session, PUSH, Heard(hold=1.0))
