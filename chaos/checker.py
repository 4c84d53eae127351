"""Decides the properties S1 to S6 of docs/design.md, and two of its promises about motion, from what a
run left behind.

Each function yields what contradicts its property, in words, with the key it happened to.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from chaos.records import Attempt, Key, Push, Records, Seal
from chaos.warehouse import NEVER

# Seconds that clocks, commits and requests on one busy machine may lie apart.
SLACK = 1.5
# The part of all requests that a limit may refuse, and a few of a run that makes few.
REFUSED, FEW = 0.01, 2


class Violation(NamedTuple):
    property: str
    key: Key | None
    words: str


class Bounds(NamedTuple):
    """Seconds, as the run's channels are set.

    A request starts within `send_within` of its lease, lasts `deadline`, and may land `late_bound` later.
    """

    send_within: float
    deadline: float
    late_bound: float


Check = Callable[[Records, Bounds], Iterator[tuple[Key | None, str]]]


def check(records: Records, bounds: Bounds) -> list[Violation]:
    """All that contradicts a property; empty when the run kept its promises."""
    return [
        Violation(name, key, words) for name, holds in CHECKS.items() for key, words in holds(records, bounds)
    ]


def no_unapproved_price(records: Records, bounds: Bounds) -> Iterator[tuple[Key | None, str]]:
    seals = {seal.number: seal for seal in records.seals}
    for table in records.broken_evidence:
        yield None, f"the chain of {table} does not hold"
    for push in records.pushes:
        if push.key.aspect == "price":
            ahead = (_unsealed_ahead(push, coming, seals, bounds) for coming in push.value.get("coming", ()))
            for words in filter(None, (_unsealed(push, seals, bounds), *ahead)):
                yield push.key, words


def _unsealed(push: Push, seals: dict[int, Seal], bounds: Bounds) -> str | None:
    seal = seals.get(push.value["seal"])
    late = bounds.send_within + SLACK
    if seal is None:
        return f"{push.value['amount']} was sent with seal {push.value['seal']}, which is not there"
    if (seal.key, seal.amount) != (push.key, Decimal(push.value["amount"])):
        return f"{push.value['amount']} was sent with seal {seal.number}: {seal.amount} of {seal.key}"
    if seal.approved is None or seal.approved > push.received + SLACK:
        return f"seal {seal.number} was sent before it was approved"
    if push.received < seal.starts - SLACK:
        return f"seal {seal.number} was sent {seal.starts - push.received:.1f} s before it began"
    if not seal.covers(push.received) and not seal.covers(push.received - late):
        return f"seal {seal.number} was sent after it had ended"
    newer = [
        other.number
        for other in seals.values()
        if other.key == push.key and other.number > seal.number and other.covers(push.received)
        and max(other.starts, other.approved or 0) < push.received - late
    ]  # fmt: skip
    if newer:
        return f"seal {seal.number} was sent {late} s after seal {max(newer)} had superseded it"
    return None


def _unsealed_ahead(push: Push, coming: dict, seals: dict[int, Seal], bounds: Bounds) -> str | None:
    """What the channel is to show by itself from a moment on: its seal covers that moment, and nobody had
    taken it back when it was sent."""
    seal = seals.get(coming["seal"])
    starts = moment(coming["starts"])
    late = bounds.send_within + SLACK
    if seal is None or (seal.key, seal.amount) != (push.key, Decimal(coming["amount"])):
        return f"{coming['amount']} was sent ahead with seal {coming['seal']}, which does not say so"
    if seal.approved is None or seal.approved > push.received + SLACK:
        return f"seal {seal.number} was sent ahead before it was approved"
    if starts < seal.starts or (seal.ends is not None and starts >= seal.ends):
        return f"seal {seal.number} was sent ahead for a moment that it does not cover"
    if seal.revoked is not None and seal.revoked < push.received - late:
        return f"seal {seal.number} was sent ahead after it was revoked"
    return None


def no_going_back(records: Records, bounds: Bounds) -> Iterator[tuple[Key | None, str]]:
    leases = _by_key(attempt for attempt in records.attempts if attempt.purpose == "push")
    for key, pushes in _by_key(records.pushes).items():
        sent = [(push, _lease_of(push, leases[key])) for push in sorted(pushes, key=lambda p: p.received)]
        for push, attempt in sent:
            if attempt is None:
                yield key, f"{_words(push.value)} was sent at {push.received:.3f} without a lease"
        known = [(push, attempt) for push, attempt in sent if attempt is not None]
        for (_, before), (push, after) in pairwise(known):
            if after.version < before.version:
                yield key, f"version {after.version} was sent after version {before.version}"
            over = before.leased + sum(bounds)
            free = min(over, before.answered or over)
            if after is not before and push.received + SLACK < free:
                yield key, f"version {after.version} was sent before {before.version} was answered or over"
    if records.readable:
        for key, attempts in _by_key(records.attempts).items():
            for before, after in pairwise(attempts):
                again = before.purpose == after.purpose == "push" and before.version == after.version
                if again and before.answered is None:
                    yield key, f"version {after.version} was sent again, and nobody had asked what came of it"


def _lease_of(push: Push, attempts: list[Attempt]) -> Attempt | None:
    """The lease that a push was made with: its value, and the latest that was given before it."""
    fitting = [
        attempt
        for attempt in attempts
        if attempt.leased <= push.received + SLACK and _same(attempt.value, push.value)
    ]
    return max(fitting, key=lambda attempt: attempt.leased, default=None)


def _same(leased: dict, pushed: dict) -> bool:
    names = ("sku", "seal", "amount") if leased["aspect"] == "price" else ("sku", "quantity")
    return all(str(leased[name]) == str(pushed[name]) for name in names) and _ahead(leased) == _ahead(pushed)


def _ahead(value: dict) -> list[tuple[int, float]]:
    return [(coming["seal"], moment(coming["starts"])) for coming in value.get("coming", ())]


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def nothing_lost(records: Records, bounds: Bounds) -> Iterator[tuple[Key | None, str]]:
    if records.converged_in is None:
        yield None, "the channels did not come to rest"
    for end in records.ends:
        if end.wrong:
            yield end.key, f"the channel shows {end.shown} where it should show {end.expected}"


def nothing_invented(records: Records, bounds: Bounds) -> Iterator[tuple[Key | None, str]]:
    for push in records.pushes:
        number = push.value["amount" if push.key.aspect == "price" else "quantity"]
        if Decimal(number) >= NEVER:
            yield push.key, f"{number} was sent, which was rolled back or never approved"


def no_oversell(records: Records, bounds: Bounds) -> Iterator[tuple[Key | None, str]]:
    leases = _by_key(attempt for attempt in records.attempts if attempt.purpose == "push")
    for attempts in leases.values():
        for attempt in attempts:
            if attempt.visible is not None and attempt.value["quantity"] != max(0, attempt.visible):
                yield (
                    attempt.key,
                    f"{attempt.value['quantity']} was leased where the snapshot shows {attempt.visible}",
                )
    for push in records.pushes:
        attempt = _lease_of(push, leases[push.key])
        if attempt and push.received > attempt.leased + bounds.send_within + SLACK:
            yield (
                push.key,
                f"{_words(push.value)} was sent {push.received - attempt.leased:.1f} s after its lease",
            )


def frozen_is_frozen(records: Records, bounds: Bounds) -> Iterator[tuple[Key | None, str]]:
    for push in records.pushes:
        for freeze in records.freezes:
            began = freeze.began + bounds.send_within + SLACK
            if push.key.sku in freeze.skus and began < push.received < (freeze.ended or push.received + 1):
                yield push.key, f"sent {push.received - freeze.began:.1f} s after the channel was frozen"


def limits_are_kept(records: Records, bounds: Bounds) -> Iterator[tuple[Key | None, str]]:
    answered, refused = records.limited
    if refused > FEW + REFUSED * answered:
        yield None, f"the channel's limit refused {refused} of {answered + refused} requests"


def stops_in_time(records: Records, bounds: Bounds) -> Iterator[tuple[Key | None, str]]:
    yield from ((None, words) for words in records.overdue)


def _by_key(things):
    found = defaultdict(list)
    for thing in things:
        found[thing.key].append(thing)
    return found


def _words(value: dict) -> str:
    return str(value.get("amount", value.get("quantity")))


CHECKS: dict[str, Check] = {
    "S1": no_unapproved_price,
    "S2": no_going_back,
    "S3": nothing_lost,
    "S4": nothing_invented,
    "S5": no_oversell,
    "S6": frozen_is_frozen,
    "flow": limits_are_kept,
    "stop": stops_in_time,
}
