"""Decides the properties S1 to S6 of docs/design.md, and two of its promises about motion, from what a
run left behind.

Each function yields what contradicts its property, in words, with the key it happened to.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from chaos.ends import moment
from chaos.findings import SLACK, Bounds, Check, Found, by_key, lease_of
from chaos.late import shown_too_long
from chaos.records import Key, Push, Records, Seal
from chaos.sales import no_second_offer
from chaos.warehouse import NEVER

# The part of all requests that a limit may refuse, and a few of a run that makes few.
REFUSED, FEW = 0.01, 2


class Violation(NamedTuple):
    property: str
    key: Key | None
    words: str
    at: float | None


def check(records: Records, bounds: Bounds) -> list[Violation]:
    """All that contradicts a property; empty when the run kept its promises."""
    return [Violation(name, *found) for name, holds in CHECKS.items() for found in holds(records, bounds)]


def no_unapproved_price(records: Records, bounds: Bounds) -> Iterator[Found]:
    seals = {seal.number: seal for seal in records.seals}
    for table in records.broken_evidence:
        yield Found(None, f"the chain of {table} does not hold")
    for push in records.pushes:
        if push.key.aspect == "price":
            ahead = (_unsealed_ahead(push, coming, seals, bounds) for coming in push.value.get("coming", ()))
            for words in filter(None, (_unsealed(push, seals, bounds), *ahead)):
                yield Found(push.key, words, push.received)


def _unsealed(push: Push, seals: dict[int, Seal], bounds: Bounds) -> str | None:
    seal = seals.get(push.value["seal"])
    late = bounds.send_within + SLACK
    if seal is None:
        return f"{push.value['amount']} was sent with seal {push.value['seal']}, which is not there"
    if (seal.key, seal.amount) != (push.key, Decimal(push.value["amount"])):
        return f"{push.value['amount']} was sent with seal {seal.number}: {seal.amount} of {seal.key}"
    if seal.approved is None or seal.approved > push.received + SLACK:
        return f"seal {seal.number} was sent before it was approved"
    if not seal.as_approved:
        return f"seal {seal.number} is not what was approved"
    if push.received < seal.starts - SLACK:
        return f"seal {seal.number} was sent {seal.starts - push.received:.1f} s before it began"
    # A worker knows when what it holds ends, and not what was decided since it was leased.
    if seal.ends is not None and push.received - SLACK >= seal.ends:
        return f"seal {seal.number} was sent {push.received - seal.ends:.1f} s after it had ended"
    if seal.revoked is not None and push.received - late >= seal.revoked:
        return f"seal {seal.number} was sent {push.received - seal.revoked:.1f} s after it was revoked"
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


def no_going_back(records: Records, bounds: Bounds) -> Iterator[Found]:
    leases = by_key(attempt for attempt in records.attempts if attempt.purpose == "push")
    refused = {end.key for end in records.ends if end.exempt}
    for key, pushes in by_key(records.pushes).items():
        sent = [(push, lease_of(push, leases[key])) for push in sorted(pushes, key=lambda p: p.received)]
        for push, attempt in sent:
            if attempt is None:
                yield Found(key, f"{_words(push.value)} was sent without a lease", push.received)
        known = [(push, attempt) for push, attempt in sent if attempt is not None]
        for (_, before), (push, after) in pairwise(known):
            if after.version < before.version:
                words = f"version {after.version} was sent after version {before.version}"
                yield Found(key, words, push.received)
            over = before.leased + bounds.lease
            free = min(over, before.answered or over)
            if after is not before and push.received + SLACK < free:
                words = f"version {after.version} was sent before {before.version} was answered or over"
                yield Found(key, words, push.received)
        if key not in refused:
            yield from shown_too_long(key, records, leases[key], bounds)
    if records.readable:
        for key, attempts in by_key(records.attempts).items():
            for before, after in pairwise(attempts):
                again = before.purpose == after.purpose == "push" and before.version == after.version
                if again and before.answered is None:
                    words = f"version {after.version} was sent again, and nobody had asked what came of it"
                    yield Found(key, words, after.leased)


def nothing_lost(records: Records, bounds: Bounds) -> Iterator[Found]:
    if records.converged_in is None:
        yield Found(None, "the channels did not come to rest")
    for end in records.ends:
        if end.wrong:
            words = f"the channel shows {end.shown} where it should show {end.expected}"
            yield Found(end.key, words, records.read)


def nothing_invented(records: Records, bounds: Bounds) -> Iterator[Found]:
    for push in records.pushes:
        number = push.value["amount" if push.key.aspect == "price" else "quantity"]
        if Decimal(number) >= NEVER:
            words = f"{number} was sent, which was rolled back or never approved"
            yield Found(push.key, words, push.received)


def no_oversell(records: Records, bounds: Bounds) -> Iterator[Found]:
    yield from no_second_offer(records, bounds)
    leases = by_key(attempt for attempt in records.attempts if attempt.purpose == "push")
    for attempts in leases.values():
        for attempt in attempts:
            if attempt.visible is not None and attempt.value["quantity"] != max(0, attempt.visible):
                words = f"{attempt.value['quantity']} was leased where the snapshot shows {attempt.visible}"
                yield Found(attempt.key, words, attempt.leased)
    for push in records.pushes:
        attempt = lease_of(push, leases[push.key])
        if attempt and push.received > attempt.leased + bounds.send_within + SLACK:
            words = f"{_words(push.value)} was sent {push.received - attempt.leased:.1f} s after its lease"
            yield Found(push.key, words, push.received)


def frozen_is_frozen(records: Records, bounds: Bounds) -> Iterator[Found]:
    """Nothing starts later than a lease given before the freeze allows, nor once its worker has told Odoo of
    results since: the answer said that the channel is frozen."""
    leases = by_key(attempt for attempt in records.attempts if attempt.purpose == "push")
    for freeze in records.freezes:
        over = freeze.began + bounds.send_within + SLACK
        told: dict[str, float] = {}
        for attempt in records.attempts:
            if attempt.answered is not None and attempt.answered > freeze.began:
                told[attempt.token] = min(attempt.answered, told.get(attempt.token, attempt.answered))
        for push in records.pushes:
            ended = freeze.ended or push.received + 1
            if push.key.sku not in freeze.skus or not freeze.began < push.received < ended:
                continue
            attempt = lease_of(push, leases[push.key])
            if push.received > over:
                words = f"sent {push.received - freeze.began:.1f} s after the channel was frozen"
                yield Found(push.key, words, push.received)
            elif attempt and attempt.answered and push.received > told.get(attempt.token, push.received):
                words = "sent by a worker that had been told that the channel is frozen"
                yield Found(push.key, words, push.received)


def limits_are_kept(records: Records, bounds: Bounds) -> Iterator[Found]:
    answered, refused = records.limited
    if refused > FEW + REFUSED * answered:
        yield Found(None, f"the channel's limit refused {refused} of {answered + refused} requests")
    since, most = records.ceiling or (float("inf"), 0)
    pushes = [each for each in records.attempts if each.purpose == "push" and each.leased >= since]
    for attempt in pushes:
        out = [
            other
            for other in pushes
            if other.leased <= attempt.leased < (other.answered or other.leased + bounds.lease)
        ]
        if len(out) > most:
            yield Found(
                attempt.key, f"{len(out)} leases were out where at most {most} may be", attempt.leased
            )


def stops_in_time(records: Records, bounds: Bounds) -> Iterator[Found]:
    yield from (Found(None, words) for words in records.overdue)


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
