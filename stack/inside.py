"""Processes that work inside Odoo: they hold its registry, and so know the moment right before a commit."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.debian import odoo_source
from stack.odoo import environment, write_configuration
from stack.paths import ROOT
from stack.servers import Servers

ADMIN, SUPERUSER = 2, 1


def configure(servers: Servers, database: str) -> Path:
    """Write an odoo.conf for a process of our own on a database of these servers."""
    folder = servers.folder
    return write_configuration(
        folder / f"{database}-inside.conf", servers.databases, folder / "odoo", db_name=database
    )


def command(module: str, *arguments: object) -> list[str]:
    """What runs a module of ours as a process inside Odoo, in the checkout (`cwd=ROOT`)."""
    return [sys.executable, "-m", module, *(str(argument) for argument in arguments)]


def variables(redis_url: str = "") -> dict[str, str]:
    """The environment of such a process."""
    own = environment(odoo_source())
    own["PYTHONPATH"] += os.pathsep + str(ROOT)
    return {**os.environ, **own, "LOCKGATE_REDIS_URL": redis_url}


def run(module: str, *arguments: object) -> None:
    """Run a module once more, inside Odoo and on a database of its own, named by `--inside`."""
    with Servers(module.replace(".", "_")) as servers:
        database = servers.database(module.rpartition(".")[2])
        argv = command(module, *arguments, "--inside", configure(servers, database), database)
        subprocess.run(argv, cwd=ROOT, env=variables(servers.redis.url), check=True)


class Inside:
    """Odoo's registry of a database, and transactions, in a process that can import Odoo."""

    def __init__(self, configuration: str | Path, database: str, log_level: str = "error") -> None:
        from odoo.api import Environment
        from odoo.modules.registry import Registry
        from odoo.tools import config

        config.parse_config(["-c", str(configuration), "-d", database, "--log-level", log_level])
        self.environment, self.registry = Environment, Registry(database)

    @contextmanager
    def transaction(self, user: int = SUPERUSER) -> Iterator:
        """An environment of `user`; committed when the block ends well."""
        with self.registry.cursor() as cr:
            yield self.environment(cr, user, {})

    def take_turn(self, channel: str) -> None:
        """One turn of a channel by its code, which makes marks into values and leases nothing."""
        request = {
            "channel": channel,
            "work_class": "routine",
            "exchange_id": channel,
            "results": [],
            "ceiling": 0,
        }
        with self.transaction() as env:
            env["lockgate.turn"]._take(request)
