"""`make chaos SECONDS=120 SEED=7`: prints one JSON line; exits 1 on any violation."""

import argparse
import json

from chaos.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    found = run(asked.seconds, asked.seed)
    print(json.dumps(found))
    return 1 if found["violations"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
