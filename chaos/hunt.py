"""Plays scenes on mutants of the real code, by hand: it takes a quarter of an hour.

    python -m chaos.hunt             every scene on the code as it is, which breaks nothing; then every mutant
    python -m chaos.hunt --real      scenes on the code as it is
    python -m chaos.hunt NAME …      some mutants, or scenes on the code as it is

Each mutant is a copy of the add-ons and the sidecar, with an Odoo of its own on a fresh copy of one database.
Prints one JSON line for each; exits 1 when a mutant is not caught, or the real code breaks a promise.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import httpx

from chaos.mutants import MUTANTS
from chaos.mutants.mutant import Mutant
from chaos.scenes import SCENES
from stack import inside
from stack.odoo import Odoo, addons_path
from stack.onboarding import issue_key
from stack.paths import ADDONS, ROOT, STACK
from stack.servers import Servers
from stack.sidecar import FakeChannel
from stack.templates import clone
from stack.user import User

COPY = STACK / "mutant"
SCENE_SECONDS = 240


class Arenas(Servers):
    """PostgreSQL, Redis, the fake channel, and a database from which each mutant gets its own."""

    def _start(self) -> None:
        super()._start()
        self.fake = FakeChannel(self.folder)
        self._open.callback(self.fake.stop)
        self.fake.start()
        self.base = self.database("base")
        with self.odoo(self.base, ADDONS) as odoo:
            admin = User(odoo.url, self.base, "admin", "admin")
            self.settings = issue_key(admin)
            fields = "lot_stock_id", "out_type_id"
            (warehouse,) = admin.find("stock.warehouse", [], *fields, limit=1, order="id")
            self.plan = {
                "warehouse": warehouse["id"],
                "location": warehouse["lot_stock_id"],
                "out_type": warehouse["out_type_id"],
                "customers": admin.reference("stock.stock_location_customers"),
            }

    @contextmanager
    def odoo(self, database: str, addons: Path) -> Iterator[Odoo]:
        path = ",".join([*addons_path()[:1], str(addons)])
        options = {"addons_path": path, "max_cron_threads": 0}
        odoo = Odoo(self.databases, database, self.folder, redis_url=self.redis.url, **options)
        odoo.start()
        try:
            yield odoo
        finally:
            odoo.stop()

    @contextmanager
    def copy(self, addons: Path) -> Iterator[Odoo]:
        name = self.empty_name("arena")
        clone(self.databases, self.folder, name, self.base)
        with self.odoo(name, addons) as odoo:
            yield odoo

    def play(self, scene: str, odoo: Odoo, code: Path) -> dict[str, str]:
        """What the scene broke: {property: how}."""
        for what in ("script", "history"):
            httpx.delete(f"{self.fake.url}/{what}").raise_for_status()
        self.redis.client.flushall()
        settings = {
            name.removeprefix("LOCKGATE_").lower(): value
            for name, value in self.settings.items()
            if name in ("LOCKGATE_ODOO_KEY", "LOCKGATE_ODOO_INCARNATION")
        }
        plan = {
            **self.plan,
            "scene": scene,
            "database": odoo.database,
            "odoo": odoo.url,
            "fake": self.fake.url,
            "configuration": str(odoo.configuration),
            "postgres": self.databases.url(odoo.database),
            "settings": {
                **settings,
                "odoo_url": odoo.url,
                "odoo_uuid": self._uuid(odoo.database),
                "redis_url": self.redis.url,
            },
        }
        variables = inside.variables(self.redis.url)
        variables["PYTHONPATH"] = os.pathsep.join([str(code / "sidecar"), variables["PYTHONPATH"]])
        argv = [sys.executable, "-m", "chaos.scenes", json.dumps(plan)]
        done = subprocess.run(
            argv, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=SCENE_SECONDS, check=False
        )
        if done.returncode:
            return {"none": f"the scene itself failed: {done.stderr.strip()[-2000:]}"}
        return json.loads(done.stdout)

    def _uuid(self, database: str) -> str:
        connection = self.databases.connect(database)
        try:
            cr = connection.cursor()
            cr.execute("SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'")
            return cr.fetchone()[0]
        finally:
            connection.close()


def make(mutant: Mutant, copy: Path = COPY) -> Path:
    """Make the mutant in a copy of the code; returns its folder."""
    for part in ("odoo_addons", "sidecar"):
        shutil.rmtree(copy / part, ignore_errors=True)
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    for name, text in mutant.files().items():
        (copy / name).write_text(text)
    return copy


def real(arenas: Arenas, scenes: list[str]) -> Iterator[dict]:
    """Each scene on the code as it is."""
    if not scenes:
        return
    with arenas.copy(ADDONS) as odoo:
        for scene in scenes:
            began = time.monotonic()
            broken = arenas.play(scene, odoo, ROOT)
            seconds = round(time.monotonic() - began)
            yield {"scene": scene, "broke": broken, "seconds": seconds, "good": not broken}


def hunt(arenas: Arenas, name: str) -> dict:
    """The mutant's scene, once; `good` when what it has to break is broken, and nothing else."""
    mutant = MUTANTS[name]
    began = time.monotonic()
    code = make(mutant)
    with arenas.copy(code / "odoo_addons") as odoo:
        broken = arenas.play(mutant.scene, odoo, code)
    return {
        "mutant": name,
        "property": mutant.property,
        "scene": mutant.scene,
        "broke": broken,
        "seconds": round(time.monotonic() - began),
        "good": set(broken) == {mutant.property, *mutant.also},
    }


def main() -> int:
    names = [name for name in sys.argv[1:] if name != "--real"]
    good = True
    with Arenas("arenas") as arenas:
        scenes = [name for name in names if name in SCENES] if names else sorted(SCENES)
        hunted = [name for name in names if name not in SCENES]
        if not names and "--real" not in sys.argv:
            hunted = list(MUTANTS)
        for found in chain(real(arenas, scenes), (hunt(arenas, name) for name in hunted)):
            print(json.dumps(found), flush=True)
            good = good and found["good"]
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
