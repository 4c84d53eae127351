from __future__ import annotations

import socket

import pytest
from redis import RedisError

from lockgate.broker import broker_url, connect
from lockgate.contract import WorkClass
from lockgate.settings import Settings
from lockgate.tasks import make_app

SETTINGS = Settings(odoo_url="http://odoo", odoo_uuid="u", odoo_key="k", redis_url="redis://127.0.0.1:6390/2")


def test_odoo_s_lease_is_the_only_redelivery() -> None:
    conf = make_app(SETTINGS).conf
    assert conf.task_acks_late is False
    assert conf.task_reject_on_worker_lost is False
    assert conf.task_ignore_result is True
    assert conf.result_backend is None
    assert conf.worker_disable_prefetch is True
    assert conf.broker_connection_max_retries is None


def test_each_class_of_work_has_its_queue() -> None:
    assert [queue.name for queue in make_app(SETTINGS).conf.task_queues] == list(WorkClass)


def test_the_task_passes_its_two_words_on() -> None:
    heard: list[tuple[str, WorkClass]] = []
    app = make_app(SETTINGS, lambda channel, work_class: heard.append((channel, work_class)))
    app.tasks["lockgate.push"]("shop", "critical")
    assert heard == [("shop", WorkClass.CRITICAL)]


def test_a_sender_has_no_task_to_run() -> None:
    assert "lockgate.push" not in make_app(SETTINGS).tasks


def test_a_redis_that_falls_silent_ends_every_wait() -> None:
    transport = make_app(SETTINGS).conf.broker_transport_options
    assert 0 < transport["socket_timeout"] <= 5
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        connect(f"redis://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1) as redis,
        pytest.raises(RedisError),
    ):
        redis.ping()


@pytest.mark.parametrize(
    ("url", "celery"),
    [
        ("redis://host:6379/1", "redis://host:6379/1"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
    ],
)
def test_a_redis_on_a_socket_is_written_as_celery_wants_it(url: str, celery: str) -> None:
    assert broker_url(url) == celery
