"""Those who do business at once: processes that hold Odoo's registry, from one run to the next."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos.business import BEGAN, ENDED
from stack import inside
from stack.console import Failed
from stack.paths import ROOT
from stack.processes import wait_until
from stack.stack import Stack

SIZE = 2
# Seconds: to load a registry, and to come to an end on a machine that does other things besides.
PATIENCE = 120.0


class Crew:
    """`redis_url`: where they tell Lockgate what they committed."""

    def __init__(self, stack: Stack, redis_url: str) -> None:
        argv = [sys.executable, "-m", "chaos.business", str(stack.odoo.configuration)]
        self._members = [
            subprocess.Popen(
                argv, cwd=ROOT, env=inside.variables(redis_url), stdin=subprocess.PIPE, text=True
            )
            for _ in range(SIZE)
        ]
        self._journals = [stack.folder / f"journal-{number}.jsonl" for number in range(SIZE)]

    def begin(self, plan: dict) -> None:
        """All begin to follow a plan; the first of them freezes and resumes channels."""
        for number, (member, journal) in enumerate(zip(self._members, self._journals, strict=True)):
            journal.write_text("")
            own = {"seed": plan["seed"] * SIZE + number, "freezes": number == 0, "journal": str(journal)}
            member.stdin.write(json.dumps({**plan, **own}) + "\n")
            member.stdin.flush()
        self._all_say(BEGAN)

    def end(self) -> list[dict]:
        """Wait until their time is over; what they did."""
        self._all_say(ENDED)
        return [line for journal in self._journals for line in _lines(journal)]

    def _all_say(self, kind: str) -> None:
        def said() -> bool:
            return all(any(line["kind"] == kind for line in _lines(each)) for each in self._journals)

        if not wait_until(said, PATIENCE, 0.25):
            raise Failed(f"the business has not {kind}: {[member.poll() for member in self._members]}")

    def stop(self) -> None:
        for member in self._members:
            member.kill()
            member.wait()


@contextmanager
def at_work(stack: Stack, redis_url: str) -> Iterator[Crew]:
    crew = Crew(stack, redis_url)
    try:
        yield crew
    finally:
        crew.stop()


def _lines(journal: Path) -> list[dict]:
    """Whole lines; the last may still be on its way."""
    return [json.loads(line) for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]
