from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.base.models import res_users
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, TransactionCase, new_test_user, tagged

from .common import make_channel, request
from .test_gateway import fits


@tagged("-at_install", "post_install")
class TestIntegrationKey(HttpCase):
    """The key that the wizard issues, over real HTTP."""

    def setUp(self):
        super().setUp()
        self.manager = new_test_user(self.env, "keeper", "lockgate.lockgate_group_manager")

    def issue(self, days=30):
        """Press the wizard's button; returns what its second form shows."""
        wizard = self.env["lockgate.integration.key"].with_user(self.manager).create({"days": days})
        return wizard.action_issue()["context"]

    def post(self, key, method="due", model="lockgate.gateway", **arguments):
        return self.url_open(
            f"/json/2/{model}/{method}", json=arguments, headers={"Authorization": f"bearer {key}"}
        )

    def message(self, shown, **values):
        settings = dict(line.split("=", 1) for line in shown["default_settings_text"].splitlines())
        return {
            "contract": 1,
            "database": settings["LOCKGATE_ODOO_UUID"],
            "incarnation": int(settings["LOCKGATE_ODOO_INCARNATION"]),
            **(values or {"every": False}),
        }

    def test_the_key_opens_the_gateway(self):
        shown = self.issue()
        answer = self.post(shown["default_key"], message=self.message(shown))
        self.assertEqual(answer.status_code, 200, answer.text)
        fits(answer.json(), "DueAnswer")

    def test_an_exchange_works_with_it(self):
        make_channel(self.env, "quay")
        shown = self.issue()
        message = self.message(shown, **request("quay"))
        answer = self.post(shown["default_key"], "exchange", message=message)
        self.assertEqual(answer.status_code, 200, answer.text)
        fits(answer.json(), "ExchangeAnswer")

    def test_the_key_opens_nothing_else(self):
        key = self.issue()["default_key"]
        for model in ("res.partner", "lockgate.channel", "lockgate.publication", "ir.config_parameter"):
            with self.subTest(model=model):
                answer = self.post(key, "search_read", model, domain=[], fields=["id"])
                self.assertEqual(answer.status_code, 403)

    def test_a_wrong_key_is_refused(self):
        shown = self.issue()
        self.assertEqual(self.post("0" * 40, message=self.message(shown)).status_code, 401)

    def test_an_administrators_own_key_does_not_open_the_gateway(self):
        shown = self.issue()
        own = (
            self.env["res.users.apikeys"]
            .with_user(self.manager)
            .sudo()
            ._generate("rpc", "own", fields.Datetime.now() + timedelta(days=1))
        )
        self.assertEqual(self.post(own, message=self.message(shown)).status_code, 403)

    def test_what_does_not_fit_is_answered_in_words(self):
        shown = self.issue()
        answer = self.post(shown["default_key"], message=self.message(shown) | {"contract": 2})
        self.assertEqual(answer.status_code, 422)
        self.assertIn("does not speak contract 1", answer.json()["message"])

    def test_private_methods_of_the_turn_cannot_be_called(self):
        key = self.issue()["default_key"]
        for model, method in (("lockgate.turn", "_take"), ("lockgate.gateway", "_turn")):
            with self.subTest(method=method):
                self.assertGreaterEqual(self.post(key, method, model, request={}).status_code, 400)

    def test_a_second_key_serves_beside_the_first(self):
        first, second = self.issue(), self.issue()
        for shown in (first, second):
            self.assertEqual(self.post(shown["default_key"], message=self.message(shown)).status_code, 200)

    def test_the_integration_user_has_one_group_and_no_user_type(self):
        self.issue()
        user = self.env["res.users"].search([("login", "=", "lockgate-integration")])
        self.assertEqual(user.group_ids, self.env.ref("lockgate.lockgate_group_integration"))
        self.assertFalse(user.share is False and user.has_group("base.group_user"))

    def test_the_key_is_kept_nowhere_in_clear(self):
        key = self.issue()["default_key"]
        wizard = self.env["lockgate.integration.key"].search([], order="id desc", limit=1)
        self.assertFalse(wizard.key)
        self.env.cr.execute("SELECT count(*) FROM res_users_apikeys WHERE key = %s", [key])
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_only_an_administrator_issues_a_key(self):
        for group in ("base.group_user", "lockgate.lockgate_group_operator", "base.group_system"):
            user = new_test_user(self.env, f"user_of_{group}", group)
            with self.subTest(group=group), self.assertRaises(AccessError):
                self.env["lockgate.integration.key"].with_user(user).create({"days": 1}).action_issue()


