"""An Odoo 19 server, and one-off runs of its program, on a database of a stack."""

import configparser
import os
import secrets
import subprocess
import sys
from pathlib import Path

import httpx

from stack.console import Failed
from stack.debian import odoo_source
from stack.paths import ADDONS
from stack.postgres import Databases
from stack.processes import Process, free_port


def environment(source: Path) -> dict[str, str]:
    """Return what Odoo's program needs around it; our own packages stay importable."""
    packages = source / "usr/lib/python3/dist-packages"
    return {"PYTHONPATH": f"{packages}", "PYTHONDONTWRITEBYTECODE": "", "PYTHONWARNINGS": "ignore"}


def write_configuration(path: Path, databases: Databases, data: Path, **options: object) -> Path:
    """Write an odoo.conf for the databases, with `options` over the defaults, and return its path.

    `data` takes Odoo's files: attachments by database, sessions.
    """
    parameters = databases.parameters
    values: dict[str, object] = {
        "db_host": parameters.get("host", False),
        "db_port": parameters.get("port", False),
        "db_user": parameters.get("user", False),
        "db_password": parameters.get("password", False),
        "addons_path": ",".join(addons_path()),
        "data_dir": data,
        "admin_passwd": secrets.token_hex(16),
        "list_db": False,
        "http_interface": "127.0.0.1",
        "max_cron_threads": 1,
        "workers": 0,
        "limit_time_real": 600,
        "limit_time_cpu": 600,
        # Threads share one process's memory: limits that are meant for one worker would end the server.
        "limit_memory_soft": 0,
        "limit_memory_hard": 0,
        **options,
    }
    parser = configparser.RawConfigParser()
    parser["options"] = {name: str(value) for name, value in values.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        parser.write(file)
    return path


def addons_path() -> list[str]:
    """Return the folders of add-ons: Odoo's own and the project's."""
    core = odoo_source() / "usr/lib/python3/dist-packages/odoo/addons"
    return [str(core), str(ADDONS)] if any(ADDONS.glob("*/__manifest__.py")) else [str(core)]


def run_odoo(arguments: list[str], log: Path, what: str) -> None:
    """Run Odoo's program to its end; raise `Failed` with the end of its log when it does not end well."""
    source = odoo_source()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        argv = [sys.executable, str(source / "usr/bin/odoo"), *arguments]
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment(source)},
            check=False,
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise Failed(f"{what} failed; the end of {log}:\n{tail}")


class Odoo:
    """An Odoo HTTP server on one database. It keeps its port when it is stopped and started again."""

    def __init__(
        self,
        databases: Databases,
        database: str,
        folder: Path,
        *,
        redis_url: str = "",
        name: str = "odoo",
        **options: object,
    ) -> None:
        """`options` go into odoo.conf; `workers=N` makes it a server of N processes instead of threads."""
        self.database, self.port = database, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        options = {"http_port": self.port, "gevent_port": free_port(), "db_name": database, **options}
        self.configuration = write_configuration(
            folder / f"{name}.conf", databases, folder / "odoo", **options
        )
        source = odoo_source()
        argv = [sys.executable, str(source / "usr/bin/odoo"), "-c", str(self.configuration)]
        argv += ["--db-filter", f"^{database}$"]
        self.process = Process(
            name,
            argv,
            folder=folder,
            ready=self.ready,
            # The add-on wakes the pacer over Redis after a commit.
            environment={**environment(source), "LOCKGATE_REDIS_URL": redis_url},
        )

    def ready(self) -> bool:
        """Whether it shows its login page."""
        try:
            return httpx.get(f"{self.url}/web/login", timeout=30).status_code == 200
        except httpx.TransportError:
            return False

    def start(self) -> None:
        """Start the server and wait until it shows its login page."""
        self.process.start(180)

    def stop(self) -> None:
        """Stop the server."""
        self.process.stop()

    def kill(self) -> None:
        """End the server as a crash would."""
        self.process.kill()
