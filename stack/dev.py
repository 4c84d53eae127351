"""A stack for developers: PostgreSQL and Redis that stay running, and databases of one's own beside each other.

Everything is in `.stack/dev`. Commands: see `python -m stack --help`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from stack.console import Failed, say
from stack.files import locked
from stack.odoo import Odoo, environment, write_configuration
from stack.debian import odoo_source
from stack.paths import ADDONS, ROOT, STACK
from stack.postgres import Databases, Postgres
from stack.processes import end_leftovers
from stack.redis_server import Redis
from stack.templates import CORE, clone, install, seed

FOLDER = STACK / "dev"
STATE = FOLDER / "running.json"


class RunningDatabases(Databases):
    """The databases of the development server that `up` started."""

    def __init__(self) -> None:
        self.parameters = _state()["postgres"]


def _state() -> dict:
    if not STATE.exists():
        raise Failed("the development servers are not running: start them with `python -m stack up`")
    return json.loads(STATE.read_text())


def up() -> None:
    """Start PostgreSQL with the core template, and Redis, and leave them running."""
    with locked(STACK / "dev.lock"):
        if STATE.exists():
            raise Failed("the development servers are running: end them with `python -m stack down`")
        end_leftovers(FOLDER / "processes")
        postgres, redis = Postgres(FOLDER), Redis(FOLDER)
        if not postgres.data.exists():
            seed(FOLDER)
        postgres.start()
        redis.start()
        STATE.write_text(json.dumps({"postgres": postgres.parameters, "redis": redis.url}))
        pids = f"PostgreSQL {postgres.process.pid}, Redis {redis.process.pid}"
        postgres.process.detach()
        redis.process.detach()
    say(f"running ({pids}); databases: host={postgres.sockets} user=lockgate, Redis: {redis.url}")


def down() -> None:
    """End the development servers."""
    STATE.unlink(missing_ok=True)
    say(f"ended {', '.join(end_leftovers(FOLDER / 'processes')) or 'nothing'}")


def create_database(name: str, modules: list[str]) -> None:
    """Make (or make again) a database from the core template, and install modules in it."""
    databases = RunningDatabases()
    databases.drop(name)
    with locked(FOLDER / "clone.lock"):
        clone(databases, FOLDER, name, CORE)
    if modules:
        install(databases, name, FOLDER, modules)
    say(f"database {name}: {databases.url(name)}")


def serve(database: str, workers: int) -> None:
    """Run an Odoo server on a database until Ctrl-C."""
    odoo = Odoo(
        RunningDatabases(), database, FOLDER, name=f"odoo-{database}", redis_url=_state()["redis"], workers=workers
    )
    odoo.start()
    say(f"Odoo on {database}: {odoo.url} (admin/admin), log {odoo.process.log}")
    try:
        odoo.process.process.wait()
    except KeyboardInterrupt:
        say("stopping")
    finally:
        odoo.stop()


def test_addon(database: str, arguments: list[str]) -> int:
    """Run add-on tests with pytest-odoo on a database that has the add-on; arguments go to pytest."""
    databases = RunningDatabases()
    return run_addon_tests(databases, database, FOLDER, arguments, _state()["redis"])


def run_addon_tests(
    databases: Databases, database: str, folder: Path, arguments: list[str], redis_url: str = ""
) -> int:
    """Run pytest-odoo on a database, HTTP tests too, and return pytest's exit code."""
    configuration = write_configuration(
        folder / f"test-{database}.conf", databases, folder / "odoo", db_name=database, max_cron_threads=0
    )
    source = odoo_source()
    argv = [sys.executable, "-m", "pytest", "--odoo-config", str(configuration), "--odoo-database", database]
    argv += ["--odoo-http", *(arguments or [str(ADDONS)])]
    settings = {**environment(source), "LOCKGATE_REDIS_URL": redis_url}
    return subprocess.run(argv, cwd=ROOT, env={**os.environ, **settings}, check=False).returncode
