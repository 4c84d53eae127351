"""Processes of the stack: started in sessions of their own, recorded, and ended in order.

A record outlives a stack that was killed: one file a process with its pid and its start time as the kernel
tells it. The next start ends what the records name, and only that: a pid that the system gave to another
process meanwhile has another start time.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from stack.console import Failed

MARK = "STACK_PROCESS"


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Poll `ready` until it is true; return False when `seconds` have passed first."""
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            return False
        time.sleep(pause)
    return True


def _stat(pid: int) -> tuple[str, int, int] | None:
    """Return (state, session, start time in ticks since boot) of a process; None when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[3]), int(fields[19])


def start_time(pid: int) -> int | None:
    """Return when a living process started, in clock ticks since boot; None when it is gone or a zombie."""
    stat = _stat(pid)
    return stat[2] if stat and stat[0] != "Z" else None


def _marked_members(session: int, mark: str) -> list[int]:
    """Return the living processes of a session that carry our mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        stat = _stat(int(entry.name))
        if not stat or stat[0] == "Z" or stat[1] != session:
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if f"{MARK}={mark}".encode() in environment:
            found.append(int(entry.name))
    return found


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def end(
    pid: int, started: int, mark: str, *, stop_signal: int = signal.SIGTERM, patience: float = 10
) -> None:
    """End one recorded process and what is left of its session; kill what lives on after `patience` seconds.

    A process that has the pid but not the start time is somebody else's and is left alone.
    """

    def alive() -> bool:
        return start_time(pid) == started

    if alive():
        _signal(pid, stop_signal)
        if not wait_until(lambda: not alive(), patience) and alive():
            _signal(pid, signal.SIGKILL)
    for member in _marked_members(pid, mark):
        _signal(member, signal.SIGKILL)
    wait_until(lambda: not alive() and not _marked_members(pid, mark), 5)


def end_leftovers(folder: Path) -> list[str]:
    """End every process that a record in `folder` names, the latest first; return the names of the living."""
    ended = []
    records = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in records:
        record = json.loads(file.read_text())
        if start_time(record["pid"]) == record["started"]:
            ended.append(record["name"])
        end(record["pid"], record["started"], record["mark"], stop_signal=record["stop_signal"])
        file.unlink()
    return ended


class Process:
    """One server of the stack, with its log, its record, and a check that tells when it is ready."""

    def __init__(
        self,
        name: str,
        argv: list[str],
        *,
        folder: Path,
        ready: Callable[[], bool] | None = None,
        environment: dict[str, str] | None = None,
        stop_signal: int = signal.SIGTERM,
        patience: float = 10,
        cwd: Path | None = None,
    ) -> None:
        """`folder` takes the log and the record; `environment` is added to this process's own.

        A `LOCKGATE_*` setting of the caller's shell is not passed on: the stack's own are the only ones.
        """
        self.name, self.argv, self.ready, self.cwd = name, argv, ready, cwd
        self.environment = environment or {}
        self.stop_signal, self.patience = stop_signal, patience
        self.log = folder / "log" / f"{name}.log"
        self.record = folder / "processes" / f"{name}.json"
        self.mark = f"{name}-{os.getpid()}-{os.urandom(4).hex()}"
        self.process: subprocess.Popen[bytes] | None = None
        self._started = self._log_start = 0

    @property
    def pid(self) -> int:
        """The process's id, which is also its session's."""
        if self.process is None:
            raise Failed(f"{self.name} is not started")
        return self.process.pid

    def running(self) -> bool:
        """Tell whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def logged(self, text: str) -> bool:
        """Tell whether the log has the text since the last start."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return text.encode() in log.read()

    def start(self, seconds: float = 90) -> None:
        """Start the process and wait until it is ready; raise `Failed` with the end of its log otherwise."""
        for file in (self.log, self.record):
            file.parent.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOCKGATE_")}
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.cwd,
                env={**inherited, **self.environment, MARK: self.mark},
                start_new_session=True,
            )
        self._started = start_time(self.pid) or 0
        record = {
            "name": self.name,
            "pid": self.pid,
            "started": self._started,
            "mark": self.mark,
            "stop_signal": int(self.stop_signal),
        }
        self.record.write_text(json.dumps(record))
        if self.ready is None:
            return
        if not wait_until(lambda: not self.running() or self.ready(), seconds) or not self.running():
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            self.kill()
            raise Failed(f"{self.name} did not become ready; the end of {self.log}:\n{tail}")

    def stop(self) -> None:
        """Ask the process to end, and kill its session when it does not within its patience."""
        if self.process is None:
            return
        if self.running():
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(self.patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._forget()

    def kill(self) -> None:
        """End the process and its session with SIGKILL, as a crash would, and wait for what else it began.

        Each connection of PostgreSQL is a session of its own, which ends when it sees that its server is
        gone; until the last has, the server does not start again.
        """
        if self.process is None:
            return
        children = psutil.Process(self.pid).children(recursive=True) if self.running() else []
        if self.running():
            self.process.kill()
        self._forget()
        psutil.wait_procs(children, self.patience)

    def _forget(self) -> None:
        self.process.wait()
        end(self.pid, self._started, self.mark)
        self.process = None
        self.record.unlink(missing_ok=True)

    def detach(self) -> None:
        """Leave the process running when this one ends; its record lets `python -m stack down` end it."""
        self.process = None
