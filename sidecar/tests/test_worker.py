"""Which seat a nudge gets, and so what its run leases."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
from redis import Redis

from lockgate.contract import WorkClass
from lockgate.run import Nudge
from lockgate.settings import Settings
from lockgate.worker import Worker

CRITICAL, ROUTINE, BULK = WorkClass
MakeWorker = Callable[..., tuple[Worker, list[WorkClass]]]


class Runs:
    """In place of `Dispatch`: notes of which class runs are."""

    def __init__(self, heard: list[WorkClass]) -> None:
        self._heard = heard

    def run(self, channel: str, work_class: WorkClass, pause: float) -> list[Nudge]:
        self._heard.append(work_class)
        return []


@pytest.fixture
def make_worker(redis: Redis, redis_url: str) -> MakeWorker:
    def make(
        queues: Collection[WorkClass] = tuple(WorkClass), **values: int
    ) -> tuple[Worker, list[WorkClass]]:
        address = {"odoo_url": "http://odoo", "odoo_uuid": "u", "odoo_key": "k", "redis_url": redis_url}
        settings = Settings.model_validate({**address, "concurrency": 4, **values})
        worker, heard = Worker(settings, redis, queues), list[WorkClass]()
        worker._dispatch = Runs(heard)  # type: ignore[assignment]
        return worker, heard

    return make


def test_a_channel_never_takes_a_workers_last_seats_however_high_its_bound(
    make_worker: MakeWorker,
) -> None:
    worker, _ = make_worker(channel_concurrency=100)
    taken = [worker._slots.take("shop").holder is not None for _ in range(4)]
    assert taken == [True, True, False, False]


def fill(worker: Worker, work_class: WorkClass) -> None:
    while worker.seats.take("another", work_class):
        pass


def test_what_may_be_critical_takes_what_is_routine_with_it(make_worker: MakeWorker) -> None:
    worker, heard = make_worker()
    worker.push("shop", CRITICAL)
    assert heard == [ROUTINE]


def test_without_a_routine_seat_it_goes_in_one_that_is_kept(make_worker: MakeWorker) -> None:
    worker, heard = make_worker()
    fill(worker, BULK)
    worker.push("shop", ROUTINE)
    assert heard == []
    worker.push("shop", CRITICAL)
    assert heard == [CRITICAL]
    worker.push("shop", CRITICAL)
    assert heard == [CRITICAL, CRITICAL]  # its seat was given back


def test_without_any_seat_it_comes_again(redis: Redis, make_worker: MakeWorker) -> None:
    worker, heard = make_worker()
    fill(worker, BULK)
    fill(worker, CRITICAL)
    worker.push("shop", CRITICAL)
    assert heard == []
    assert redis.zrange("lockgate:again", 0, -1) == [b"shop critical"]


def test_without_a_slot_it_comes_again(redis: Redis, make_worker: MakeWorker) -> None:
    worker, heard = make_worker()
    while worker._slots.take("shop").holder is not None:
        pass
    worker.push("shop", CRITICAL)
    assert heard == []
    assert redis.zrange("lockgate:again", 0, -1) == [b"shop critical"]


def test_a_limited_channel_spends_nothing_on_routine_work_before(
    monkeypatch: pytest.MonkeyPatch, make_worker: MakeWorker
) -> None:
    worker, heard = make_worker()
    monkeypatch.setattr(worker._budget, "rows", lambda channel, work_class: 1)
    worker.push("shop", CRITICAL)
    assert heard == [CRITICAL]


def test_a_worker_for_critical_work_alone_does_nothing_else(make_worker: MakeWorker) -> None:
    worker, heard = make_worker([CRITICAL])
    worker.push("shop", CRITICAL)
    assert heard == [CRITICAL]


def test_other_work_stays_what_it_is(make_worker: MakeWorker) -> None:
    worker, heard = make_worker()
    worker.push("shop", BULK)
    worker.push("shop", ROUTINE)
    assert heard == [BULK, ROUTINE]
