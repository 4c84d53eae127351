"""How each publication ended: what the channel shows, and what it should by the journal and the seals."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from chaos.records import End, Key, Push, Seal
from chaos.warehouse import BEGINNING

Json = dict[str, Any]
# Seconds: what a seal that begins or ends changes may be on its way for so long.
TURNING = 10.0


def stock(cr, channels: list[int], shown: Json) -> Iterator[tuple]:
    """Each listing's number: as shown, and by the operations of the journal."""
    cr.execute(
        """
        SELECT l.sku, greatest(0, %s + coalesce((
                   SELECT sum(o.delta) FROM chaos_operation o
                    WHERE o.product_id = l.product_id), 0)) AS expected
          FROM lockgate_listing l WHERE l.channel_id = ANY(%s)
        """,
        [BEGINNING, channels],
    )
    for row in cr.fetchall():
        listing = shown.get(row["sku"]) or {}
        yield Key(row["sku"], "stock", None), listing.get("quantity"), row["expected"]


def prices(now: float, shown: Json, seals: list[Seal]) -> Iterator[tuple]:
    """Each price that a seal is in force for: as shown, and as sealed."""
    by_key: dict[Key, Seal] = {}
    for seal in seals:
        if seal.covers(now) and (seal.key not in by_key or seal.number > by_key[seal.key].number):
            by_key[seal.key] = seal
    for key, seal in by_key.items():
        listing = shown.get(key.sku) or {}
        book = listing if key.book is None else listing.get("books", {}).get(key.book, {})
        yield key, book.get("price"), seal.amount


def turning(now: float, seals: list[Seal]) -> set[Key]:
    """Where a seal has begun or ended just now, or is about to: what it changes may be on its way."""
    return {
        seal.key
        for seal in seals
        for moment in (seal.starts, seal.ends)
        if moment is not None and now - TURNING < moment < now + 1
    }


def repeated(told: Iterable[tuple[Key, Json]]) -> set[Key]:
    """Where the last thing that took effect is a request that came again, and that nobody sent then."""
    applied = [(entry["applied_monotonic"], key, entry) for key, entry in told if entry["applied"]]
    last = {key: entry["repeated"] for _, key, entry in sorted(applied, key=lambda each: each[0])}
    return {key for key, again in last.items() if again}


def end(key: Key, shown, expected, pushes: list[Push], blocked: set[Key], repeated: set[Key]) -> End:
    name = "amount" if key.aspect == "price" else "quantity"
    refused = any(
        push.refused and push.key == key and Decimal(push.value[name]) == Decimal(expected) for push in pushes
    )
    words = [None if number is None else f"{Decimal(number).normalize():f}" for number in (shown, expected)]
    return End(key, *words, exempt=(refused and key in blocked) or key in repeated)
