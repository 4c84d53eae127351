from odoo.tools import SQL

from .wizard.integration_key import LOGIN


def uninstall_hook(env):
    """Take away what Odoo leaves: the sidecar's user with its keys."""
    env["res.users"].with_context(active_test=False).search([("login", "=", LOGIN)]).unlink()
    let_go(env, "lockgate")


def let_go(env, prefix):
    """Have the tables of an add-on that leaves refuse nothing any more.

    Odoo deletes records (users and channels of the demo data, connectors) before the tables are gone that
    refer to them.
    """
    env.cr.execute(
        """
        SELECT conrelid::regclass::text, conname FROM pg_constraint
         WHERE contype = 'f' AND starts_with(conrelid::regclass::text, %s)
        """,
        [f"{prefix}_"],
    )
    for table, constraint in env.cr.fetchall():
        env.cr.execute(
            SQL("ALTER TABLE %s DROP CONSTRAINT %s", SQL.identifier(table), SQL.identifier(constraint))
        )
