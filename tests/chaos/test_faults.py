"""A fault does what it says, whatever the parts do at that moment."""

import threading
from types import SimpleNamespace

import pytest

from chaos.faults import Faults
from stack.redis_server import Redis


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def faults(redis):
    redis.client.set("nudge", "old")
    return Faults(SimpleNamespace(redis=redis), None, [], {"seed": 1, "seconds": 10}, {})


def test_a_redis_that_is_restored_holds_what_it_held_before(redis, faults):
    redis.client.mset({"nudge": "new", "another": "new"})
    faults.restore_redis()
    assert {key: redis.client.get(key) for key in redis.client.scan_iter()} == {b"nudge": b"old"}


def test_a_redis_is_restored_though_others_write_to_it(redis, faults):
    def write():
        while not done.is_set():
            redis.client.set("nudge", "new")

    done = threading.Event()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(50):
            faults.restore_redis()
    finally:
        done.set()
        writer.join()
    assert redis.client.get("nudge") in (b"old", b"new")
