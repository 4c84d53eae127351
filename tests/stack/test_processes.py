"""The record of processes: what a killed stack left is ended at the next start, and nothing else is."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from stack.console import Failed
from stack.processes import Process, end_leftovers, free_port, start_time, wait_until

IDLE = [sys.executable, "-c", "import signal; print('ready', flush=True); signal.pause()"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)\n"
    "while True: signal.pause()",
]
# Starts a child in its session, tells the child's pid, and waits.
PARENT = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys; child = subprocess.Popen(['sleep', '1000']); "
    "print('ready', child.pid, flush=True); signal.pause()",
]


# Starts a child in a session of its own, which ends a while after it has seen that its parent is gone.
APART = """
import os, signal, subprocess, sys, time
child = "import os, time\\nwhile os.getppid() == int({}): time.sleep(0.01)\\ntime.sleep(0.5)"
child = subprocess.Popen([sys.executable, "-c", child.format(os.getpid())], start_new_session=True)
print("ready", child.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def start(tmp_path):
    """Start processes that print `ready`; whatever is left of them ends with the test."""
    started = []

    def start(argv, name="server", **options):
        process = Process(name, argv, folder=tmp_path, **options)
        process.ready = lambda: process.logged("ready")
        process.start(20)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


def gone(pid: int) -> bool:
    return wait_until(lambda: start_time(pid) is None, 10)


def child_of(process: Process) -> int:
    return int(process.log.read_text().split()[1])


def test_what_a_killed_stack_left_is_ended_by_the_next(start, tmp_path):
    pid = start(IDLE).pid

    assert end_leftovers(tmp_path / "processes") == ["server"]

    assert gone(pid)
    assert not list((tmp_path / "processes").iterdir())


def test_a_process_that_was_given_the_pid_later_is_not_ended(tmp_path):
    other = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        record = {
            "name": "server",
            "pid": other.pid,
            "started": start_time(other.pid) - 1,
            "mark": "server-1",
            "stop_signal": int(signal.SIGTERM),
        }
        (tmp_path / "server.json").write_text(json.dumps(record))

        assert end_leftovers(tmp_path) == []

        assert other.poll() is None
        assert not (tmp_path / "server.json").exists()
    finally:
        other.kill()
        other.wait()


def test_children_that_outlive_their_leader_are_ended_too(start, tmp_path):
    process = start(PARENT)
    leader, child = process.pid, child_of(process)
    os.kill(leader, signal.SIGKILL)
    process.process.wait()
    assert start_time(child) is not None

    end_leftovers(tmp_path / "processes")

    assert gone(child)


def test_a_stop_ends_the_children_and_removes_the_record(start, tmp_path):
    process = start(PARENT)
    leader, child = process.pid, child_of(process)

    process.stop()

    assert gone(leader)
    assert gone(child)
    assert not list((tmp_path / "processes").iterdir())


def test_a_process_that_ignores_a_stop_is_killed(start):
    process = start(STUBBORN, patience=0.2)
    pid = process.pid

    process.stop()

    assert gone(pid)
    assert not process.running()


def test_a_process_can_be_started_again_after_it_was_killed(start):
    process = start(IDLE)
    process.kill()

    process.start(20)

    assert process.running()


def test_a_kill_waits_for_what_ends_by_itself_in_a_session_of_its_own(start):
    process = start([sys.executable, "-c", APART])
    child = child_of(process)

    process.kill()

    assert start_time(child) is None


def test_a_process_that_ends_before_it_is_ready_fails_with_the_end_of_its_log(tmp_path):
    process = Process(
        "server", ["sh", "-c", "echo no such port; exit 3"], folder=tmp_path, ready=lambda: False
    )

    with pytest.raises(Failed, match="no such port"):
        process.start(20)

    assert not list((tmp_path / "processes").iterdir())


def test_a_setting_of_the_callers_shell_does_not_reach_the_stack(start, monkeypatch):
    monkeypatch.setenv("LOCKGATE_ODOO_URL", "http://somewhere.else")

    process = start(IDLE, environment={"LOCKGATE_REDIS_URL": "redis://own"})

    environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    assert b"LOCKGATE_REDIS_URL=redis://own" in environment
    assert b"LOCKGATE_ODOO_URL=http://somewhere.else" not in environment


def test_a_free_port_can_be_listened_on():
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[1] > 0
