"""The shortest history that shows a violation: all that is known of its listing around that moment."""

from collections.abc import Iterator
from typing import Any

from chaos.checker import Violation
from chaos.findings import Bounds
from chaos.records import Key, Records

Json = dict[str, Any]


def shortest(violation: Violation, records: Records, bounds: Bounds) -> Json:
    """A violation with its words and what happened to its key, in order, a lease's life before and after.

    Where it was at no moment, or is of no key, only the words.
    """
    told: Json = {"key": violation.key, "words": violation.words, "at": violation.at}
    if violation.key is None or violation.at is None:
        return told
    began, ended = violation.at - 2 * bounds.lease, violation.at + bounds.lease
    happened = [each for each in _happened(violation.key, records) if began <= each["at"] <= ended]
    return {**told, "history": sorted(happened, key=lambda each: each["at"])}


def _happened(key: Key, records: Records) -> Iterator[Json]:
    for what, pushes in (("received", records.pushes), ("came again", records.repeats)):
        for push in pushes:
            if push.key == key:
                effect = {"applied": push.applied, "refused": push.refused}
                yield {"at": push.received, "what": what, "value": push.value, **effect}
    for attempt in records.attempts:
        if attempt.key == key:
            lease = {"purpose": attempt.purpose, "version": attempt.version, "token": attempt.token[:6]}
            yield {"at": attempt.leased, "what": "leased", **lease, "value": attempt.value}
            if attempt.answered is not None:
                yield {"at": attempt.answered, "what": "answered", **lease}
    for seal in records.seals:
        if seal.key == key:
            moments = {"approved": seal.approved, "begins": seal.starts, "ends": seal.ends}
            for what, moment in {**moments, "revoked": seal.revoked}.items():
                if moment is not None:
                    yield {"at": moment, "what": what, "seal": seal.number, "amount": str(seal.amount)}
    for freeze in records.freezes:
        if key.sku in freeze.skus:
            yield {"at": freeze.began, "what": "frozen"}
            if freeze.ended is not None:
                yield {"at": freeze.ended, "what": "resumed"}
