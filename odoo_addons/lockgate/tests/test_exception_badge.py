from unittest.mock import patch

from odoo.tests import new_test_user

from .common import LockgateCase


class TestOwnersAreTold(LockgateCase):
    """Whose badge counts again: who got an exception, who lost it, and whose is over."""

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner

    def told(self, act):
        users, send = [], type(self.env["res.users"])._bus_send

        def sends(user, kind, message, **values):
            if kind == "lockgate.exceptions":
                users.append(user.login)
            return send(user, kind, message, **values)

        with patch.object(type(self.env["res.users"]), "_bus_send", sends):
            act()
        return set(users)

    def test_who_gets_one(self):
        self.block(7)
        self.assertEqual(self.told(self.catch_up), {"clerk"})

    def test_who_gets_it_and_who_had_it(self):
        self.block(7)
        exception = self.catch_up()
        colleague = new_test_user(self.env, "colleague", "lockgate.lockgate_group_exception_owner")
        self.assertEqual(
            self.told(exception.with_user(colleague).action_assign_to_me), {"clerk", "colleague"}
        )

    def test_whose_resolves_by_itself(self):
        self.block(7)
        self.catch_up()
        self.pass_time(10)
        self.report(self.lease(8)[0])
        self.assertEqual(self.told(self.catch_up), {"clerk"})

    def test_nobody_of_one_that_only_fails_again(self):
        self.block(7)
        self.catch_up()
        self.pass_time(10)
        self.block(8)
        self.assertEqual(self.told(self.catch_up), set())
