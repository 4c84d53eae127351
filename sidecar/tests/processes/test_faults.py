"""Whatever is killed, lost, away or told to stop: nothing is lost, nothing invented."""

from __future__ import annotations

import signal

import pytest

from lockgate.contract import Outcome, WorkClass
from lockgate.shop import Rule
from lockgate.testing.processes import System, wait_until
from lockgate.testing.values import stock


def test_a_worker_killed_in_the_middle_of_a_run_loses_nothing(system: System) -> None:
    system.odoo.send_by, system.odoo.deadline = 0.5, 1.0
    system.slow()
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
    system.slow(0.05)
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


def test_a_redis_that_refuses_is_said_without_a_stack_trace(system: System) -> None:
    nowhere = "unix:///nowhere/redis.sock?db=0"
    system.start("pacer", LOCKGATE_REDIS_URL=nowhere)
    system.start("worker", LOCKGATE_REDIS_URL=nowhere)
    wait_until(lambda: "Redis does not answer" in system.log(0), "the pacer said so")
    wait_until(lambda: "Cannot connect" in system.log(1), "the worker said so")
    assert all(process.poll() is None for process in system.processes)
    for process in system.processes:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(10) for process in system.processes] == [0, 0], "a stop ends them too"
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
    assert not system.redis.keys("lockgate:pacer:*"), "a standby takes over at once"


def test_a_stop_gives_back_what_was_not_sent_although_a_request_hangs(system: System) -> None:
    system.odoo.deadline = 60.0
    system.channel.shop.rules.append(Rule(kind="hang", seconds=60))
    for number in range(500):  # two batches: one hangs, the other is in hand
        system.odoo.want("shop", stock(f"S{number}", number))
    system.start("pacer")
    worker = system.start("worker")
    wait_until(lambda: system.channel.shop.history, "a push began")
    worker.send_signal(signal.SIGTERM)
    wait_until(lambda: len(system.odoo.results) == 250, "what was not sent was given back")
    assert worker.poll() is None, "the request still hangs"
    assert {result.seconds for result in system.odoo.results} == {0.0}
    sent = {entry["sku"] for entry in system.channel.shop.history}
    for each in system.odoo.publications.values():
        assert each.state == ("leased" if each.wanted.sku in sent else "due")
    assert worker.wait(10) == 0


def test_a_stop_in_the_middle_of_a_run_hands_back_what_was_not_sent(system: System) -> None:
    system.slow(0.3)
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


def test_a_worker_that_slept_through_its_leases_sends_nothing_old(system: System) -> None:
    system.odoo.send_by, system.odoo.deadline = 0.5, 1.0
    system.slow()
    system.start("pacer")
    sleeper = system.start("worker")
    for number in range(600):
        system.odoo.want("shop", stock(f"S{number}", 1))
    wait_until(lambda: system.channel.shop.history, "a push began")
    sleeper.send_signal(signal.SIGSTOP)
    for number in range(600):
        system.odoo.want("shop", stock(f"S{number}", 2))
    system.start("worker")
    system.settled()
    told = len(system.channel.shop.history)
    sleeper.send_signal(signal.SIGCONT)
    late = "It came too late to be sent."
    wait_until(lambda: late in [each.message for each in system.odoo.results], "it handed back what it held")
    system.settled()
    assert system.shown() == system.wanted()
    assert [entry["value"]["quantity"] for entry in system.channel.shop.history[told:]] == []


@pytest.mark.parametrize("begun", [True, False])
def test_a_redis_that_is_full_loses_nothing_and_is_said(system: System, begun: bool) -> None:
    """In the middle of a worker's run, or when a worker has still to begin."""
    system.slow(1.0)
    system.start("pacer")
    if begun:
        system.start("worker")
    wait_until(lambda: system.odoo.connectors, "the connectors were registered")
    system.odoo.want("shop", stock("S0", 1))
    wait_until(
        lambda: system.channel.shop.history if begun else any(map(system.redis.llen, WorkClass)), "it is told"
    )
    before = system.redis.config_get("maxmemory")["maxmemory"]
    system.redis.config_set("maxmemory", 1)
    try:
        if not begun:
            system.start("worker")
        for number in range(20):
            system.odoo.want("shop", stock(f"S{number}", number))
        wait_until(lambda: "maxmemory" in system.log(0), "the pacer said so")
        wait_until(lambda: "maxmemory" in system.log(1), "the worker said so")
        assert all(process.poll() is None for process in system.processes)
    finally:
        system.redis.config_set("maxmemory", before)
    system.settled()
    assert system.shown() == system.wanted()
    assert "Traceback" not in system.log(0) + system.log(1)


def test_what_was_to_come_again_when_redis_was_flushed_is_asked_for_at_once(system: System) -> None:
    system.odoo.add_channel("shop", url=system.channel.address, limit="leaky_bucket 1/3")
    system.start("pacer", LOCKGATE_POLL_SECONDS="60")
    system.start("worker")
    wait_until(lambda: system.odoo.connectors, "the connectors were registered")
    for number in range(400):  # two requests, of which the channel takes one in 3 seconds
        system.odoo.want("shop", stock(f"S{number}"))
    wait_until(lambda: system.redis.zcard("lockgate:again"), "a run is to come again")
    system.redis.flushall()
    system.settled()


def test_what_is_to_come_again_and_is_not_there_when_the_pacer_looks_is_asked_for(system: System) -> None:
    system.start("pacer", LOCKGATE_POLL_SECONDS="60")
    system.start("worker")
    system.odoo.want("shop", stock("A", 1))
    system.settled()
    system.odoo.wake = None
    system.odoo.want("shop", stock("A", 2))
    system.redis.publish("lockgate:later", "")  # a worker told of a run to come, and then Redis was flushed
    system.settled()


def test_redis_holds_no_more_of_a_channel_that_is_down_however_much_changes(system: System) -> None:
    system.odoo.add_channel("shop", url="http://127.0.0.1:1")
    system.start("pacer")
    system.start("worker")
    wait_until(lambda: system.odoo.connectors, "the connectors were registered")
    for number in range(5000):
        system.odoo.want("shop", stock(f"S{number % 1000}", number))
        if number % 500 == 499:
            wait_until(lambda done=number: len(system.odoo.results) > done / 500, "it was tried")  # type: ignore[misc]
            held = {key: system.redis.memory_usage(key) or 0 for key in system.redis.scan_iter()}
            assert len(held) < 20, held
            assert sum(held.values()) < 10_000, held
    assert {each.outcome for each in system.odoo.results} <= {Outcome.DOWN, Outcome.RETRY}


def test_while_a_channel_wants_no_requests_its_changes_are_still_turned_into_values(system: System) -> None:
    system.channel.shop.rules.append(Rule(kind="fail", status=429, retry_after=600))
    system.start("pacer")
    system.start("worker")
    system.odoo.want("shop", stock("A", 1))
    wait_until(lambda: system.redis.keys("lockgate:hold:*"), "the channel is left alone")
    for quantity in (2, 3):
        turns = system.odoo.exchanges
        system.odoo.want("shop", stock("A", quantity))
        wait_until(lambda before=turns: system.odoo.exchanges > before, "a turn was taken")  # type: ignore[misc]
    assert len(system.channel.shop.history) == 1
