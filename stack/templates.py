"""Databases to copy from: Odoo's modules with demo data, and the project's add-ons on top of them.

Making the first takes minutes, so a whole PostgreSQL data folder with it is kept in the cache for all
checkouts; the second takes seconds and is kept in the checkout, until the add-ons change. A stack starts on a
copy of that folder, and its databases are clones of the template in it. On a running server that the
environment names, the templates are made in that server instead.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from stack.console import step
from stack.debian import odoo_source
from stack.files import built, copy_tree, digest, locked
from stack.odoo import run_odoo, write_configuration
from stack.paths import ADDONS, CACHE, STACK
from stack.postgres import Databases, Postgres
from stack.shop import SOURCE as SHOP_SOURCE
from stack.shop import Shop

# What makes deliveries and receipts look real, and what the glue add-ons stand on: kits, expiry dates, tills.
CORE_MODULES = [
    "mail",
    "sale_management",
    "sale_stock",
    "purchase_stock",
    "mrp",
    "product_expiry",
    "point_of_sale",
]
CORE, ADDED, SHOP = "lockgate_core", "lockgate_template", "shop_template"


def project_modules() -> list[str]:
    """Return the project's add-ons, by name."""
    return sorted(manifest.parent.name for manifest in ADDONS.glob("*/__manifest__.py"))


def core_key() -> str:
    """Return what the core template depends on: Odoo's version, the modules, and the way the data is kept."""
    return digest([], odoo_source().name, *CORE_MODULES, "postgresql-18")


def install(databases: Databases, database: str, folder: Path, modules: Iterable[str]) -> None:
    """Install modules with demo data into a database, which is made when there is none."""
    configuration = write_configuration(
        folder / "install.conf", databases, folder / "odoo", max_cron_threads=0
    )
    arguments = ["-c", str(configuration), "-d", database, "-i", ",".join(modules)]
    arguments += ["--with-demo", "--stop-after-init", "--no-http"]
    run_odoo(arguments, STACK / "log" / f"install-{database}.log", f"installing {', '.join(modules)}")


def clone(databases: Databases, folder: Path, name: str, template: str) -> None:
    """Make a database from a template, with the files that Odoo keeps beside it."""
    databases.create(name, template)
    files = folder / "odoo" / "filestore"
    shutil.rmtree(files / name, ignore_errors=True)
    if (files / template).exists():
        copy_tree(files / template, files / name)
    # A copy is a database of its own: one that kept its template's uuid would answer to the same sidecar.
    connection = databases.connect(name)
    try:
        connection.cursor().execute(
            "UPDATE ir_config_parameter SET value = gen_random_uuid() WHERE key = 'database.uuid'"
        )
    finally:
        connection.close()


def _make(databases: Databases, folder: Path, name: str, modules: list[str], base: str | None = None) -> None:
    """Make a template from `base` and the modules, unless it is there; its name is given when it is whole."""
    if databases.exists(name):
        return
    unfinished, files = f"{name}_new", folder / "odoo" / "filestore"
    databases.drop(unfinished)
    shutil.rmtree(files / unfinished, ignore_errors=True)
    if base:
        clone(databases, folder, unfinished, base)
    install(databases, unfinished, folder, modules)
    databases.rename(unfinished, name)
    shutil.rmtree(files / name, ignore_errors=True)
    (files / unfinished).rename(files / name)


def _core_folder() -> Path:
    target = CACHE / f"core-{core_key()}"
    with locked(CACHE / "core.lock"):
        if not target.exists():
            with step(f"installing Odoo's {', '.join(CORE_MODULES)} with demo data"), built(target) as folder:
                postgres = Postgres(folder)
                try:
                    postgres.start()
                    _make(postgres, folder, CORE, CORE_MODULES)
                finally:
                    postgres.stop()
    return target


def _base_folder() -> Path:
    """Return the core template's folder with a prepared shop beside it, where Node.js is there to run one."""
    core = _core_folder()
    if not shutil.which("node"):
        return core
    target = CACHE / f"shop-{digest([SHOP_SOURCE], core.name)}"
    with locked(CACHE / "shop.lock"):
        if not target.exists():
            with built(target) as folder:
                _copy(core, folder)
                postgres = Postgres(folder)
                try:
                    postgres.start()
                    Shop(folder, postgres, SHOP).prepare()
                finally:
                    postgres.stop()
    return target


def _template_folder() -> Path:
    """Return a stopped server's folder (`postgres/`, `odoo/`) that holds the templates of this checkout."""
    base = _base_folder()
    target = STACK / "templates" / digest([ADDONS], base.name)
    if target.exists():
        return target
    for older in (STACK / "templates").glob("*"):
        shutil.rmtree(older)
    with step(f"installing {', '.join(project_modules())}"), built(target) as folder:
        _copy(base, folder)
        postgres = Postgres(folder)
        try:
            postgres.start()
            _make(postgres, folder, ADDED, project_modules(), CORE)
        finally:
            postgres.stop()
    return target


def _copy(source: Path, folder: Path) -> None:
    """Copy a stopped server's data and Odoo's files."""
    for part in ("postgres", "odoo"):
        copy_tree(source / part, folder / part)


def seed(folder: Path) -> None:
    """Copy the core template's data into the folder of a private server that is not started yet."""
    _copy(_core_folder(), folder)


def prepare(databases: Databases, folder: Path) -> str:
    """Start the server with the templates in it, and return the name of the one with the add-ons.

    A private server starts on a copy of the templates' folder; in a running one the templates are made.
    """
    if isinstance(databases, Postgres):
        with locked(STACK / "templates.lock"):
            _copy(_template_folder(), folder)
        databases.start()
        return ADDED
    databases.start()
    core = f"{CORE}_{core_key()}"
    name = f"{ADDED}_{digest([ADDONS], core)}"
    made = CACHE / "running-server"
    with locked(CACHE / "running-server.lock"), step("making templates in the running PostgreSQL"):
        _make(databases, made, core, CORE_MODULES)
        _make(databases, made, name, project_modules(), core)
    copy_tree(made / "odoo", folder / "odoo")
    return name
