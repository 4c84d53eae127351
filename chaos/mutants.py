"""Mutants of the real code, and the property that the checker must see fail with each.

    python -m chaos.mutants              every mutant
    python -m chaos.mutants NAME …       some of them

Each is made in a copy of the checkout, and runs there until a run of some seed catches it.
"""

import json
import os
import shutil
import subprocess
import sys
from typing import NamedTuple

from stack.paths import ROOT, STACK

SEEDS = range(1, 4)
SECONDS = 60
COPIED = ("chaos", "odoo_addons", "sidecar", "stack", "contract")


class Mutant(NamedTuple):
    file: str
    old: str
    new: str
    property: str


TURN = "odoo_addons/lockgate/turn"
MUTANTS = {
    "a confirmation erases a newer wanted value": Mutant(
        f"{TURN}/results.py",
        "WHEN p.wanted IS NULL THEN 'settled' WHEN {OUTDATED} THEN 'due' ELSE {{state}} END",
        "WHEN p.wanted IS NULL THEN 'settled' ELSE {{state}} END",
        "S3",
    ),
    "an old token's result frees a lease": Mutant(
        f"{TURN}/results.py",
        "AND p.id = a.publication_id AND p.lease_token = a.token AND p.state = 'leased'",
        "AND p.id = a.publication_id",
        "S2",
    ),
    "a lease is shorter than the deadline": Mutant(
        f"{TURN}/values.py",
        "return self.send_within + self.deadline + self.late_bound",
        "return 1",
        "S2",
    ),
    "freeze is ignored": Mutant(
        f"{TURN}/values.py",
        "c.active AND c.state = 'running' AS running",
        "c.active AS running",
        "S6",
    ),
    "blocked ignores a newer value": Mutant(
        f"{TURN}/values.py",
        "state = CASE WHEN p.state IN ('leased', 'unknown') THEN p.state ELSE excluded.state END",
        "state = CASE WHEN p.state IN ('leased', 'unknown', 'blocked') THEN p.state ELSE excluded.state END",
        "S3",
    ),
    "a seal's end is not marked": Mutant(
        "odoo_addons/lockgate_price/models/turn.py",
        "least(in_force.date_to, coming.date_from) AS recheck_at",
        "coming.date_from AS recheck_at",
        "S3",
    ),
    "a price is published without a seal in force": Mutant(
        "odoo_addons/lockgate_price/models/price_seal.py",
        "AND seal.date_from <= %(moment)s AND (seal.date_to",
        "AND (seal.date_to",
        "S1",
    ),
    "reservations are offered again": Mutant(
        "odoo_addons/lockgate_stock/exposure.py",
        "WHERE m.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')",
        "WHERE m.state IN ('waiting', 'confirmed')",
        "S5",
    ),
    "a value is confirmed without being sent": Mutant(
        "sidecar/lockgate/connectors/demo.py",
        'return {key: _outcome(each, answer) for key, each in _by_key(answer).items()}',
        'return {item.key: Accepted(answer="") for item in items}',
        "S3",
    ),
}  # fmt: skip


def make(name: str) -> str:
    """Make the mutant in a copy of the checkout; returns the copy's folder."""
    mutant = MUTANTS[name]
    copy = STACK / "mutant"
    for part in COPIED:
        shutil.rmtree(copy / part, ignore_errors=True)
        shutil.copytree(
            ROOT / part, copy / part, ignore=shutil.ignore_patterns("node_modules", "__pycache__")
        )
    file = copy / mutant.file
    file.write_text(mutated(mutant, file.read_text()))
    return str(copy)


def mutated(mutant: Mutant, text: str) -> str:
    """The mutant's text; raises ValueError when the real code no longer has what it changes, once."""
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.file} has {text.count(mutant.old)} times: {mutant.old}")
    return text.replace(mutant.old, mutant.new)


def hunt(name: str) -> dict:
    """Run seed after seed until the checker sees the mutant; `caught` is the property that failed."""
    copy = make(name)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([copy, f"{copy}/sidecar"])}
    for seed in SEEDS:
        argv = [sys.executable, "-m", "chaos", "--seconds", str(SECONDS), "--seed", str(seed)]
        done = subprocess.run(argv, cwd=copy, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        failed = sorted(json.loads(done.stdout)["violations"]) if done.stdout.strip() else []
        if failed:
            break
    expected = MUTANTS[name].property
    return {
        "mutant": name,
        "property": expected,
        "failed": failed,
        "seed": seed,
        "caught": expected in failed,
    }


def main() -> int:
    found = []
    for name in sys.argv[1:] or MUTANTS:
        found.append(hunt(name))
        print(json.dumps(found[-1]), flush=True)
    return 0 if all(each["caught"] for each in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
