"""The real pacer and workers as processes on a real Redis, with a fake Odoo over HTTP and a fake channel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from lockgate.contract import StockReading, WorkClass
from lockgate.fake import FakeChannel
from lockgate.shop import Rule
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.server import OdooHttp, ScriptedServer
from lockgate.testing.values import price, stock

Process = subprocess.Popen[bytes]


def wait_until(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    tick = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        tick.wait(0.02)
    raise AssertionError(f"never: {what}")


class System:
    """Starts and ends processes, and holds what they speak to."""

    def __init__(self, folder: Path, redis: Redis, redis_url: str, channel: FakeChannel) -> None:
        self.folder = folder
        self.redis = redis
        self.channel = channel
        self.odoo = FakeOdoo(wake=lambda code: redis.publish("lockgate:wake:fake-database", code))
        self.odoo.add_channel("shop", url=channel.address)
        self.http = OdooHttp(self.odoo)
        self.server = ScriptedServer(self.http)
        self.processes: list[Process] = []
        self.environment = {
            **os.environ,
            "LOCKGATE_ODOO_UUID": "fake-database",
            "LOCKGATE_ODOO_KEY": "a-key",
            "LOCKGATE_ODOO_URL": self.server.address,
            "LOCKGATE_REDIS_URL": redis_url,
            "LOCKGATE_POLL_SECONDS": "0.5",
        }

    def start(self, *command: str, **environment: str) -> Process:
        log = (self.folder / f"{len(self.processes)}-{command[0]}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "lockgate", *command],
            env={**self.environment, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self.processes.append(process)
        return process

    def log(self, number: int) -> str:
        [path] = self.folder.glob(f"{number}-*.log")
        return path.read_text()

    def settled(self, seconds: float = 30.0) -> None:
        assert self.odoo.wait_for(self.odoo.settled, seconds), "not everything that is wanted was confirmed"

    def shown(self) -> dict[str, Any]:
        return {sku: listing["quantity"] for sku, listing in self.channel.shop.listings.items()}

    def wanted(self) -> dict[str, Any]:
        return {each.wanted.sku: each.wanted.quantity for each in self.odoo.publications.values()}

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)


@pytest.fixture
def system(tmp_path: Path, redis: Redis, redis_url: str, channel: FakeChannel) -> Iterator[System]:
    running = System(tmp_path, redis, redis_url, channel)
    with running.server:
        yield running
        running.stop()


def slow(system: System, seconds: float = 0.2) -> None:
    system.channel.shop.rules.append(Rule(kind="delay", seconds=seconds))


def test_a_wake_becomes_a_push_and_is_confirmed(system: System) -> None:
    system.start("pacer", LOCKGATE_POLL_SECONDS="60")
    system.start("worker")
    wait_until(lambda: system.odoo.connectors, "the connectors were registered")
    first = system.odoo.want("shop", price("A", "9.99"))
    second = system.odoo.want("shop", stock("A", 3), WorkClass.CRITICAL)
    system.settled()
    assert (first.confirmed, second.confirmed) == (first.wanted, second.wanted)
    assert system.channel.shop.listings["A"]["price"] == "9.99"
    assert "demo" in [each.code for each in system.odoo.connectors]


def test_work_that_nobody_told_of_is_found_by_polling(system: System) -> None:
    system.odoo.wake = None
    system.start("pacer")
    system.start("worker")
    for work_class in WorkClass:
        system.odoo.want("shop", stock(work_class), work_class)
    system.settled()


def test_many_changes_of_one_listing_become_few_pushes(system: System) -> None:
    system.start("pacer")
    system.start("worker")
    slow(system, 0.05)
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


def test_a_worker_killed_in_the_middle_of_a_run_loses_nothing(system: System) -> None:
    system.odoo.send_by, system.odoo.deadline = 0.5, 1.0
    slow(system)
    system.start("pacer")
    worker = system.start("worker")
    for number in range(600):
        system.odoo.want("shop", stock(f"S{number}", number))
    wait_until(lambda: system.channel.shop.history, "a push began")
    worker.kill()
    worker.wait(10)
    assert not system.odoo.settled()
    system.start("worker")
    system.settled()
    assert system.shown() == system.wanted()


def test_a_flushed_redis_loses_nothing(system: System) -> None:
    system.start("pacer")
    system.start("worker")
    slow(system, 0.05)
    for number in range(300):
        system.odoo.want("shop", stock(f"S{number}", number))
        if number % 50 == 0:
            system.redis.flushall()
    system.redis.flushall()
    system.settled()
    assert system.shown() == system.wanted()
    system.odoo.want("shop", stock("S0", 999))
    system.settled()


def test_an_answer_of_odoo_cut_off_after_its_commit_loses_nothing(system: System) -> None:
    system.start("pacer")
    system.start("worker")
    wait_until(lambda: system.odoo.connectors, "the connectors were registered")
    system.http.cut = 3
    system.odoo.want("shop", stock("A", 8))
    system.settled()
    assert [entry["value"]["quantity"] for entry in system.channel.shop.history] == [8]


def test_a_second_pacer_stands_by_and_takes_over(system: System) -> None:
    first = system.start("pacer")
    wait_until(lambda: "active" in system.log(0), "the first became active")
    system.start("pacer")
    wait_until(lambda: "standing by" in system.log(1), "the second stood by")
    system.start("worker")
    system.odoo.want("shop", stock("A", 1))
    system.settled()
    assert "pacer: active" not in system.log(1)
    first.kill()
    wait_until(lambda: "pacer: active" in system.log(1), "the second took over")
    system.odoo.want("shop", stock("A", 2))
    system.settled()


def test_a_pacer_waits_for_an_odoo_that_is_down_at_start_and_says_so(system: System) -> None:
    system.http.fail = [503] * 5
    system.start("pacer", LOCKGATE_POLL_SECONDS="0.1")
    wait_until(lambda: "waiting for Odoo" in system.log(0), "it said that it waits")
    wait_until(lambda: system.odoo.connectors, "it registered the connectors")
    assert "Traceback" not in system.log(0)


def test_a_wrong_key_is_said_and_nothing_is_sent(system: System) -> None:
    system.odoo.want("shop", stock("A"))
    system.start("pacer", LOCKGATE_ODOO_KEY="wrong")
    system.start("worker", LOCKGATE_ODOO_KEY="wrong")
    wait_until(lambda: "refuses the API key" in system.log(0), "the pacer said so")
    assert system.channel.shop.history == []
    assert "Traceback" not in system.log(0)


def test_a_redis_that_refuses_is_said_without_a_stack_trace(system: System) -> None:
    nowhere = "unix:///nowhere/redis.sock?db=0"
    system.start("pacer", LOCKGATE_REDIS_URL=nowhere)
    system.start("worker", LOCKGATE_REDIS_URL=nowhere)
    wait_until(lambda: "Redis does not answer" in system.log(0), "the pacer said so")
    wait_until(lambda: "Cannot connect" in system.log(1), "the worker said so")
    assert all(process.poll() is None for process in system.processes)
    assert "Traceback" not in system.log(0) + system.log(1)


def test_a_copy_of_the_database_sends_nothing(system: System) -> None:
    system.odoo.want("shop", stock("A"))
    system.odoo.incarnation = 2
    system.start("pacer")
    system.start("worker")
    wait_until(lambda: "incarnation 2" in system.log(0), "the pacer said so")
    system.redis.lpush("nothing", "")
    assert system.channel.shop.history == []


@pytest.mark.parametrize("command", ["pacer", "worker"])
def test_a_stop_ends_an_idle_process(system: System, command: str) -> None:
    process = system.start(command)
    wait_until(lambda: "active" in system.log(0) or "ready" in system.log(0), "it started")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_a_stop_gives_back_although_a_channel_hangs(system: System) -> None:
    system.odoo.deadline = 60.0
    system.channel.shop.rules.append(Rule(kind="hang", seconds=60))
    system.start("pacer")
    worker = system.start("worker")
    system.odoo.want("shop", stock("A"))
    wait_until(lambda: system.channel.shop.history, "a push began")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0


def test_a_stop_in_the_middle_of_a_run_hands_back_what_was_not_sent(system: System) -> None:
    slow(system, 0.3)
    system.start("pacer")
    worker = system.start("worker")
    for number in range(600):
        system.odoo.want("shop", stock(f"S{number}", number))
    wait_until(lambda: system.channel.shop.history, "a push began")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert not any(each.state == "leased" for each in system.odoo.publications.values())
    assert not system.odoo.settled()
    system.start("worker")
    system.settled()


def test_a_slow_channel_takes_nothing_from_the_others(system: System, tmp_path: Path) -> None:
    other = FakeChannel("127.0.0.1", 0)
    threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    system.odoo.add_channel("other", url=other.address)
    system.odoo.deadline = 30.0
    system.channel.shop.rules.append(Rule(kind="hang", seconds=30))
    system.start("pacer")
    system.start("worker")
    for number in range(10):
        system.odoo.want("shop", stock(f"S{number}"))
    wait_until(lambda: system.channel.shop.history, "the slow channel was asked")
    wanted = [system.odoo.want("other", stock(f"S{number}")) for number in range(10)]
    wait_until(lambda: all(each.settled for each in wanted), "the other channel was served")
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


def run(system: System, *command: str, **environment: str) -> tuple[int, str]:
    process = system.start(*command, **environment)
    code = process.wait(30)
    return code, system.log(len(system.processes) - 1)


def test_check_says_that_all_is_well(system: System) -> None:
    code, words = run(system, "check", "shop")
    assert code == 0, words
    assert "ok       channel shop: The demo channel answers" in words


def test_check_says_in_words_what_is_wrong(system: System) -> None:
    system.odoo.add_channel("gone", url="http://127.0.0.1:1")
    system.odoo.add_channel("bare", credential="bare", url=system.channel.address)
    system.odoo.add_channel("odd", "nothing")
    code, words = run(
        system, "check", "shop", "gone", "bare", "odd", "unheard", LOCKGATE_REDIS_URL="unix:///no"
    )
    assert code == 1
    assert "PROBLEM  Redis: Redis at LOCKGATE_REDIS_URL does not answer" in words
    assert "ok       Odoo" in words
    assert "ok       channel shop" in words
    assert "PROBLEM  channel gone: http://127.0.0.1:1 cannot be reached" in words
    assert "PROBLEM  channel bare: The sidecar has no credential 'bare'" in words
    assert "PROBLEM  channel odd: This sidecar has no connector 'nothing'" in words
    assert "PROBLEM  channel unheard: There is no channel 'unheard'" in words
    assert "Traceback" not in words


def test_check_names_a_wrong_key(system: System) -> None:
    code, words = run(system, "check", LOCKGATE_ODOO_KEY="wrong")
    assert code == 1
    assert "PROBLEM  Odoo: Odoo refuses the API key" in words


def test_a_wrong_setting_ends_the_command_with_its_name(system: System) -> None:
    code, words = run(system, "worker", LOCKGATE_CONCURENCY="4")
    assert code == 1
    assert "Did you mean LOCKGATE_CONCURRENCY?" in words
    assert "Traceback" not in words
