from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from lockgate.broker import connect
from lockgate.budget import hold_key
from lockgate.contract import WorkClass
from lockgate.limits import NO_SLOT, Pace, Seats, Slot, Slots

CRITICAL, ROUTINE, BULK = WorkClass


def taken(seats: Seats, work_class: WorkClass, of: int = 20) -> int:
    return sum(seats.take(work_class) for _ in range(of))


def test_a_quarter_of_the_seats_is_kept_for_critical_work() -> None:
    seats = Seats(8)
    assert taken(seats, ROUTINE) == 6
    assert taken(seats, CRITICAL) == 1


def test_one_seat_is_kept_for_bulk() -> None:
    seats = Seats(8)
    assert taken(seats, CRITICAL) == 7
    assert taken(seats, ROUTINE) == 0
    assert taken(seats, BULK) == 1


def test_bulk_never_takes_the_seats_of_critical_work() -> None:
    seats = Seats(8)
    assert taken(seats, BULK) == 6
    assert taken(seats, CRITICAL) == 2


def test_the_smallest_worker_still_does_each_class() -> None:
    for work_class in WorkClass:
        assert taken(Seats(2), work_class) >= 1


def test_a_worker_of_one_class_keeps_no_seat_for_others() -> None:
    assert taken(Seats(4, [ROUTINE]), ROUTINE) == 4


def test_a_seat_that_is_freed_is_taken_again() -> None:
    seats = Seats(8)
    taken(seats, ROUTINE)
    seats.free(ROUTINE)
    assert taken(seats, ROUTINE) == 1


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
    assert here.take("shop") == Slot(None, NO_SLOT)
    assert here.take("another").holder is not None
    there.free(second)
    assert here.take("shop").holder is not None


def test_a_channel_that_asked_for_a_pause_lets_no_run_in(redis: Redis, make_slots: MakeSlots) -> None:
    redis.set(hold_key("shop"), 1, px=60_000)
    slot = make_slots(2).take("shop")
    assert slot.holder is None
    assert 50.0 < slot.wait <= 60.0
    assert make_slots(2).take("another").holder is not None


def test_a_slot_of_a_killed_worker_ends_and_of_a_living_one_does_not(make_slots: MakeSlots) -> None:
    living = make_slots(2, life=0.3)
    killed = make_slots(2, life=0.3)
    killed.close()  # it renews no more
    assert living.take("shop").holder is not None
    assert killed.take("shop").holder is not None
    waiting, tick = make_slots(2, life=0.3), threading.Event()
    for _ in range(200):
        if waiting.take("shop").holder is not None:
            break
        tick.wait(0.05)
    else:
        raise AssertionError("the slot of the killed worker never ended")
    assert waiting.take("shop").holder is None


def test_a_flushed_redis_gives_the_living_their_slots_back(redis: Redis, make_slots: MakeSlots) -> None:
    slots, tick = make_slots(1, life=0.3), threading.Event()
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


def test_a_channel_that_could_not_be_reached_is_tried_with_a_single_row() -> None:
    pace = Pace(2000)
    pace.learn("shop", rows=250, seconds=0.05, send_by=5.0)
    pace.fell("shop")
    assert pace.ceiling("shop", 250) == 1
    pace.learn("shop", rows=1, seconds=0.001, send_by=5.0)
    assert pace.ceiling("shop", 250) == 2000
