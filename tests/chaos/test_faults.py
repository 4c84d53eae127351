"""A fault does what it says, whatever the parts do at that moment."""

import subprocess
import threading
from types import SimpleNamespace

import psutil
import pytest

from chaos import faults as faults_module
from chaos.faults import Faults, pause
from stack.processes import wait_until
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


@pytest.mark.parametrize(("seconds", "away"), [(60, 11.0), (120, 11.0), (600, 120.0)])
def test_a_long_run_loses_redis_for_minutes(redis, seconds, away):
    assert Faults(SimpleNamespace(redis=redis), None, [], {"seed": 1, "seconds": seconds}, {}).away == away


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


def test_a_part_that_is_paused_stands_still_with_all_that_it_started(monkeypatch):
    """Each connection of a database is a process of its own."""
    with subprocess.Popen(["sh", "-c", "sleep 1000 & echo; wait"], stdout=subprocess.PIPE) as part:
        part.stdout.readline()
        family = [psutil.Process(part.pid), *psutil.Process(part.pid).children()]

        def all_are(status):
            return wait_until(lambda: {member.status() for member in family} == {status}, 10)

        stood = []
        with monkeypatch.context() as patched:
            patched.setattr(faults_module, "PAUSED", 0)
            patched.setattr(psutil.Process, "resume", lambda member: stood.append(all_are("stopped")))
            pause(part)
        assert (len(family), stood) == (2, [True, True])
        for member in family:
            member.resume()
        assert all_are("sleeping")
        for member in family:
            member.kill()
