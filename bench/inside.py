"""Processes that work inside Odoo: they hold its registry, and so know the moment right before a commit."""

import os
import sys
from pathlib import Path

from stack.debian import odoo_source
from stack.odoo import environment, write_configuration
from stack.paths import ROOT
from stack.servers import Servers

ADMIN, SUPERUSER = 2, 1


def configure(servers: Servers, database: str, **options: object) -> Path:
    """Write an odoo.conf for a process of our own on a database of these servers."""
    values = {"db_name": database, "log_level": "error", **options}
    return write_configuration(
        servers.folder / f"{database}-inside.conf", servers.databases, servers.folder / "odoo", **values
    )


def command(module: str, *arguments: object) -> list[str]:
    """What runs a module of the bench as a process inside Odoo, in the checkout (`cwd=ROOT`)."""
    return [sys.executable, "-m", module, *(str(argument) for argument in arguments)]


def variables(redis_url: str = "") -> dict[str, str]:
    """The environment of such a process."""
    own = environment(odoo_source())
    own["PYTHONPATH"] += os.pathsep + str(ROOT)
    return {**os.environ, **own, "LOCKGATE_REDIS_URL": redis_url}


def registry(configuration: str | Path, database: str):
    """Odoo's registry of a database, in a process that runs with `variables`."""
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-c", str(configuration), "-d", database])
    return Registry(database)