@tagged("-at_install", "post_install")
class TestKeyThatWasSeen(TransactionCase):
    """A key that was right is not hashed again, and is worth nothing when it no longer counts."""

    def setUp(self):
        super().setUp()
        self.integration = new_test_user(self.env, "carrier", "lockgate.lockgate_group_integration")
        self.key = self.issue(self.integration)

    def issue(self, user):
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        return self.env["res.users.apikeys"].with_user(user).sudo()._generate("rpc", "own", tomorrow)

    def check(self, key=None, scope="rpc"):
        """Returns whose key it is, and how often it was hashed for that."""
        with patch.object(res_users, "KEY_CRYPT_CONTEXT", wraps=res_users.KEY_CRYPT_CONTEXT) as hashing:
            user_id = self.env["res.users.apikeys"]._check_credentials(scope=scope, key=key or self.key)
        return user_id, hashing.verify.call_count

    def test_it_is_hashed_once(self):
        self.assertEqual(self.check(), (self.integration.id, 1))
        self.assertEqual(self.check(), (self.integration.id, 0))

    def test_another_that_begins_alike_is_refused(self):
        self.check()
        self.assertEqual(self.check(self.key[:-1] + ("0" if self.key[-1] != "0" else "1")), (None, 1))

    def test_one_that_was_removed_is_refused(self):
        self.check()
        self.env["res.users.apikeys"].search([("user_id", "=", self.integration.id)])._remove()
        self.assertEqual(self.check(), (None, 0))

    def test_one_that_has_ended_is_refused(self):
        self.check()
        self.env.cr.execute(
            "UPDATE res_users_apikeys SET expiration_date = now() - interval '1 day' WHERE user_id = %s",
            [self.integration.id],
        )
        self.assertIsNone(self.check()[0])

    def test_one_of_an_archived_user_is_refused(self):
        self.check()
        self.integration.active = False
        self.env.flush_all()
        self.assertIsNone(self.check()[0])

    def test_it_opens_no_other_scope(self):
        self.check()
        self.assertIsNone(self.check(scope="browser")[0])

    def test_keys_of_other_people_are_hashed_each_time(self):
        key = self.issue(new_test_user(self.env, "passer", "base.group_user"))
        self.assertEqual([self.check(key)[1] for _ in range(2)], [1, 1])


@tagged("-at_install", "post_install")
class TestReminder(TransactionCase):
    """A key that ends stops every channel: administrators are told in time."""

    def setUp(self):
        super().setUp()
        self.manager = new_test_user(self.env, "keeper", "lockgate.lockgate_group_manager")
        self.keys = self.env["res.users.apikeys"]

    def issue(self, days):
        self.env["lockgate.integration.key"]._issue(days)

    def reminders(self):
        self.keys._cron_remind()
        partner = self.env["lockgate.integration.key"]._integration_user().partner_id
        return partner.activity_ids.filtered(lambda activity: activity.user_id == self.manager)

    def test_a_key_that_ends_soon_is_told_once(self):
        self.issue(10)
        self.assertEqual(len(self.reminders()), 1)
        self.assertEqual(len(self.reminders()), 1)

    def test_a_key_with_a_long_life_is_not_told(self):
        self.issue(30)
        self.assertFalse(self.reminders())

    def test_a_second_key_ends_the_reminder(self):
        self.issue(10)
        self.assertTrue(self.reminders())
        self.issue(90)
        self.assertFalse(self.reminders())
