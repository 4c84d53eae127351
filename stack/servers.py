"""PostgreSQL and Redis of one named stack, with its folder to itself."""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from stack.console import say, step
from stack.files import digest, locked
from stack.paths import STACK
from stack.postgres import Databases, Postgres, RunningPostgres, remove_sockets
from stack.processes import end_leftovers
from stack.redis_server import Redis, RunningRedis
from stack.templates import clone, prepare


class Servers:
    """A context: the servers run inside it. `name` says which of the checkout's stacks this is.

    STACK_POSTGRES_URL and STACK_REDIS_URL name running servers that are used instead of private ones.
    """

    databases: Databases
    redis: Redis | RunningRedis

    def __init__(self, name: str) -> None:
        self.name, self.folder = name, STACK / name
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _start(self) -> None:
        busy = f"a stack `{self.name}` already runs in {self.folder}: end it first"
        self._open.enter_context(locked(STACK / f"{self.name}.lock", busy))
        ended = end_leftovers(self.folder / "processes")
        if ended:
            say(f"ended what a killed run had left: {', '.join(ended)}")
        remove_sockets(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.databases, self.redis = _postgres(self.folder), _redis(self.folder)
        self._open.callback(self.databases.stop)
        self._template = prepare(self.databases, self.folder)
        self._open.callback(self.redis.stop)
        with step("starting PostgreSQL and Redis"):
            self.redis.start()

    def database(self, purpose: str) -> str:
        """Make a database of this stack with the add-ons and Odoo's demo data, and return its name."""
        name = self.empty_name(purpose)
        clone(self.databases, self.folder, name, self._template)
        return name

    def empty_name(self, purpose: str) -> str:
        """Return the name for a database of this stack, and see that there is none of that name yet."""
        name = f"{self.name}_{purpose}"
        if isinstance(self.databases, RunningPostgres):  # other checkouts may use it too
            name = f"lockgate_{digest([], str(STACK))}_{name}"
        self.databases.drop(name)
        return name


def _postgres(folder: Path) -> Databases:
    url = os.environ.get("STACK_POSTGRES_URL")
    return RunningPostgres(url) if url else Postgres(folder)


def _redis(folder: Path) -> Redis | RunningRedis:
    url = os.environ.get("STACK_REDIS_URL")
    return RunningRedis(url) if url else Redis(folder)
