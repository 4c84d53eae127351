"""`make bench`: measure all, print JSON, and put it into docs/benchmarks.md."""

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from stack.paths import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
MEASURES = {"hooks": "bench.hook_overhead", "motion": "bench.motion", "prices": "bench.price"}


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


def main() -> None:
    figures: dict[str, object] = {"machine": machine()}
    for name, module in MEASURES.items():
        done = subprocess.run(
            [sys.executable, "-m", module], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        )
        figures[name] = json.loads(done.stdout)
    text = json.dumps(figures, indent=2)
    print(text)
    page = PAGE.read_text()
    PAGE.write_text(re.sub(r"```json\n.*?```", lambda _: f"```json\n{text}\n```", page, flags=re.DOTALL))


if __name__ == "__main__":
    main()
