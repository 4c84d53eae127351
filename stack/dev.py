"""A stack for developers: PostgreSQL and Redis that stay running, and databases beside each other.

Everything is in `.stack/dev`. Commands: see `python -m stack --help`.
"""

import json

from stack.checks import addon_tests
from stack.console import Failed, say
from stack.files import locked
from stack.odoo import Odoo
from stack.paths import STACK
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
        RunningDatabases(),
        database,
        FOLDER,
        name=f"odoo-{database}",
        redis_url=_state()["redis"],
        workers=workers,
    )
    odoo.start()
    say(f"Odoo on {database}: {odoo.url} (admin/admin), log {odoo.process.log}")
    try:
        odoo.process.process.wait()
    except KeyboardInterrupt:
        say("stopping")
    finally:
        odoo.stop()


def test_addons(database: str, arguments: list[str]) -> int:
    """Run add-on tests on a database that has the add-ons; arguments go to pytest."""
    part = addon_tests("add-ons", RunningDatabases(), database, FOLDER, _state()["redis"], arguments)
    return part.run().returncode
