from .wizard.integration_key import LOGIN


def uninstall_hook(env):
    """Take away what Odoo cannot: channels before their connectors, and the sidecar's user with its keys."""
    env.cr.execute("TRUNCATE lockgate_channel CASCADE")
    env.invalidate_all()
    env["res.users"].with_context(active_test=False).search([("login", "=", LOGIN)]).unlink()
