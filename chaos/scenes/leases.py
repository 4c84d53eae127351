"""Workers that are slow, dead or stopped, and results that come late or again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from chaos.arena import TOO_LATE, Arena
from chaos.findings import SLACK
from chaos.hand import Hand
from lockgate.connectors.demo import DemoConnector

# Seconds: a newer value has been sent and read back by then, and what was in doubt not been looked at again.
LONG_AFTER = 14


def no_answer(arena: Arena) -> None:
    """The channel falls silent; meanwhile there is a newer value, and another worker."""
    arena.set_up(1)
    arena.script(kind="hang", seconds=8, times=1, path="/stock")
    told = len(arena.told())
    arena.put(arena.products[0], 3)
    waiting = threading.Thread(target=arena.once, daemon=True)
    waiting.start()
    arena.wait(lambda: len(arena.told()) > told)
    arena.put(arena.products[0], 4)
    arena.work()
    waiting.join()


def far_too_late(arena: Arena) -> None:
    """A request without an answer lands when its lease is long over, on a newer value that was read back."""
    _lands_on_a_newer_one(arena)


def far_too_late_for_one_that_compares(arena: Arena) -> None:
    _lands_on_a_newer_one(arena, compares=True)


def _lands_on_a_newer_one(arena: Arena, **how: bool) -> None:
    arena.set_up(1, **how)
    arena.script(kind="late", seconds=LONG_AFTER, times=1, path="/stock")
    arena.put(arena.products[0], 3)
    arena.once()
    landed = time.monotonic() + LONG_AFTER
    arena.put(arena.products[0], 4)
    arena.wait(lambda: arena.once() or time.monotonic() > landed)
    over = landed + arena.bounds.repair + SLACK
    arena.wait(lambda: arena.once() or time.monotonic() > over)
    arena.work()


def a_dead_worker(arena: Arena) -> None:
    """It took a lease, and nobody ever heard of it again."""
    arena.set_up(1)
    arena.put(arena.products[0], 3)
    Hand(arena).lease()
    arena.work()


def a_killer(arena: Arena) -> None:
    """Every worker that takes it dies; a person looks into it, and then it goes through."""
    arena.set_up(1, timing={"send_within": 1, "deadline": 1, "late_bound": 0})
    arena.put(arena.products[0], 3)
    dead = 0
    while dead < 10 and (dead == 0 or not arena.at_rest()):
        dead += len(Hand(arena).lease().leases)
        time.sleep(0.1)  # it does nothing
    arena.must_rest()
    stuck = arena.admin.find("lockgate.publication", [("channel_id", "=", arena.channel)], "id")
    arena.admin.call("lockgate.publication", "action_push_again", [row["id"] for row in stuck])
    arena.work()


def a_stopped_worker(arena: Arena) -> None:
    """A process stands still between two requests, and meanwhile its machine's clock is put back an hour."""
    arena.set_up(2, batch_size=1)
    for product in arena.products:
        arena.put(product, 3)
    with _stands_still_after_a_push():
        arena.once()
    arena.work()


def a_result_that_comes_late(arena: Arena) -> None:
    """Of a lease that has ended, while another one of the same publication is out."""
    arena.set_up(1)
    arena.put(arena.products[0], 3)
    first = Hand(arena).lease().push()
    arena.work()
    _while_another_is_out(arena, first)


def a_result_that_is_told_twice(arena: Arena) -> None:
    arena.set_up(1)
    arena.put(arena.products[0], 3)
    first = Hand(arena).lease().push()
    first.report()
    arena.work()
    _while_another_is_out(arena, first)


def out_and_back(arena: Arena) -> None:
    """What is wanted again is what the channel shows, while a request with something else may still land."""
    arena.set_up(1)
    arena.script(kind="late", seconds=3, times=1, path="/stock")
    arena.put(arena.products[0], 3)
    arena.once()
    arena.put(arena.products[0], -3)
    arena.work()
    arena.wait(lambda: all(entry["applied"] for entry in arena.told()))
    arena.work()


def news_before_a_confirmation(arena: Arena) -> None:
    arena.set_up(1, read_back=False)
    arena.put(arena.products[0], 3)
    hand = Hand(arena).lease().push()
    arena.put(arena.products[0], 4)
    Hand(arena).lease()  # a turn that sees it
    hand.report()
    arena.work()


def news_before_a_retry(arena: Arena) -> None:
    """The channel wants to be asked again later; meanwhile there is a newer value."""
    arena.set_up(1)
    arena.script(kind="fail", status=503, retry_after=TOO_LATE + 1, times=1, path="/stock")
    arena.put(arena.products[0], 3)
    arena.once()
    arena.put(arena.products[0], 4)
    arena.work()


def _while_another_is_out(arena: Arena, first: Hand) -> None:
    """The result of `first` is told while a newer push has no answer yet, and something newer is wanted."""
    arena.put(arena.products[0], 4)
    second = Hand(arena).lease().push()
    first.report()
    arena.put(arena.products[0], 5)
    Hand(arena).lease().push()
    time.sleep(3)  # the channel takes its time for the second one's answer
    second.report()
    arena.work()


@contextmanager
def _stands_still_after_a_push() -> Iterator[None]:
    push, clock, behind = DemoConnector.push, time.time, [0]

    def pushed(connector, items):
        outcomes = push(connector, items)
        if not behind[0]:
            time.sleep(TOO_LATE)
            behind[0] = 3600
        return outcomes

    def told() -> float:
        return clock() - behind[0]

    with mock.patch.object(DemoConnector, "push", pushed), mock.patch("time.time", told):
        yield
