"""From what happens in Odoo to what is wanted of a channel."""

import threading
import time

from chaos.arena import Arena
from chaos.hand import Hand
from chaos.warehouse import BEGINNING


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


def a_savepoint(arena: Arena) -> None:
    """A part of a transaction is taken back after its marks were gathered, and done again."""
    arena.set_up(1)
    (product,) = arena.products

    def twice(env) -> None:
        savepoint = env.cr.savepoint()
        arena.stock.put(env, product, 3)
        env.flush_all()
        savepoint.close(rollback=True)
        env.invalidate_all()
        arena.stock.put(env, product, 3)

    arena.stock.commit("receive", product, 3, twice)
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


def an_order(arena: Arena) -> None:
    arena.set_up(1)
    (product,) = arena.products
    arena.stock.commit("order", product, -5, lambda env: arena.stock.order(env, product, 5))
    arena.put(product, 3)
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


def a_new_sku_in_flight(arena: Arena) -> None:
    """A listing is called otherwise while a push to its old name has no answer yet; another worker comes."""
    arena.set_up(1)
    arena.put(arena.products[0], 3)
    hand = Hand(arena).lease().push()
    arena.admin.call(
        "lockgate.listing", "write", [arena.listing(arena.products[0])], {"sku": f"{arena.code}-new"}
    )
    Hand(arena).lease().push().report()
    time.sleep(3)  # the channel takes its time for the first one's answer
    hand.report()
    arena.work()


def two_turns_at_once(arena: Arena) -> None:
    """One turn has leased what there was, and is not committed; meanwhile something more urgent comes, and
    another worker asks. Both say that one lease may be out in all."""
    arena.set_up(2)
    routine, urgent = arena.products
    arena.put(routine, 3)
    Hand(arena).lease(0)  # its mark is consumed
    arena.ceiling = time.time(), 1
    hands = [Hand(arena), Hand(arena)]
    with arena.no_attempt_is_written():
        first = threading.Thread(target=hands[0].lease, args=[1])
        first.start()
        arena.wait(lambda: arena.waiting("lockgate_attempt") == 1)
        arena.put(urgent, -BEGINNING)
        second = threading.Thread(target=hands[1].lease, args=[1])
        second.start()
        arena.wait(lambda: not second.is_alive() or arena.waiting("advisory") == 1)
    for each in (first, second):
        each.join()
    for hand in hands:
        hand.push().report()
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
