"""A chaos run: on the real parts do business, break things, heal, wait, check what was left behind."""

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from chaos import checker, evidence, sales
from chaos.business import BEGAN, ENDED
from chaos.crew import Crew, at_work
from chaos.faults import Faults
from chaos.network import Network
from chaos.parts import BOUNDS, TIMING, people, running_parts, set_up
from chaos.records import Records
from chaos.story import shortest
from stack.console import step
from stack.paths import ROOT
from stack.processes import Process, wait_until
from stack.stack import Stack

CONVERGE = 180.0
AGAIN = {"times": 0, "units": 0, "seconds": 0}


def runs(seconds: float, seeds: Iterable[int], pause: float = 0.15, code: Path = ROOT) -> Iterator[dict]:
    """What happened in each run, with the violations by property. One after the other on the same parts,
    each with channels and products of its own; after one that could not be played to its end, on new ones."""
    to_come = deque(seeds)
    while to_come:
        with (
            running_parts(code) as (stack, network, workers),
            at_work(stack, network.url("redis", "odoo-redis")) as crew,
        ):
            users, went = people(stack), True
            while to_come and went:
                own = {"seconds": seconds, "seed": to_come.popleft(), "pause": pause}
                try:
                    plan = {**set_up(stack, network, users, own["seed"]), **own}
                    rest(stack, plan["channels"], 60)
                    found = play(stack, network, workers, crew, plan)
                    users["admin"].call("lockgate.channel", "action_freeze", plan["channels"])
                except Exception as error:  # a part did not come back: what it was is worth more than a trace
                    found, went = unplayed(own, error), False
                yield found


def unplayed(plan: dict, error: Exception) -> dict:
    """A run that could not be played to its end is no run that kept its promises."""
    words = {"key": None, "words": f"{type(error).__name__}: {error}", "at": None}
    return {
        "seed": plan["seed"], "seconds": plan["seconds"], "operations": {}, "pushes": 0, "faults": {},
        "violations": {"run": [words]}, "offered_again": AGAIN, "converged_in": None,
    }  # fmt: skip


def play(stack: Stack, network: Network, workers: list[Process], crew: Crew, plan: dict) -> dict:
    faults = Faults(stack, network, workers, plan, TIMING)
    with step(f"business and faults for {plan['seconds']:.0f} s"):
        crew.begin(plan)
        faults.run(plan["seconds"], pause=2.0)
        journal = crew.end()
    records = left_behind(stack, plan["channels"], journal, quiet=time.time())
    records.overdue = faults.overdue
    records.limited = tuple(faults.answered())
    return result(plan, journal, faults, records)


def left_behind(stack: Stack, channels: list[int], journal: list[dict], quiet: float) -> Records:
    """What is left behind when the channels have come to rest, and what seals turn just now is through.

    What a request that came again was the last to change, or a sale of a channel that counts its number down,
    is found when all is compared, and waited for.
    """
    patience = CONVERGE
    with closing(stack.databases.connect(stack.odoo.database)) as connection:
        while True:
            rested = rest(stack, channels, CONVERGE)
            records = evidence.read(connection, stack.fake.url, journal, channels)
            took = records.read - quiet
            wrong = {end.key for end in records.ends if end.wrong}
            unseen = {push.key for push in records.repeats if push.applied is not None}
            unseen |= sales.counted_down_last(records)
            if wrong & unseen:
                patience = BOUNDS.compared + BOUNDS.repair
            if not rested or took > patience or not wrong & (records.turning | unseen):
                converged = round(took, 1) if rested else None
                return replace(records, quiet=quiet, converged_in=converged)
            time.sleep(0.5)


def rest(stack: Stack, channels: list[int], seconds: float) -> bool:
    with closing(stack.databases.connect(stack.odoo.database)) as connection:
        return wait_until(lambda: evidence.at_rest(connection, channels), seconds, 0.25)


def result(plan: dict, journal: list, faults: Faults, records: Records) -> dict:
    operations = Counter(line["kind"] for line in journal if line["kind"] not in (BEGAN, ENDED))
    violations = checker.check(records, BOUNDS)
    return {
        "seed": plan["seed"],
        "seconds": plan["seconds"],
        "operations": dict(sorted(operations.items())),
        "pushes": len(records.pushes),
        "faults": dict(sorted(faults.done.items())),
        "violations": {
            name: [shortest(each, records, BOUNDS) for each in violations if each.property == name]
            for name in sorted({violation.property for violation in violations})
        },
        "offered_again": offered_again(records),
        "converged_in": records.converged_in,
    }


def offered_again(records: Records) -> dict:
    """By how many units a channel without allocations offered again what it had sold, at most, and how many
    seconds after it was sold."""
    found = [again for again in sales.offered_again(records) if not again.allocates]
    return {
        "times": len(found),
        "units": max((again.units for again in found), default=0),
        "seconds": max(
            (round(again.push.applied - min(sale.sold for sale in again.sales), 1) for again in found),
            default=0,
        ),
    }
