"""Channels that refuse, answer in another order, have a limit, or are frozen."""

import threading
import time

from chaos.arena import TOO_LATE, Arena


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
    arena.set_up(5, batch_size=1, limit="sliding_log 1/1")
    arena.script(kind="limit", limit="sliding_log", calls=1, seconds=1)
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


def a_freeze_in_the_middle_of_a_run(arena: Arena) -> None:
    """A worker holds two leases when the channel is frozen, and sends the first of them at that moment."""
    arena.set_up(2, timing={"send_within": 12, "deadline": 8}, batch_size=1)
    arena.script(kind="delay", seconds=6, times=1, path="/stock")
    told = len(arena.told())
    for product in arena.products:
        arena.put(product, 3)
    sending = threading.Thread(target=arena.once, daemon=True)
    sending.start()
    arena.wait(lambda: len(arena.told()) > told)
    arena.freeze()
    sending.join()
    arena.resume()
    arena.work()
