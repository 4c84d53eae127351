"""`make bench`: measure all, print JSON, and put it into docs/benchmarks.md.

python -m bench                 measure all at their own sizes
python -m bench NAME            one of them; its part of the page is written anew
python -m bench NAME OPTIONS    one of them at other sizes, only printed (`--help` tells which)
"""

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from stack.paths import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
FIGURES = re.compile(r"(?<=```json\n).*?(?=\n```)", re.DOTALL)
MEASURES = {
    "hooks": "bench.hook_overhead",
    "drain": "bench.drain",
    "coalescing": "bench.coalescing",
    "flash": "bench.flash",
    "peer": "bench.peer",
    "throughput": "bench.throughput",
    "latency": "bench.latency",
    "outage": "bench.outage",
    "backlog": "bench.backlog",
    "flow": "bench.flow",
    "prices": "bench.price",
    "due": "bench.due",
}


def machine() -> dict[str, str]:
    """What the numbers were seen on."""
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.+)", info)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
    }


def measure(name: str, *options: str) -> str:
    """The JSON that one of them prints."""
    argv = [sys.executable, "-m", MEASURES[name], *options]
    done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)  # it has said why
    return done.stdout


def write(name: str) -> None:
    """Measure one at its own size, and put its figures into the page."""
    found = json.loads(measure(name))
    page = PAGE.read_text()
    figures = json.loads(FIGURES.search(page)[0])
    text = json.dumps({**figures, "machine": machine(), name: found}, indent=2)
    PAGE.write_text(FIGURES.sub(lambda _: text, page, count=1))
    print(json.dumps({name: found}, indent=2), flush=True)


def main() -> None:
    name, *options = sys.argv[1:] or [""]
    if name and name not in MEASURES:
        raise SystemExit(f"no such measure: {name}; there are {', '.join(MEASURES)}")
    if options:
        print(measure(name, *options), end="")
        return
    for each in [name] if name else MEASURES:
        write(each)


if __name__ == "__main__":
    main()
