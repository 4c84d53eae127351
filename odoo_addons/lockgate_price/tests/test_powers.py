from types import SimpleNamespace
from unittest.mock import patch

from odoo.addons.lockgate.tests.session import interactive
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user

from .common import ANALYST, APPROVER, PriceCase

REQUEST = "odoo.addons.lockgate_price.models.res_users.request"
REFUSED = "given by a Settings administrator who signed in"


class TestPowers(PriceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.role = cls.env.ref(APPROVER)
        cls.administrator = cls.env.ref("base.user_admin")
        cls.employee = new_test_user(cls.env, "employee_test", "base.group_user")
        cls.rights = new_test_user(cls.env, "rights_test", "base.group_user,base.group_erp_manager")
        cls.chief = new_test_user(cls.env, "chief_test", f"base.group_erp_manager,{APPROVER}")
        cls.other_company = cls.env["res.company"].create({"name": "Other"})
        cls.board = cls.env["res.groups"].create({"name": "Board"})
        cls.env["lockgate.price.tier"].create({"name": "Board", "group_id": cls.board.id})

    def refused(self, records, values):
        with self.assertRaisesRegex(AccessError, REFUSED), self.env.cr.savepoint():
            records.write(values)

    def test_a_settings_administrator_at_the_web_client_gives_the_role(self):
        user = self.employee.with_user(self.administrator)
        with interactive(self.administrator, model="res.users", method="web_save"):
            user.write({"group_ids": [Command.link(self.role.id)]})
        self.assertIn(self.employee, self.role.all_user_ids)

    def test_with_a_key_or_by_an_action_nobody_gives_it(self):
        values = {"group_ids": [Command.link(self.role.id)]}
        self.refused(self.employee.with_user(self.administrator), values)
        action = self.env["ir.actions.server"].create(
            {
                "name": "Give",
                "model_id": self.env["ir.model"]._get("res.users").id,
                "state": "code",
                "code": f"env['res.users'].browse({self.employee.id}).write("
                f"{{'group_ids': [(4, {self.role.id})]}})",
            }
        )
        with (
            interactive(self.administrator, model="res.users", method="web_save"),
            self.assertRaisesRegex(AccessError, REFUSED),
        ):
            action.with_user(self.administrator).run()

    def test_the_superusers_rights_give_nothing_to_who_manages_access_rights(self):
        values = {"group_ids": [Command.link(self.role.id)]}
        self.refused(self.rights.with_user(self.rights).sudo(), values)
        self.refused(self.role.with_user(self.rights).sudo(), {"user_ids": [Command.link(self.rights.id)]})

    def test_nor_does_to_be_the_superuser_while_a_request_is_answered(self):
        values = {"group_ids": [Command.link(self.role.id)]}
        with patch(REQUEST, SimpleNamespace()):
            self.refused(self.rights, values)

    def test_who_approves_takes_no_further_company_and_no_tiers_group(self):
        chief = self.chief.with_user(self.chief)
        company = {"company_ids": [Command.link(self.other_company.id)]}
        self.refused(chief, company)
        self.refused(chief, {"group_ids": [Command.link(self.board.id)]})
        self.refused(self.board.with_user(self.chief), {"user_ids": [Command.link(self.chief.id)]})
        members = {"user_ids": [Command.link(self.chief.id)]}
        self.refused(self.other_company.with_user(self.chief).sudo(), members)
        self.employee.with_user(self.chief).write(company)  # who decides nothing goes where they are needed
        self.employee.with_user(self.chief).write({"group_ids": [Command.link(self.board.id)]})

    def test_who_manages_access_rights_names_nobody_to_roll_back(self):
        analyst = self.env.ref(ANALYST)
        self.env["lockgate.price.policy"].create(
            {"name": "On call", "kind": "rollback", "effect": "pass", "group_id": self.board.id}
        )
        board = {"group_ids": [Command.link(self.board.id)]}
        for user in (self.rights, self.analyst):
            self.refused(
                user.with_user(self.rights), {"group_ids": [*board["group_ids"], Command.link(analyst.id)]}
            )
        self.refused(self.analyst.with_user(self.rights), board)
        self.refused(self.board.with_user(self.rights), {"user_ids": [Command.link(self.analyst.id)]})
        self.employee.with_user(self.rights).write(board)  # who drafts nothing rolls nothing back
        self.refused(self.employee.with_user(self.rights), {"group_ids": [Command.link(analyst.id)]})
        with interactive(self.administrator, model="res.users", method="web_save"):
            self.analyst.with_user(self.administrator).write(board)

    def test_who_founds_a_company_is_in_it(self):
        with interactive(self.administrator, model="res.company", method="create"):
            company = self.env["res.company"].with_user(self.administrator).create({"name": "Founded"})
        self.assertIn(company, self.administrator.company_ids)

    def test_a_link_sets_no_password_of_who_decides(self):
        users = self.env["res.users"].with_user(self.env.ref("base.public_user")).sudo()
        for user in (self.approver, self.administrator):
            token = user.partner_id._generate_signup_token()
            with self.assertRaisesRegex(AccessError, "set by themselves"), self.env.cr.savepoint():
                users.signup({"password": "taken over"}, token)
        token = self.employee.partner_id._generate_signup_token()
        users.signup({"password": "a new one of mine"}, token)
        self.approver.with_user(self.approver).sudo().write({"password": "a new one of mine"})

    def rule(self, domain, user=None):
        return (
            self.env["ir.rule"]
            .with_user(user or self.rights)
            .create(
                {
                    "name": "Rule",
                    "model_id": self.env["ir.model"]._get("res.partner").id,
                    "domain_force": domain,
                }
            )
        )

    def test_a_rule_of_who_manages_access_rights_reads_and_does_nothing(self):
        for domain in (
            "[('user_id', '=', user.id), ('company_id', 'in', company_ids + [False])]",
            "[('id', '=', user.commercial_partner_id.id)] if user.has_group('base.group_user') else []",
        ):
            with self.subTest(domain):
                self.assertTrue(self.rule(domain))
        grant = f"{{'group_ids': [(4, {self.role.id})]}}"
        for domain in (
            f"[] if user.write({grant}) else []",
            f"[] if list(map(user.write, [{grant}])) else []",
            f"[] if user.with_user(1).write({grant}) else []",
            "[('name', '=', user.env.cr.dbname)]",
            "[('name', '=', user.partner_id.signup_prepare())]",
            "[('name', '=', f'{user.sudo()}')]",
        ):
            with self.subTest(domain), self.assertRaisesRegex(AccessError, "reads fields"):
                self.rule(domain)
        self.assertNotIn(self.rights, self.role.all_user_ids)
        self.assertTrue(self.rule("[('id', '=', user.sudo().id)]", self.administrator))
        with self.assertRaisesRegex(AccessError, "reads fields"):
            self.rule("[('id', '=', user.")

    def test_who_manages_access_rights_writes_no_code_of_a_field(self):
        values = {
            "name": "x_code",
            "model_id": self.env["ir.model"]._get("res.partner").id,
            "ttype": "char",
            "store": False,
            "compute": "for record in self: record['x_code'] = 'x'",
        }
        with self.assertRaisesRegex(AccessError, "the code that computes"):
            self.env["ir.model.fields"].with_user(self.rights).create(values)


class TestPerson(PriceCase):
    """A decision is by the call that names it, in hands of a person, and by nothing that runs beside it."""

    def test_the_approval_of_one_approves_no_other(self):
        one, other = self.requested(), self.requested({self.second: 21})
        with interactive(self.approver, ids=one.ids):
            with self.assertRaisesRegex(AccessError, "decided on by a person"):
                other.with_user(self.approver).action_approve()
            with self.assertRaisesRegex(AccessError, "decided on by a person"):
                (one | other).with_user(self.approver).action_approve()
            one.with_user(self.approver).action_approve()
        self.assertEqual((one.state, other.state), ("approved", "to_approve"))

    def test_what_core_goes_on_with_after_an_identity_check_names_it_too(self):
        one, other = self.requested(), self.requested({self.second: 21})
        check = self.env["res.users.identitycheck"].sudo()
        check = check.create(
            {"request": f'[{{}}, "lockgate.price.change", [{one.id}], "_approve_confirmed", [], {{}}]'}
        )
        call = {"model": "res.users.identitycheck", "method": "run_check", "ids": check.ids}
        with interactive(self.approver, **call):
            with self.assertRaisesRegex(AccessError, "decided on by a person"):
                other.with_user(self.approver).action_approve()
            one.with_user(self.approver).action_approve()
        self.assertEqual(one.state, "approved")

    def test_a_server_action_in_an_approvers_session_decides_nothing(self):
        change = self.requested()
        action = self.env["ir.actions.server"].create(
            {
                "name": "Approve",
                "model_id": self.env["ir.model"]._get("lockgate.price.change").id,
                "state": "code",
                "code": f"env['lockgate.price.change'].browse({change.id}).action_approve()",
                "group_ids": [Command.set(self.env.ref("base.group_user").ids)],
            }
        )
        with (
            interactive(self.approver, ids=change.ids),
            self.assertRaisesRegex(AccessError, "decided on by a person"),
        ):
            action.with_user(self.approver).run()
        change.with_user(self.approver).action_approve()  # and their own hands still do

    def test_nothing_is_decided_without_a_person(self):
        change = self.requested()
        held = change.with_user(self.approver)
        with interactive(self.analyst):  # somebody else's session
            for decide in (
                lambda: held.action_reject("x"),
                lambda: held.action_send_back("x"),
                lambda: held.line_ids.action_reject("x"),
            ):
                with self.assertRaisesRegex(AccessError, "decided on by a person"), self.env.cr.savepoint():
                    decide()
        approved = self.approved({self.second: 9}, effective_from="2099-01-01 00:00:00")
        with (
            interactive(self.analyst),
            self.assertRaisesRegex(AccessError, "decided on by a person"),
            self.env.cr.savepoint(),
        ):
            approved.with_user(self.approver).action_cancel()
        self.assertEqual((change.state, approved.state), ("to_approve", "approved"))

    def test_a_dialog_is_filled_in_by_who_opened_it_and_by_no_action(self):
        change = self.requested()
        values = {"change_ids": [Command.set(change.ids)], "decision": "rejected", "reason": "x"}
        dialogs = self.env["lockgate.price.decision"]
        dialog = dialogs.with_user(self.approver).create(values)
        other = new_test_user(self.env, "other_test", APPROVER)
        for attempt in (
            lambda: dialog.with_user(other).write({"decision": "sent_back"}),
            lambda: dialog.with_user(other).action_confirm(),
            lambda: dialog.with_user(other).unlink(),
        ):
            with self.assertRaisesRegex(AccessError, "only who opened it"):
                attempt()
        action = self.env["ir.actions.server"].create(
            {
                "name": "Fill in",
                "model_id": self.env["ir.model"]._get("res.users").id,
                "state": "code",
                "code": f"env['lockgate.price.decision'].browse({dialog.id}).sudo().write({{'reason': 'y'}})",
            }
        )
        with self.assertRaisesRegex(AccessError, "by a person alone"):
            action.run()
        call = {"model": "lockgate.price.decision", "method": "action_confirm", "ids": dialog.ids}
        with interactive(self.approver, **call):
            dialog.action_confirm()
        self.assertEqual(change.state, "rejected")
