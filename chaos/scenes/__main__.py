"""`python -m chaos.scenes PLAN` plays one scene on the code that it can import.

Prints what it broke, as JSON: {property: the first words that say how}.
"""

import json
import sys

from chaos.arena import Arena
from chaos.scenes import SCENES


def main() -> int:
    plan = json.loads(sys.argv[1])
    arena = Arena(plan)
    SCENES[plan["scene"]](arena)
    broken: dict[str, str] = {}
    for violation in arena.violations():
        broken.setdefault(violation.property, violation.words)
    print(json.dumps(broken), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
