"""How each publication ended: what the channel shows, and what it should by the journal and the seals."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from chaos.records import End, Key, Push, Seal
from chaos.warehouse import BEGINNING

Json = dict[str, Any]
# Seconds: what a seal that begins or ends changes may be on its way for so long.
TURNING = 10.0


# A price or number, and the prices that take over by themselves: (from when on, amount).
Held = tuple[Decimal | None, list[tuple[float, Decimal]]]


def stock(cr, channels: list[int], shown: Json) -> Iterator[tuple[Key, Held, Held]]:
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
        yield Key(row["sku"], "stock", None), (_number(listing.get("quantity")), []), (row["expected"], [])


def prices(now: float, shown: Json, seals: list[Seal], dated: bool) -> Iterator[tuple[Key, Held, Held]]:
    """Each price that a seal is in force for, and those that a channel which keeps dated prices holds
    ahead: as shown, as sealed."""
    by_key: dict[Key, list[Seal]] = {}
    for seal in seals:
        by_key.setdefault(seal.key, []).append(seal)
    for key, own in by_key.items():
        seal = _in_force(own, now)
        if seal is None:
            continue
        listing = shown.get(key.sku) or {}
        book = listing if key.book is None else listing.get("books", {}).get(key.book, {})
        held = [(moment(each["starts"]), Decimal(each["amount"])) for each in book.get("coming", ())]
        yield key, (_number(book.get("price")), held), (seal.amount, list(ahead(now, own)) if dated else [])


def ahead(now: float, seals: list[Seal]) -> Iterator[tuple[float, Decimal]]:
    """What a channel that keeps dated prices is to hold of one price: (from when on, amount)."""
    before = _in_force(seals, now)
    moments = {turn for seal in seals for turn in (seal.starts, seal.ends) if turn is not None and turn > now}
    for turn in sorted(moments):
        seal = _in_force(seals, turn)
        if seal is not None and seal is not before:
            yield turn, seal.amount
            before = seal


def _in_force(seals: list[Seal], now: float) -> Seal | None:
    covering = [seal for seal in seals if seal.covers(now)]
    return max(covering, key=lambda seal: seal.number, default=None)


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _number(number: str | int | None) -> Decimal | None:
    return None if number is None else Decimal(number)


def turning(now: float, seals: list[Seal]) -> set[Key]:
    """Where a seal has begun or ended just now, or is about to: what it changes may be on its way."""
    return {
        seal.key
        for seal in seals
        for moment in (seal.starts, seal.ends)
        if moment is not None and now - TURNING < moment < now + 1
    }


def end(key: Key, shown: Held, expected: Held, pushes: list[Push], blocked: set[Key]) -> End:
    name = "amount" if key.aspect == "price" else "quantity"
    refused = any(
        push.refused and push.key == key and Decimal(push.value[name]) == expected[0] for push in pushes
    )
    return End(key, _words(shown), _words(expected), exempt=refused and key in blocked)


def _words(held: Held) -> str | None:
    now, coming = held
    if now is None:
        return None
    return ", then ".join(
        [f"{Decimal(now).normalize():f}"]
        + [f"{amount.normalize():f} from {starts:.0f} on" for starts, amount in coming]
    )
