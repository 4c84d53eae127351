"""The add-ons upgrade and leave in order, from a database that has lived: that of the story.

Its name puts it last: when it is done, nothing of Lockgate is left in that database.
"""

from pathlib import Path

import pytest

from stack.odoo import run_odoo
from stack.templates import project_modules

# Everything that an add-on may leave in a database, by name.
LEFT = {
    "tables and views": "SELECT relname FROM pg_class WHERE relname LIKE '%lockgate%'",
    "columns": "SELECT table_name || '.' || column_name FROM information_schema.columns"
    " WHERE column_name LIKE '%lockgate%'",
    "functions": "SELECT proname FROM pg_proc WHERE proname LIKE '%lockgate%'",
    "triggers": "SELECT tgname FROM pg_trigger WHERE tgname LIKE '%lockgate%'",
    "models": "SELECT model FROM ir_model WHERE model LIKE 'lockgate.%'",
    "names of records": "SELECT module || '.' || name FROM ir_model_data WHERE module LIKE 'lockgate%'",
    "scheduled actions": "SELECT cron_name FROM ir_cron WHERE cron_name LIKE 'Lockgate%'",
    "users": "SELECT login FROM res_users WHERE login = 'lockgate-integration'",
}
SHAPE = """
    SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
     WHERE table_schema = 'public' ORDER BY 1, 2
"""


@pytest.fixture(scope="module")
def database(stack, story):
    """The story's database, with nothing running on it any more: rows of it, by a statement."""
    stack.sidecar.stop()
    stack.odoo.stop()
    connection = stack.databases.connect(stack.odoo.database)

    def ask(statement: str) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    yield ask
    connection.close()


def run(stack, what: str, *arguments: str) -> str:
    """Run Odoo's program on the story's database, and return what it logged."""
    log = Path(stack.folder / "log" / f"{what}.log")
    argv = [*arguments[:2], "-c", str(stack.odoo.configuration), "-d", stack.odoo.database, *arguments[2:]]
    run_odoo(argv, log, what)
    return log.read_text()


def complaints(log: str) -> list[str]:
    return [line for line in log.splitlines() if " ERROR " in line or " CRITICAL " in line]


def test_an_upgrade_changes_nothing_and_complains_of_nothing(stack, database):
    before = database(SHAPE)
    log = run(stack, "upgrade", "module", "upgrade", *project_modules())
    assert complaints(log) == []
    assert database(SHAPE) == before


def test_what_lived_is_there_after_the_upgrade(database):
    assert database("SELECT count(*) FROM lockgate_price_seal")[0][0] > 0
    assert database("SELECT count(*) FROM lockgate_attempt")[0][0] > 0


def test_an_uninstall_complains_of_nothing(stack, database):
    assert complaints(run(stack, "uninstall", "module", "uninstall", *project_modules())) == []


@pytest.mark.parametrize("what", LEFT)
def test_an_uninstall_leaves_nothing_behind(database, what):
    assert database(LEFT[what]) == []


def test_odoo_goes_on_without_lockgate(stack, database):
    stack.odoo.start()
    stack.odoo.stop()
