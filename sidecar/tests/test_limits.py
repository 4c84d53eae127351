from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from redis import Redis

from lockgate.broker import connect
from lockgate.budget import hold_key
from lockgate.contract import WorkClass
from lockgate.limits import SLOW, Pace, Refusals, Seats, Slot, Slots

CRITICAL, ROUTINE, BULK = WorkClass


class Worker:
    """Seats, and the pace of channels by a clock that the test moves."""

    def __init__(self, seats: int, *queues: WorkClass) -> None:
        self.now = 0.0
        self.pace = Pace(2000, clock=lambda: self.now)
        self.seats = Seats(seats, self.pace, queues or tuple(WorkClass))

    def taken(self, work_class: WorkClass, channel: str = "shop", of: int = 20) -> int:
        return sum(self.seats.take(channel, work_class) for _ in range(of))

    def hang(self, *channels: str) -> ExitStack:
        """A request of each is out, for longer than a request should be, until the stack is closed."""
        requests = ExitStack()
        for channel in channels:
            requests.enter_context(self.pace.asking(channel))
        self.now += SLOW + 0.1
        return requests


def test_a_quarter_of_the_seats_is_kept_for_critical_work() -> None:
    worker = Worker(8)
    assert worker.taken(ROUTINE) == 6
    assert worker.taken(CRITICAL) == 1


def test_one_seat_is_kept_for_bulk() -> None:
    worker = Worker(8)
    assert worker.taken(CRITICAL) == 7
    assert worker.taken(ROUTINE) == 0
    assert worker.taken(BULK) == 1


def test_bulk_never_takes_the_seats_of_critical_work() -> None:
    worker = Worker(8)
    assert worker.taken(BULK) == 6
    assert worker.taken(CRITICAL) == 2


def test_the_smallest_worker_still_does_each_class() -> None:
    for work_class in WorkClass:
        assert Worker(2).taken(work_class) >= 1


def test_a_worker_of_one_class_keeps_no_seat_for_others() -> None:
    assert Worker(4, ROUTINE).taken(ROUTINE) == 4


def test_a_seat_that_is_freed_is_taken_again() -> None:
    worker = Worker(8)
    worker.taken(ROUTINE)
    worker.seats.free("shop", ROUTINE)
    assert worker.taken(ROUTINE) == 1


def test_a_channel_that_keeps_a_request_waiting_gives_its_seats_to_others() -> None:
    worker = Worker(8)
    assert worker.taken(ROUTINE, "hangs") == 6
    assert worker.taken(ROUTINE, "well") == 0
    with worker.hang("hangs"):
        assert worker.taken(ROUTINE, "well") == 6


def test_channels_that_are_slow_never_hold_more_than_as_many_seats_beside_the_others() -> None:
    worker = Worker(8)
    slow = [f"slow {number}" for number in range(20)]
    with worker.hang(*slow):
        pass
    for channel in slow:
        worker.taken(ROUTINE, channel, of=2)
    assert worker.taken(CRITICAL, "slow 0") == 0
    assert worker.taken(ROUTINE, "well") == 6
    assert worker.taken(CRITICAL, "well") == 1
    assert worker.taken(BULK, "well") == 0
    assert worker.seats.threads >= 8 + 8 + 8


def test_a_channel_is_slow_until_it_answers_in_time_again() -> None:
    worker = Worker(8)
    with worker.hang("shop"):
        assert worker.pace.slow("shop")
    assert worker.pace.slow("shop")
    assert not worker.pace.slow("another")
    with worker.pace.asking("shop"):
        assert worker.pace.slow("shop")
    assert not worker.pace.slow("shop")


def test_a_request_that_fails_at_once_makes_no_channel_slow() -> None:
    worker = Worker(8)
    with pytest.raises(ValueError, match="refused"), worker.pace.asking("shop"):
        raise ValueError("refused")
    assert not worker.pace.slow("shop")


