"""Odoo 19 out of Debian's packages, without installing anything or touching the system's sources."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from stack.console import Missing, step
from stack.files import built, locked
from stack.paths import CACHE

ODOO_VERSION = "19.0"
# By suite. Odoo's web client links to the others by relative paths: they are unpacked into the same folder.
# Unstable's own font-awesome 7 moved the files that Odoo links to.
PACKAGES = {
    "unstable": [
        "odoo-19",
        "libjs-jquery",
        "libjs-jquery-form",
        "libjs-underscore",
        "fonts-roboto-unhinted",
        "fonts-montserrat",
        "fonts-inconsolata",
        "fonts-ocr-b",
        "fonts-glyphicons-halflings",
    ],
    "bookworm": ["fonts-font-awesome"],
}
NO_APT = (
    "Odoo 19 is unpacked from Debian's packages, and this machine has no {}: use `docker compose up` here"
)


def debian_mirror(text: str) -> str | None:
    """Return the address of Debian's main archive in the text of an apt source file, in either format.

    The one-line format has `deb [options] address suite component …`; the deb822 format has stanzas with
    `URIs:`, `Suites:` and `Components:`. Debian's archive is told from third parties' by its path, /debian.
    """
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.lstrip().startswith("#")]
        fields = dict(re.findall(r"^(\w[\w-]*):\s*(.+)$", "\n".join(lines), re.MULTILINE))
        if fields.get("Enabled", "yes").strip() == "no":
            continue
        addresses = fields["URIs"].split() if "deb" in fields.get("Types", "").split() else []
        for line in lines:
            addresses += re.findall(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+\S+.*\bmain\b", line.strip())
        for address in addresses:
            if address.rstrip("/").endswith("/debian"):
                return address.rstrip("/")
    return None


def system_mirror(etc: Path = Path("/etc/apt")) -> str:
    """Return the address of the Debian archive that this system is set up with."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for file in files:
        if file.is_file() and file.suffix in {".list", ".sources"}:
            mirror = debian_mirror(file.read_text())
            if mirror:
                return mirror
    raise Missing(NO_APT.format("Debian archive in its apt sources"))


def _keyring() -> Path:
    for name in ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp"):
        if (Path("/usr/share/keyrings") / name).exists():
            return Path("/usr/share/keyrings") / name
    raise Missing("apt needs Debian's keys: install the package debian-archive-keyring")


def download(folder: Path, packages: dict[str, list[str]]) -> list[Path]:
    """Fetch Debian's packages, named by suite, into `folder`; return their files.

    Apt verifies them as it does its own, with state folders of ours, so nothing of the system's is changed.
    """
    for program in ("apt-get", "dpkg"):
        if not shutil.which(program):
            raise Missing(NO_APT.format(program))
    lists, cache = folder / "lists", folder / "cache"
    for needed in (lists / "partial", cache / "archives" / "partial"):
        needed.mkdir(parents=True, exist_ok=True)
    sources = folder / "sources.list"
    archive = f"deb [signed-by={_keyring()}] {system_mirror()}"
    sources.write_text("".join(f"{archive} {suite} main\n" for suite in packages))
    options = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State::Lists": lists,
        "Dir::State::status": "/dev/null",
        "Dir::Cache": cache,
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    if os.geteuid() == 0:
        options["APT::Sandbox::User"] = "root"  # apt's own user may not enter a private home
    apt = ["apt-get", "-q", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    wanted = [f"{name}/{suite}" for suite, names in packages.items() for name in names]
    for command in (["update"], ["download", *wanted]):
        done = subprocess.run([*apt, *command], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(
                f"apt-get {command[0]} could not reach Debian's archive: {done.stderr.strip()[-400:]}"
            )
    return sorted(folder.glob("*.deb"))


def odoo_source() -> Path:
    """Return the folder of the unpacked Odoo 19, fetched once for all checkouts of this user.

    Its name ends in the exact version. Raises `Missing` when it cannot be had.
    """

    def unpacked() -> list[Path]:
        return sorted(path for path in CACHE.glob("odoo-19.0*") if ".building-" not in path.name)

    with locked(CACHE / "odoo.lock"):
        if unpacked():
            return unpacked()[-1]
        folder = CACHE / "download"
        shutil.rmtree(folder, ignore_errors=True)
        with step("downloading Odoo 19 from Debian"):
            packages = download(folder, PACKAGES)
        version = next(file.name.split("_")[1] for file in packages if file.name.startswith("odoo-19_"))
        if not version.startswith(f"{ODOO_VERSION}."):
            raise Missing(
                f"Debian has Odoo {version}, Lockgate needs {ODOO_VERSION}: use `docker compose up`"
            )
        target = CACHE / f"odoo-{version}"
        with step(f"unpacking Odoo {version}"), built(target) as temporary:
            for package in packages:
                subprocess.run(["dpkg", "-x", package, temporary], check=True)
        shutil.rmtree(folder)
        return target
