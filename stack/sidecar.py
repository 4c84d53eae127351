"""The sidecar's processes, as an operator would run them: pacer, worker and the fake channel."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from stack.processes import Process, free_port

LOCKGATE = [sys.executable, "-m", "lockgate"]


class Sidecar:
    """A pacer and a worker with the same settings; more of each may be asked for.

    `settings` are LOCKGATE_* variables; `credentials` are the channels' secrets by name.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str], credentials: Mapping[str, Mapping[str, str]]
    ) -> None:
        self.folder = folder
        secrets = folder / "credentials"
        secrets.mkdir(mode=0o700, exist_ok=True)
        for name, values in credentials.items():
            (secrets / f"{name}.json").write_text(json.dumps(values))
        self.settings = {**settings, "LOCKGATE_CREDENTIALS_DIR": str(secrets)}
        self.pacer, self.worker = self.new_pacer("pacer"), self.new_worker("worker")

    def new_pacer(self, name: str) -> Process:
        """Return a pacer that is not started yet; it is ready when it leads or stands by."""
        process = Process(name, [*LOCKGATE, "pacer"], folder=self.folder, environment=self.settings)
        process.ready = lambda: process.logged("pacer: active") or process.logged("pacer: standing by")
        return process

    def new_worker(self, name: str, *arguments: str) -> Process:
        """Return a worker that is not started yet."""
        argv = [*LOCKGATE, "worker", *arguments]
        process = Process(name, argv, folder=self.folder, environment=self.settings)
        process.ready = lambda: process.logged("worker: ")
        return process

    def start(self) -> None:
        """Start the pacer and the worker."""
        self.worker.start()
        self.pacer.start()

    def stop(self) -> None:
        """Stop both in order."""
        self.pacer.stop()
        self.worker.stop()


class FakeChannel:
    """The shipped fake channel as a process; history and listings survive a restart."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        argv = [*LOCKGATE, "demo-channel", "--port", str(self.port), "--folder", str(folder / "fake")]
        self.process = Process("fake", argv, folder=folder, ready=self._ready)

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/listings").is_success
        except httpx.TransportError:
            return False

    def start(self) -> None:
        """Start it, or start it again on the same port."""
        self.process.start()

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()
