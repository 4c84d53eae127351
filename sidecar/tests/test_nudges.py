from __future__ import annotations

import json
import threading

import pytest
from redis import Redis

from lockgate.broker import connect
from lockgate.contract import WorkClass
from lockgate.nudges import AGAIN, LOST_AFTER, Nudges
from lockgate.settings import Settings
from lockgate.tasks import make_app

ROUTINE, BULK = WorkClass.ROUTINE, WorkClass.BULK


@pytest.fixture
def nudges(redis: Redis, redis_url: str) -> Nudges:
    settings = Settings(odoo_url="http://odoo", odoo_uuid="u", odoo_key="k", redis_url=redis_url)
    return Nudges(redis, make_app(settings))


def test_a_nudge_goes_to_the_queue_of_its_class_and_carries_no_value(redis: Redis, nudges: Nudges) -> None:
    nudges.send("shop", BULK)
    [message] = redis.lrange("bulk", 0, -1)
    assert json.loads(message)["headers"]["argsrepr"] == "('shop', 'bulk')"


def test_a_nudge_on_its_way_is_not_sent_twice_until_a_worker_starts(redis: Redis, nudges: Nudges) -> None:
    nudges.send("shop", ROUTINE)
    nudges.send("shop", ROUTINE)
    assert redis.llen("routine") == 1
    nudges.started("shop", ROUTINE)
    nudges.send("shop", ROUTINE)
    assert redis.llen("routine") == 2


def test_a_nudge_that_no_worker_starts_on_is_taken_for_lost_after_a_while(
    redis: Redis, nudges: Nudges
) -> None:
    nudges.send("shop", ROUTINE)
    [key] = redis.keys("lockgate:nudged:*")
    assert 0 < redis.pttl(key) <= LOST_AFTER * 1000


def test_while_no_worker_takes_any_only_so_many_wait(
    redis: Redis, nudges: Nudges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockgate.nudges.MOST_WAITING", 3)
    for _ in range(10):
        nudges.send("shop", ROUTINE)
        redis.delete(*redis.keys("lockgate:nudged:*"))  # it was taken for lost
    assert redis.llen("routine") == 3
    nudges.send("shop", BULK)
    assert redis.llen("bulk") == 1
    redis.rpop("routine")
    nudges.send("shop", ROUTINE)
    assert redis.llen("routine") == 3


def test_other_channels_and_classes_have_nudges_of_their_own(redis: Redis, nudges: Nudges) -> None:
    nudges.send("shop", ROUTINE)
    nudges.send("shop", BULK)
    nudges.send("another", ROUTINE)
    assert (redis.llen("routine"), redis.llen("bulk")) == (2, 1)


def test_after_a_flush_nudges_are_sent_as_before(redis: Redis, nudges: Nudges) -> None:
    nudges.send("shop", ROUTINE)
    redis.flushall()
    nudges.send("shop", ROUTINE)
    assert redis.llen("routine") == 1


def test_a_nudge_to_come_again_waits_for_its_time(redis: Redis, nudges: Nudges) -> None:
    nudges.again("shop", ROUTINE, 60.0)
    sent, following = nudges.send_due()
    assert sent == 0
    assert following is not None
    assert 50.0 < following <= 60.0
    assert redis.llen("routine") == 0
    nudges.again("shop", ROUTINE, 0.01)  # sooner wins
    tick = threading.Event()
    for _ in range(200):
        nudges.send_due()
        if redis.llen("routine"):
            break
        tick.wait(0.02)
    assert redis.llen("routine") == 1
    assert nudges.send_due() == (0, None)
    assert redis.zcard(AGAIN) == 0


def test_a_nudge_to_come_again_at_once_is_sent_at_once(redis: Redis, nudges: Nudges) -> None:
    nudges.again("a shop", ROUTINE, 0.0)
    assert redis.llen("routine") == 1


def test_a_redis_that_is_away_costs_a_worker_nothing_but_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    url = "unix:///nowhere/redis.sock"
    settings = Settings(odoo_url="http://odoo", odoo_uuid="u", odoo_key="k", redis_url=url)
    nudges = Nudges(connect(url), make_app(settings))
    nudges.started("shop", ROUTINE)
    nudges.again("shop", ROUTINE, 1.0)
    nudges.again("shop", ROUTINE, 0.0)
    assert "poll will find it" in caplog.text
