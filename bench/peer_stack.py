"""The same private stack with OCA queue_job beside Lockgate, set up as its documentation recommends."""

import os
import subprocess
import sys
from importlib.metadata import distributions

from bench.arena import ODOO
from stack.console import step
from stack.debian import odoo_source
from stack.odoo import addons_path, environment, write_configuration
from stack.paths import ROOT, STACK
from stack.stack import Stack

PINS = ROOT / "bench" / "requirements.txt"
PEER = STACK / "peer"
SLOTS = 4


class PeerStack(Stack):
    """Odoo in workers mode with `queue_job` loaded server-wide: its jobrunner is one of Odoo's processes."""

    def __init__(self, name: str) -> None:
        install_wheels()
        self._addons = ",".join([*addons_path(), str(PEER / "odoo/addons"), str(ROOT / "bench/addons")])
        os.environ["ODOO_QUEUE_JOB_CHANNELS"] = f"root:{SLOTS}"
        super().__init__(name, **ODOO, addons_path=self._addons, server_wide_modules="base,rpc,web,queue_job")

    def database(self, purpose: str) -> str:
        """One with the peer and its small connector installed."""
        name = super().database(purpose)
        options = {"max_cron_threads": 0, "addons_path": self._addons}
        configuration = write_configuration(
            self.folder / "peer.conf", self.databases, self.folder / "odoo", **options
        )
        variables = environment(odoo_source())
        variables["PYTHONPATH"] += os.pathsep + str(PEER)
        argv = [sys.executable, str(odoo_source() / "usr/bin/odoo"), "-c", str(configuration), "-d", name]
        argv += ["-i", "bench_peer", "--stop-after-init", "--no-http", "--log-level", "error"]
        with step("installing queue_job"):
            subprocess.run(argv, env={**os.environ, **variables}, check=True, stdout=sys.stderr)
        return name


def install_wheels() -> None:
    """Install what `requirements.txt` pins, unless it is there."""
    pins = [line for line in PINS.read_text().splitlines() if line and not line.startswith("#")]
    found = {f"{each.name.replace('_', '-')}=={each.version}" for each in distributions(path=[str(PEER)])}
    if not found.issuperset(pins):
        with step("installing the peer's wheels"):
            argv = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
            subprocess.run([*argv, "--target", PEER, "-r", PINS], check=True)
