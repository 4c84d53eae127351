from .wizard.integration_key import LOGIN


def uninstall_hook(env):
    """Take away what Odoo leaves: the sidecar's user with its keys.

    Odoo deletes connectors before the tables of their channels are gone, so these let go of them first.
    """
    env["res.users"].with_context(active_test=False).search([("login", "=", LOGIN)]).unlink()
    env.cr.execute(
        "ALTER TABLE lockgate_channel DROP CONSTRAINT IF EXISTS lockgate_channel_connector_id_fkey"
    )
