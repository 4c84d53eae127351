from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open

from .common import make_channel
from .test_gateway import GatewayCase


class TestNeutralize(GatewayCase):
    """`data/neutralize.sql` as Odoo runs it on a copy, and the wizard for a restored database."""

    def neutralize(self):
        self.env.flush_all()
        with file_open("lockgate/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        self.env.registry.clear_all_caches()

    def test_a_copy_freezes_every_running_channel(self):
        other = make_channel(self.env, "second", 0)
        draft = self.env["lockgate.channel"].create(
            {
                "name": "Draft",
                "code": "draft",
                "connector_id": other.connector_id.id,
                "settings": {"url": "http://127.0.0.1:9"},
            }
        )
        self.neutralize()
        self.assertEqual((self.channel | other).mapped("state"), ["frozen", "frozen"])
        self.assertEqual(draft.state, "draft")

    def test_a_copy_refuses_the_sidecar_of_the_original(self):
        message = self.envelope(every=False)
        self.neutralize()
        with self.assertRaisesRegex(UserError, "incarnation 2"):
            self.call("due", message)

    def test_a_copy_of_a_copy_is_yet_another_incarnation(self):
        self.neutralize()
        self.neutralize()
        self.assertEqual(self.env["lockgate.gateway"]._identity()[1], 3)

    def test_a_new_incarnation_freezes_and_refuses_as_well(self):
        message = self.envelope(every=False)
        wizard = self.env["lockgate.incarnation"].with_user(self.user_manager).create({})
        wizard.action_start()
        self.assertEqual(self.channel.state, "frozen")
        with self.assertRaisesRegex(UserError, "another database"):
            self.call("due", message)

    def test_only_an_administrator_starts_a_new_incarnation(self):
        for user in (self.user_operator, self.user_owner, self.user_internal):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["lockgate.incarnation"].with_user(user).create({}).action_start()
