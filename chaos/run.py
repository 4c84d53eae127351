"""A chaos run: on the real parts do business, break things, heal, wait, check what was left behind."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace

from chaos import checker, evidence
from chaos.business import BEGAN, ENDED
from chaos.crew import Crew, at_work
from chaos.faults import Faults
from chaos.network import Network
from chaos.parts import BOUNDS, TIMING, people, running_parts, set_up
from chaos.records import Records
from stack.console import step
from stack.processes import wait_until
from stack.stack import Stack
from stack.user import User

CONVERGE = 180.0


def runs(seconds: float, seeds: Iterable[int], pause: float = 0.15) -> Iterator[dict]:
    """What happened in each run, with the violations by property. One after the other on the same parts,
    each with channels and products of its own."""
    with running_parts() as (stack, network), at_work(stack, network.url("redis", "odoo-redis")) as crew:
        users = people(stack)
        for seed in seeds:
            plan = {**set_up(stack, network, users, seed), "seconds": seconds, "seed": seed, "pause": pause}
            rest(stack, plan["channels"], 60)
            yield play(stack, network, crew, users["admin"], plan)
            users["admin"].call("lockgate.channel", "action_freeze", plan["channels"])


def play(stack: Stack, network: Network, crew: Crew, admin: User, plan: dict) -> dict:
    faults = Faults(stack, network, plan, TIMING)
    with step(f"business and faults for {plan['seconds']:.0f} s"):
        crew.begin(plan)
        faults.run(plan["seconds"], pause=2.0)
        journal = crew.end()
    records = left_behind(stack, plan["channels"], journal)
    if records.repeated:  # only the channel knows; a comparison finds it
        compared = compare(stack, admin, plan["channels"])
        after = left_behind(stack, plan["channels"], journal, compared=True)
        took = records.converged_in if compared and after.converged_in is not None else None
        records = replace(after, ends=[*records.ends, *after.ends], converged_in=took)
    records.overdue = faults.overdue
    return result(plan, journal, faults, records)


def left_behind(stack: Stack, channels: list[int], journal: list[dict], *, compared: bool = False) -> Records:
    """What is left behind when the channels have come to rest, and what seals turn just now is through."""
    began = time.monotonic()
    with closing(stack.databases.connect(stack.odoo.database)) as connection:
        while True:
            rested = rest(stack, channels, CONVERGE)
            took = time.monotonic() - began
            records = evidence.read(connection, stack.fake.url, journal, channels, compared=compared)
            if not rested or not any(end.wrong and end.key in records.turning for end in records.ends):
                return replace(records, converged_in=round(took, 1) if rested else None)
            time.sleep(0.5)


def compare(stack: Stack, admin: User, channels: list[int]) -> bool:
    """Reconcile the channels; returns whether all was compared."""
    began = [admin.call("lockgate.channel", "action_reconcile", [channel])["res_id"] for channel in channels]

    def done() -> bool:
        rows = admin.read("lockgate.reconciliation", began, "finished", "total")
        return all(row["finished"] == row["total"] for row in rows)

    return wait_until(done, CONVERGE, 0.25)


def rest(stack: Stack, channels: list[int], seconds: float) -> bool:
    with closing(stack.databases.connect(stack.odoo.database)) as connection:
        return wait_until(lambda: evidence.at_rest(connection, channels), seconds, 0.25)


def result(plan: dict, journal: list, faults: Faults, records) -> dict:
    operations = Counter(line["kind"] for line in journal if line["kind"] not in (BEGAN, ENDED))
    violations = checker.check(records, BOUNDS)
    return {
        "seed": plan["seed"],
        "seconds": plan["seconds"],
        "operations": dict(sorted(operations.items())),
        "pushes": len(records.pushes),
        "faults": dict(sorted(faults.done.items())),
        "violations": {
            name: [shortest(violation, records) for violation in violations if violation.property == name]
            for name in sorted({violation.property for violation in violations})
        },
        "converged_in": records.converged_in,
    }


def shortest(violation: checker.Violation, records) -> dict:
    """A violation with the last pushes of its key."""
    pushes = [push for push in records.pushes if push.key == violation.key]
    history = [
        {"received": round(push.received, 3), "applied": push.applied is not None, "value": push.value}
        for push in pushes[-4:]
    ]
    return {"key": violation.key, "words": violation.words, "history": history}
