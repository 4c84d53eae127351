from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

LOGIN = "lockgate-integration"
# Whether the integration user is being made. It lives in Python alone, as `passage` of mappings does.
_making = ContextVar("lockgate_making_integration_user", default=False)


@contextmanager
def _making_user():
    token = _making.set(True)
    try:
        yield
    finally:
        _making.reset(token)


def makes_integration_user():
    """Whether the wizard gives the integration's role now, to its own user: otherwise people give it."""
    return _making.get()


class IntegrationKey(models.TransientModel):
    """Issues the key with which the sidecar signs in; it is shown once and kept nowhere.

    The integration user has no user type and one group: it may call the gateway and read nothing.
    For rotation, issue a second key, put it into the sidecar's settings, then remove the first.
    """

    _name = "lockgate.integration.key"
    _description = "Issue an Integration Key"
    _inherit = ["lockgate.own"]

    days = fields.Integer("Valid For (days)", default=90, required=True)
    key = fields.Char(readonly=True, store=False)
    settings_text = fields.Text("Sidecar Settings", readonly=True, store=False)

    _days_positive = models.Constraint(
        "CHECK (days BETWEEN 1 AND 365)", "A key lives from 1 to 365 days: choose a number between them."
    )

    def action_issue(self):
        self.ensure_one()
        if not self.env.user.has_group("lockgate.lockgate_group_manager"):
            raise AccessError(self.env._("Only a Lockgate administrator may issue the integration key."))
        key = self._issue(self.days)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Integration Key"),
            "res_model": self._name,
            "views": [[self.env.ref("lockgate.lockgate_integration_key_view_form_issued").id, "form"]],
            "target": "new",
            "context": {"default_key": key, "default_settings_text": self._settings_text()},
        }

    @api.model
    def _issue(self, days):
        """Make a key for the integration user, who is made when missing. Returns the key, in clear."""
        user = self._integration_user()
        name = f"Lockgate sidecar, issued by {self.env.user.login}"
        expires = fields.Datetime.now() + timedelta(days=days)
        return self.env["res.users.apikeys"].with_user(user).sudo()._generate("rpc", name, expires)

    @api.model
    def _integration_user(self):
        users = self.env["res.users"].sudo().with_context(active_test=False, no_reset_password=True)
        group = self.env.ref("lockgate.lockgate_group_integration")
        values = {
            "name": "Lockgate Integration",
            "login": LOGIN,
            "group_ids": [fields.Command.set(group.ids)],
        }
        with _making_user():
            return users.search([("login", "=", LOGIN)]) or users.create(values)

    @api.model
    def _settings_text(self):
        """What the sidecar must know beside the key, as the lines of its environment."""
        database, incarnation = self.env["lockgate.gateway"]._identity()
        url = self.env["ir.config_parameter"].sudo().get_param("web.base.url")
        return (
            f"LOCKGATE_ODOO_URL={url}\n"
            f"LOCKGATE_ODOO_DATABASE={self.env.cr.dbname}\n"
            f"LOCKGATE_ODOO_LOGIN={LOGIN}\n"
            f"LOCKGATE_ODOO_UUID={database}\n"
            f"LOCKGATE_ODOO_INCARNATION={incarnation}"
        )
