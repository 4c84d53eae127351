"""Short plays on the real parts, each of which tells a promise kept from a promise broken.

On the code as it is no scene ends with a violation; each mutant of `chaos.mutants` names one that does.
A moment that passes in a scene is a lease's, a seal's or a channel's own, never a wait for a result.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from chaos.arena import Arena, Hand
from lockgate.connectors.demo import DemoConnector

Scene = Callable[[Arena], None]
# Longer than a lease may wait to be sent, and shorter than it lasts.
TOO_LATE = 5.0


def a_change(arena: Arena) -> None:
    arena.set_up(1)
    arena.put(arena.products[0], 3)
    arena.work()


def a_change_that_cannot_be_read_back(arena: Arena) -> None:
    arena.set_up(1, read_back=False)
    arena.put(arena.products[0], 3)
    arena.work()


def a_late_commit(arena: Arena) -> None:
    """Marks with lower numbers are committed after those with higher ones were consumed."""
    arena.set_up(2)
    late, early = arena.products

    def meanwhile(env) -> None:
        arena.stock.put(env, late, 3)
        env.cr.flush()
        arena.put(early, 4)
        arena.work()

    arena.stock.commit("receive", late, 3, meanwhile)
    arena.work()


def a_poison_row(arena: Arena) -> None:
    """A unit that nothing can be counted in, as only SQL makes it, beside a listing that is well."""
    arena.set_up(2)
    poison, well = arena.products
    unit = arena.admin.create("uom.uom", name=arena.code)
    arena.sql("UPDATE lockgate_listing SET uom_id = %s WHERE product_id = %s", unit, poison)
    arena.sql("UPDATE uom_uom SET factor = 0 WHERE id = %s", unit)
    arena.put(poison, 3)
    arena.put(well, 4)
    arena.work()
    arena.sql("UPDATE uom_uom SET factor = 1 WHERE id = %s", unit)
    arena.put(poison, 1)
    arena.work()


def news_before_a_retry(arena: Arena) -> None:
    """The channel wants to be asked again later; meanwhile there is a newer value."""
    arena.set_up(1)
    arena.script(kind="fail", status=503, retry_after=TOO_LATE + 1, times=1, path="/stock")
    arena.put(arena.products[0], 3)
    arena.once()
    arena.put(arena.products[0], 4)
    arena.work()


def a_price_that_begins(arena: Arena) -> None:
    arena.set_up(1, books=1)
    arena.price(20, begins=15)
    begun = time.monotonic() + 15
    arena.work()
    arena.wait(lambda: time.monotonic() > begun)
    arena.once()
    arena.work()


def a_price_that_ends(arena: Arena) -> None:
    arena.set_up(1, books=1)
    arena.price(20, ends=12)
    ended = time.monotonic() + 12
    arena.work()
    arena.wait(lambda: time.monotonic() > ended)
    arena.once()
    arena.work()


def two_books(arena: Arena) -> None:
    arena.set_up(1, books=2)
    arena.price(20, arena.books[:1])
    arena.work()


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


def refused_and_changed(arena: Arena) -> None:
    arena.set_up(1)
    arena.script(kind="refuse", sku=f"{arena.code}-0", aspect="stock")
    arena.put(arena.products[0], 3)
    arena.work()
    arena.forget_script()
    arena.put(arena.products[0], 4)
    arena.work()


def one_of_two_refused(arena: Arena) -> None:
    arena.set_up(2, read_back=False)
    arena.script(kind="refuse", sku=f"{arena.code}-0", aspect="stock")
    for product in arena.products:
        arena.put(product, 3)
    arena.work()


def one_of_two_refused_in_another_order(arena: Arena) -> None:
    arena.set_up(2, read_back=False)
    arena.script(kind="reorder")
    arena.script(kind="refuse", sku=f"{arena.code}-0", aspect="stock")
    for product in arena.products:
        arena.put(product, 3)
    arena.work()


def two_workers_at_a_limit(arena: Arena) -> None:
    arena.set_up(8, batch_size=1, limit="sliding_log 5/1")
    arena.script(kind="limit", limit="sliding_log", calls=5, seconds=1)
    for product in arena.products:
        arena.put(product, 3)
    arena.work(workers=2)


def a_freeze(arena: Arena) -> None:
    arena.set_up(1)
    arena.freeze()
    frozen = time.monotonic()
    arena.put(arena.products[0], 3)
    arena.wait(lambda: time.monotonic() > frozen + TOO_LATE)
    arena.once()
    arena.resume()
    arena.work()


def a_new_sku(arena: Arena) -> None:
    """A listing is called otherwise while a push to its old name is out."""
    arena.set_up(1)
    arena.put(arena.products[0], 3)
    hand = Hand(arena).lease().push()
    arena.admin.call(
        "lockgate.listing", "write", [arena.listing(arena.products[0])], {"sku": f"{arena.code}-new"}
    )
    hand.report()
    arena.work()


def an_order(arena: Arena) -> None:
    arena.set_up(1)
    (product,) = arena.products
    arena.stock.commit("order", product, -5, lambda env: arena.stock.order(env, product, 5))
    arena.work()


def a_savepoint(arena: Arena) -> None:
    """A part of a transaction is taken back before anything of it was written, and done again."""
    arena.set_up(1)
    (product,) = arena.products

    def twice(env) -> None:
        savepoint = env.cr.savepoint()
        arena.stock.put(env, product, 3)
        savepoint.close(rollback=True)
        env.invalidate_all()
        arena.stock.put(env, product, 3)

    arena.stock.commit("receive", product, 3, twice)
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


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        a_change, a_change_that_cannot_be_read_back, a_late_commit, a_poison_row, news_before_a_retry,
        a_price_that_begins, a_price_that_ends, two_books, no_answer, a_dead_worker, a_killer,
        a_stopped_worker, a_result_that_comes_late, a_result_that_is_told_twice, out_and_back,
        news_before_a_confirmation,
        refused_and_changed, one_of_two_refused, one_of_two_refused_in_another_order, two_workers_at_a_limit,
        a_freeze, a_new_sku, an_order, a_savepoint,
    )
}  # fmt: skip


def main() -> int:
    """Play one scene; prints what it broke, as JSON: {property: the first words that say how}."""
    plan = json.loads(sys.argv[1])
    arena = Arena(plan)
    SCENES[plan["scene"]](arena)
    broken: dict[str, str] = {}
    for violation in arena.violations():
        broken.setdefault(violation.property, violation.words)
    print(json.dumps(broken), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
