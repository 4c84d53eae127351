"""The virtual environment of the stack, from the pins in requirements.txt. Run by the system's own Python.

Nothing but the standard library is imported here: this is what `make` runs first on a new machine.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from stack.console import Failed, Missing, say, step
from stack.debian import download
from stack.files import digest, locked
from stack.paths import CACHE, ROOT, STACK

VENV = STACK / "venv"
PYTHON = VENV / "bin" / "python"
PINS = ROOT / "stack" / "requirements.txt"
SIDECAR = ROOT / "sidecar"
STAMP = VENV / "made-from"
OLDEST = (3, 11)


def _run(argv: list[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _pip() -> list[str | Path]:
    """Return a command that is pip inside the environment.

    Debian's Python has no pip of its own to put there; its wheel is taken out of Debian's package then.
    """
    if find_spec("ensurepip"):
        made = _run([PYTHON, "-m", "ensurepip"])
        if made.returncode == 0:
            return [PYTHON, "-m", "pip"]
    folder = CACHE / "pip"
    if not any(folder.rglob("pip-*.whl")):
        shutil.rmtree(folder, ignore_errors=True)
        for package in download(folder, {"bookworm": ["python3-pip-whl"]}):
            subprocess.run(["dpkg", "-x", package, folder], check=True)
    return [PYTHON, next(folder.rglob("pip-*.whl")) / "pip"]


def _install() -> None:
    """Install the pins and the sidecar, by uv, which takes seconds, or by pip where uv finds no registry."""
    pip = _pip()
    wanted = next(line for line in PINS.read_text().splitlines() if line.startswith("uv=="))
    _check(_run([*pip, "install", "--quiet", wanted]), "pip could not install uv")
    quick = {"UV_CACHE_DIR": str(CACHE / "uv"), "UV_NATIVE_TLS": "1"}
    uv = [VENV / "bin" / "uv", "pip", "install", "--quiet", "--python", PYTHON]
    if _run([*uv, "-r", PINS], **quick).returncode:
        say("uv did not find everything, trying pip, which knows this machine's settings")
        _check(_run([*pip, "install", "--quiet", "-r", PINS]), "pip could not install stack/requirements.txt")
    backend = [*pip, "install", "--quiet", "--no-deps", "--no-build-isolation", "-e", SIDECAR]
    _check(_run(backend), "the sidecar could not be installed")


def _check(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode:
        raise Failed(f"{what}: {done.stderr.strip()[-1500:]}")


def make() -> None:
    """Make the environment, or make it again when what it is made from has changed."""
    if sys.version_info < OLDEST:
        raise Missing(
            f"Python {OLDEST[0]}.{OLDEST[1]} or later is needed: install it and run `make PYTHON=…`"
        )
    made_from = digest([PINS, SIDECAR / "pyproject.toml", Path(__file__)], sys.version, str(ROOT))
    with locked(STACK / "venv.lock"):
        if STAMP.exists() and STAMP.read_text() == made_from:
            return
        with step("installing Python packages"):
            if not PYTHON.exists() or _run([PYTHON, "-c", ""]).returncode:
                shutil.rmtree(VENV, ignore_errors=True)
                _check(_run([sys.executable, "-m", "venv", "--without-pip", VENV]), "no virtual environment")
            _install()
            STAMP.write_text(made_from)


if __name__ == "__main__":
    try:
        make()
    except (Failed, Missing) as error:
        say(str(error))
        sys.exit(2 if isinstance(error, Missing) else 1)
