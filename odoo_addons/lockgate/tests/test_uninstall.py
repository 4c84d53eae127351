from ..hooks import uninstall_hook
from .common import LockgateCase


class TestUninstall(LockgateCase):
    def test_connectors_are_deleted_under_their_channels_and_the_key_goes_too(self):
        self.block(7)
        self.catch_up()
        key = self.env["lockgate.integration.key"].with_user(self.user_manager).create({"days": 1})
        key.action_issue()
        uninstall_hook(self.env)
        self.env["lockgate.connector"].search([]).unlink()
        self.assertFalse(self.env["res.users"].search([("login", "=", "lockgate-integration")]))
