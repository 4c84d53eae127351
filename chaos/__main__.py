"""`make chaos SECONDS=120 SEED=7`: prints one JSON line; exits 1 on any violation.

`make chaos SECONDS=15 SEEDS=1-100` plays one run after the other; the last line is their sum.
"""

import argparse
import json
from collections import Counter

from chaos.run import runs


def seeds(text: str) -> list[int]:
    """`7`, `1-100` or `3,8-12`."""
    ranges = [part.partition("-") for part in text.split(",")]
    return [seed for first, _, last in ranges for seed in range(int(first), int(last or first) + 1)]


def total(found: list[dict]) -> dict:
    """What many runs did together; `violations` are counted by property, `broke` names their seeds."""
    rests = [each["converged_in"] for each in found]
    return {
        "seeds": len(found),
        "seconds": sum(each["seconds"] for each in found),
        "operations": sum((Counter(each["operations"]) for each in found), Counter()),
        "pushes": sum(each["pushes"] for each in found),
        "faults": sum((Counter(each["faults"]) for each in found), Counter()),
        "violations": sum(
            (Counter({n: len(v) for n, v in each["violations"].items()}) for each in found), Counter()
        ),
        "offered_again": {
            "times": sum(each["offered_again"]["times"] for each in found),
            **{most: max(each["offered_again"][most] for each in found) for most in ("units", "seconds")},
        },
        "broke": [each["seed"] for each in found if each["violations"]],
        "converged_in": None if None in rests else max(rests),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seeds", type=seeds, default=[7])
    asked = parser.parse_args()
    found = []
    for each in runs(asked.seconds, asked.seeds):
        print(json.dumps(each), flush=True)
        found.append(each)
    if len(found) > 1:
        print(json.dumps(total(found)))
    return 1 if any(each["violations"] for each in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
