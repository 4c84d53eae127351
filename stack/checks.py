"""What `make test` and `make lint` run, part by part."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack.browser import chromium
from stack.console import say, step
from stack.debian import odoo_source
from stack.odoo import environment, write_configuration
from stack.paths import ADDONS, ROOT
from stack.postgres import Databases
from stack.servers import Servers
from stack.templates import project_modules

PYTEST = [sys.executable, "-m", "pytest"]
# The add-on tests keep one core busy and take longest: what needs parts of its own anyway runs beside them.
BESIDE = {"sidecar": "sidecar/tests", "attack": "tests/security", "chaos": "tests/chaos"}


def addon_tests(
    databases: Databases, database: str, folder: Path, redis_url: str, arguments: list[str]
) -> int:
    """Run pytest-odoo on a database that has the add-ons, HTTP tests too; return pytest's exit code.

    `arguments` go to pytest; without any, every add-on's tests run.
    """
    configuration = write_configuration(
        folder / f"{database}.conf", databases, folder / "odoo", db_name=database, max_cron_threads=0
    )
    odoo = ["--odoo-config", str(configuration), "--odoo-database", database, "--odoo-http"]
    # Without the other tests' options: Odoo's plugin is wanted here, and imports the add-ons in its own way.
    argv = [*PYTEST, "-o", "addopts=", *odoo, *(arguments or [str(ADDONS)])]
    settings = {**os.environ, **environment(odoo_source()), "LOCKGATE_REDIS_URL": redis_url}
    return subprocess.run(argv, cwd=ROOT, env=settings, check=False).returncode


def test() -> int:
    """Run every part, also after one that failed; return 0 when all passed."""
    chromium()
    codes = {}
    with Servers("test") as servers, ThreadPoolExecutor() as pool:
        beside = pool.submit(_beside)
        with step(f"add-on tests, and beside them: {', '.join(BESIDE)}"):
            codes["add-on"] = addon_tests(
                servers.databases, servers.database("odoo"), servers.folder, servers.redis.url, []
            )
            for part, done in beside.result().items():
                sys.stdout.write(done.stdout)
                codes[part] = done.returncode
    for part, code in codes.items():
        say(f"{part} tests: {'failed' if code else 'passed'}")
    say("tests of the whole: contract, stack, shop, scenarios")
    argv = [*PYTEST, "tests", *(f"--ignore={path}" for path in BESIDE.values())]
    codes["whole"] = subprocess.run(argv, cwd=ROOT, check=False).returncode
    return int(any(codes.values()))


def _beside() -> dict[str, subprocess.CompletedProcess[str]]:
    """Run pytest for each part, one after the other; what they print is kept, to be shown in one piece."""
    return {
        part: subprocess.run(
            [*PYTEST, "-p", "no:odoo", path],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        for part, path in BESIDE.items()
    }


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
