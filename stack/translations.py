"""`python -m stack.translations`: write each add-on's template for translators, as Odoo exports it."""

from pathlib import Path

from stack.inside import configure
from stack.odoo import run_odoo
from stack.paths import STACK
from stack.servers import Servers
from stack.templates import project_modules


def export(configuration: Path, database: str, *options: str) -> None:
    """Export the templates from a database with the add-ons; without `options` into their `i18n` folders."""
    arguments = ["i18n", "export", "-c", str(configuration), "-d", database, *options, *project_modules()]
    run_odoo(arguments, STACK / "log" / "translations.log", "exporting the templates for translators")


def main() -> None:
    with Servers("translations") as servers:
        database = servers.database("export")
        export(configure(servers, database), database)


if __name__ == "__main__":
    main()