MakeSlots = Callable[..., Slots]


@pytest.fixture
def make_slots(redis: Redis) -> Iterator[MakeSlots]:
    made: list[Slots] = []

    def make(bound: int, life: float = 5.0) -> Slots:
        made.append(Slots(redis, bound, life))
        return made[-1]

    yield make
    for slots in made:
        slots.close()


def test_a_channel_has_so_many_slots_over_all_workers(make_slots: MakeSlots) -> None:
    here, there = make_slots(2), make_slots(2)
    first, second = here.take("shop").holder, there.take("shop").holder
    assert first is not None
    assert second is not None
    assert here.take("shop") == Slot(None)
    assert here.take("another").holder is not None
    there.free(second)
    assert here.take("shop").holder is not None


def test_a_channel_that_asked_for_a_pause_lets_no_run_in(redis: Redis, make_slots: MakeSlots) -> None:
    redis.set(hold_key("shop"), 1, px=60_000)
    slot = make_slots(2).take("shop")
    assert slot.holder is None
    assert 50.0 < slot.pause <= 60.0
    assert make_slots(2).take("another").holder is not None


def test_a_slot_of_a_killed_worker_ends_and_of_a_living_one_does_not(make_slots: MakeSlots) -> None:
    living = make_slots(2, life=2.0)
    killed = make_slots(2, life=2.0)
    killed.close()  # it renews no more
    assert living.take("shop").holder is not None
    assert killed.take("shop").holder is not None
    waiting, tick = make_slots(2, life=2.0), threading.Event()
    for _ in range(200):
        if waiting.take("shop").holder is not None:
            break
        tick.wait(0.05)
    else:
        raise AssertionError("the slot of the killed worker never ended")
    assert waiting.take("shop").holder is None


def test_a_flushed_redis_gives_the_living_their_slots_back(redis: Redis, make_slots: MakeSlots) -> None:
    slots, tick = make_slots(1, life=2.0), threading.Event()
    assert slots.take("shop").holder is not None
    redis.flushall()
    for _ in range(200):
        if redis.zcard("lockgate:slots:shop") == 1:
            break
        tick.wait(0.05)
    assert slots.take("shop").holder is None


def test_a_redis_that_fails_lets_work_through() -> None:
    nowhere = connect("unix:///nowhere/redis.sock")
    slots = Slots(nowhere, 1)
    holder = slots.take("shop").holder
    assert holder is not None
    assert slots.take("shop").holder is not None
    slots.free(holder)
    slots.close()


def test_a_channel_not_seen_yet_is_leased_little() -> None:
    assert Pace(2000).ceiling("shop", 250) == 500


def test_a_fast_channel_is_leased_the_ceiling() -> None:
    pace = Pace(2000)
    pace.learn("shop", rows=250, seconds=0.05, send_by=5.0)
    assert pace.ceiling("shop", 250) == 2000


def test_a_slow_channel_is_leased_what_it_takes_in_half_the_time() -> None:
    pace = Pace(2000)
    pace.learn("shop", rows=50, seconds=0.5, send_by=5.0)
    assert pace.ceiling("shop", 50) == 250


def test_a_channel_is_never_leased_less_than_a_batch() -> None:
    pace = Pace(2000)
    pace.learn("shop", rows=1, seconds=60.0, send_by=5.0)
    assert pace.ceiling("shop", 50) == 50


def test_what_odoo_refuses_is_asked_for_less_and_less_until_it_is_taken() -> None:
    now = 0.0
    refusals = Refusals(clock=lambda: now)
    assert refusals.wait("shop") == 0.0
    assert [refusals.refused("shop") for _ in range(6)] == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert (refusals.wait("shop"), refusals.wait("another")) == (30.0, 0.0)
    now = 31.0
    assert refusals.wait("shop") == 0.0
    refusals.taken("shop")
    assert refusals.refused("shop") == 2.0
