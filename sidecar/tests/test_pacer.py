"""What keeps the pacer's polls going."""

from __future__ import annotations

import threading

import pytest
from redis import Redis

from lockgate.contract import DueAnswer
from lockgate.pacer import Pacer
from lockgate.settings import Settings


class Odd:
    """In place of the gateway: fails in a way that nobody thought of."""

    def __init__(self) -> None:
        self.polls = 0
        self.enough = threading.Event()

    def due(self) -> DueAnswer:
        self.polls += 1
        if self.polls == 3:
            self.enough.set()
        raise LookupError("nobody thought of this")


def test_a_poll_that_fails_in_an_unknown_way_is_logged_and_not_the_last(
    redis: Redis, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    address = {"odoo_url": "http://odoo", "odoo_uuid": "u", "odoo_key": "k", "redis_url": redis_url}
    pacer, odd = Pacer(Settings.model_validate({**address, "poll_seconds": 0.01})), Odd()
    pacer._gateway = odd  # type: ignore[assignment]
    running = threading.Thread(target=pacer.run, daemon=True)
    running.start()
    try:
        assert odd.enough.wait(30)
    finally:
        pacer.stop()
        running.join(30)
    assert "nobody thought of this" in caplog.text
