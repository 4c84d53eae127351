"""From what happens in Odoo to what is wanted of a channel."""

import time

from chaos.arena import Arena
from chaos.hand import Hand


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
