from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from lockgate.fake import FakeChannel
from lockgate.testing.processes import System


@pytest.fixture
def system(tmp_path: Path, redis: Redis, redis_url: str, channel: FakeChannel) -> Iterator[System]:
    running = System(tmp_path, redis, redis_url, channel)
    with running.server:
        yield running
        running.stop()
