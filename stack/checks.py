"""What `make test` and `make lint` run, part by part."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from stack.browser import chromium
from stack.console import say, step
from stack.debian import odoo_source
from stack.odoo import environment, write_configuration
from stack.paths import ADDONS, ROOT
from stack.postgres import Databases
from stack.processes import free_port
from stack.servers import Servers
from stack.templates import project_modules

# What pytest's JUnit reports call an outcome, and in which order one stands above another of the same test.
OUTCOMES = {"failure": "failed", "error": "errors", "skipped": "skipped"}
WORST_LAST = ("passed", "skipped", "failed", "errors")
PYTEST = [sys.executable, "-m", "pytest"]


class Part(NamedTuple):
    """One run of pytest; `settings` are what its environment has beside ours."""

    name: str
    argv: list[str]
    settings: dict[str, str]

    def run(self, output: int | None = None) -> subprocess.CompletedProcess[str]:
        settings = {**os.environ, **self.settings}
        return subprocess.run(
            self.argv,
            cwd=ROOT,
            env=settings,
            stdout=output,
            stderr=output and subprocess.STDOUT,
            text=True,
            check=False,
        )


def addon_tests(
    name: str, databases: Databases, database: str, folder: Path, redis_url: str, arguments: list[str]
) -> Part:
    """pytest-odoo on a database that has the add-ons, HTTP tests too.

    `arguments` go to pytest; without any, every add-on's tests run.
    """
    configuration = write_configuration(
        folder / f"{database}.conf",
        databases,
        folder / "odoo",
        db_name=database,
        http_port=free_port(),
        max_cron_threads=0,
    )
    odoo = ["--odoo-config", str(configuration), "--odoo-database", database, "--odoo-http"]
    # Without the other tests' options: Odoo's plugin is wanted here, and imports the add-ons in its own way.
    argv = [*PYTEST, "-o", "addopts=", *odoo, *(arguments or [str(ADDONS)])]
    return Part(name, argv, {**environment(odoo_source()), "LOCKGATE_REDIS_URL": redis_url})


def test() -> int:
    """Run every part, also after one that failed; return 0 when all passed.

    One lane for each core: what the first says is shown at once, what the second says when both have ended.
    """
    chromium()
    began = time.monotonic()
    with Servers("test") as servers, ThreadPoolExecutor() as pool:
        counts = servers.folder / "counts"
        counts.mkdir()
        first, second = _lanes(servers, counts)
        with step(f"testing {_names(first)}, and beside them {_names(second)}"):
            beside = pool.submit(lambda: [part.run(subprocess.PIPE) for part in second])
            done = [part.run() for part in first] + beside.result()
        sys.stdout.writelines(result.stdout for result in done if result.stdout)
        for part, result in zip([*first, *second], done, strict=True):
            say(f"{part.name}: {'failed' if result.returncode else 'passed'}")
        reports = [counts / f"{part.name}.xml" for part in [*first, *second]]
        print(closing_line(reports, time.monotonic() - began), flush=True)
    return int(any(result.returncode for result in done))


def closing_line(files: Iterable[Path], seconds: float) -> str:
    """What pytest would say at the end, had it run all parts as one.

    `files` are its JUnit reports, one of each part; a part that ended without one is an error.
    """
    counts = Counter(dict.fromkeys(WORST_LAST, 0))
    for file in files:
        if not file.exists():
            counts["errors"] += 1
            continue
        # A test that has parts stands there once more for each of them.
        ended: dict[tuple[str, ...], str] = {}
        for case in ElementTree.parse(file).iter("testcase"):
            name = case.attrib["classname"], case.attrib["name"]
            outcome = next((OUTCOMES[part.tag] for part in case if part.tag in OUTCOMES), "passed")
            ended[name] = max(ended.get(name, "passed"), outcome, key=list(counts).index)
        counts.update(ended.values())
    order = ("failed", "passed", "skipped", "errors")
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in order if counts[outcome])
    return f" {told} in {seconds:.2f}s ".center(80, "=")


def _lanes(servers: Servers, counts: Path) -> tuple[list[Part], list[Part]]:
    """All that is tested, in two halves that take about as long and share nothing but the servers.

    pytest writes into the folder `counts` what became of each test.
    """
    prices = [str(ADDONS / name) for name in project_modules() if name.startswith("lockgate_price")]
    others = [str(ADDONS / name) for name in project_modules() if not name.startswith("lockgate_price")]

    def addons(name: str, paths: list[str]) -> Part:
        database = servers.database(name.split()[0])
        arguments = [f"--junit-xml={counts / name}.xml", *paths]
        return addon_tests(name, servers.databases, database, servers.folder, servers.redis.url, arguments)

    def plain(name: str, *arguments: str) -> Part:
        return Part(name, [*PYTEST, "-p", "no:odoo", f"--junit-xml={counts / name}.xml", *arguments], {})

    return [
        addons("price add-ons", prices),
        plain("the whole", "tests", "--ignore=tests/security", "--ignore=tests/chaos"),
        plain("chaos", "tests/chaos"),
    ], [
        addons("other add-ons", others),
        plain("sidecar", "sidecar/tests"),
        plain("attacks", "tests/security"),
    ]


def _names(parts: list[Part]) -> str:
    return ", ".join(part.name for part in parts)


def lint() -> int:
    """Run every check, also after one that found something; return 0 when none did."""
    python = [sys.executable, "-m"]
    addons = [str(ADDONS / name) for name in project_modules()]
    commands = {
        "style": [*python, "ruff", "check", "--quiet"],
        "format": [*python, "ruff", "format", "--check", "--quiet"],
        "types": [*python, "mypy", "--strict", "--config-file", "sidecar/pyproject.toml", "sidecar/lockgate"],
        "add-ons": [*python, "pylint", "--rcfile=pyproject.toml", *addons],
        "links of the docs": [str(Path(sys.executable).parent / "md-dead-link-check"), "--untrack"],
    }
    failed = []
    for name, command in commands.items():
        with step(f"checking {name}"):
            if subprocess.run(command, cwd=ROOT, check=False).returncode:
                failed.append(name)
    say(f"found something: {', '.join(failed)}" if failed else "nothing found")
    return int(bool(failed))
