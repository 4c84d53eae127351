"""What the random run sees by itself: plays mutants in it, by hand.

    python -m chaos.power --seconds 60 --seeds 1-3 MUTANT …

Prints a line for each mutant: in which seeds what broke.
"""

import argparse
import json
import os

from chaos.__main__ import seeds
from chaos.hunt import make
from chaos.mutants import MUTANTS
from chaos.run import runs
from stack.paths import STACK

COPY = STACK / "power"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chaos.power", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=seeds, default=[1, 2, 3])
    parser.add_argument("mutants", nargs="+", choices=MUTANTS)
    asked = parser.parse_args()
    for name in asked.mutants:
        code = make(MUTANTS[name], COPY)
        os.environ["PYTHONPATH"] = str(code / "sidecar")
        broke = {
            found["seed"]: sorted(found["violations"])
            for found in runs(asked.seconds, asked.seeds, code=code)
        }
        print(json.dumps({"mutant": name, "property": MUTANTS[name].property, "broke": broke}), flush=True)


if __name__ == "__main__":
    main()
