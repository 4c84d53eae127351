"""One chaos run: start the real parts, do business, break things, heal, wait, check what was left behind."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from chaos import checker, evidence
from chaos.business import BEGAN
from chaos.faults import Faults
from chaos.network import Network
from chaos.parts import BOUNDS, TIMING, running_parts, set_up
from stack import inside
from stack.console import Failed, step
from stack.paths import ROOT
from stack.processes import wait_until
from stack.stack import Stack

BUSINESSES = 2
CONVERGE = 180.0


def run(seconds: float, seed: int, pause: float = 0.15) -> dict:
    """Returns what happened, with the violations by property."""
    with running_parts() as (stack, network):
        plan = {**set_up(stack, network), "seconds": seconds, "seed": seed, "pause": pause}
        rest(stack, plan["channels"], 60)
        return play(stack, network, plan)


def play(stack: Stack, network: Network, plan: dict) -> dict:
    faults = Faults(stack, network, plan, TIMING)
    variables = inside.variables(network.url("redis", "odoo-redis"))
    journals = [stack.folder / f"journal-{number}.jsonl" for number in range(BUSINESSES)]
    with step(f"business and faults for {plan['seconds']:.0f} s"):
        doing = [
            _business(stack, plan, number, journal, variables) for number, journal in enumerate(journals)
        ]
        try:
            wait_until(lambda: all(journal.stat().st_size for journal in journals), 60)
            faults.run(plan["seconds"], pause=2.0)
        except BaseException:  # a part that does not come back: business would wait for it for ever
            for process in doing:
                process.kill()
            raise
        codes = [_ended(process) for process in doing]
    if any(codes):
        raise Failed(f"the business ended with {codes}")
    healed = time.monotonic()
    converged = rest(stack, plan["channels"], CONVERGE)
    took = round(time.monotonic() - healed, 1)
    lines = [json.loads(line) for journal in journals for line in journal.read_text().splitlines()]
    connection = stack.databases.connect(stack.odoo.database)
    try:
        records = evidence.read(connection, stack.fake.url, lines, plan["channels"])
    finally:
        connection.close()
    records.converged_in = took if converged else None
    records.overdue = faults.overdue
    return result(plan, lines, faults, records)


def _business(stack: Stack, plan: dict, number: int, journal: Path, variables: dict) -> subprocess.Popen:
    """One of those who do business at once; the first of them freezes and resumes channels."""
    own = {**plan, "seed": plan["seed"] * BUSINESSES + number, "freezes": number == 0}
    argv = [sys.executable, "-m", "chaos.business", str(stack.odoo.configuration), json.dumps(own)]
    with journal.open("w") as output:
        return subprocess.Popen(argv, cwd=ROOT, env=variables, stdout=output)


def _ended(process: subprocess.Popen) -> int:
    """The exit code; of one that hangs, what killing it gives."""
    try:
        return process.wait(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def rest(stack: Stack, channels: list[int], seconds: float) -> bool:
    connection = stack.databases.connect(stack.odoo.database)
    try:
        return wait_until(lambda: evidence.at_rest(connection, channels), seconds, 0.25)
    finally:
        connection.close()


def result(plan: dict, journal: list, faults: Faults, records) -> dict:
    operations = Counter(line["kind"] for line in journal if line["kind"] != BEGAN)
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
