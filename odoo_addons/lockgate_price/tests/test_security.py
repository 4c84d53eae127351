from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from .common import PriceCase

FORGED = {
    "state": "approved",
    "kind": "baseline",
    "revision": 99,
    "request_hash": "0" * 64,
    "requester_id": 2,
    "editor_ids": [Command.clear()],
    "name": "PC/1999/0001",
    "approved_at": "2020-01-01 00:00:00",
    "impact_ids": [Command.clear()],
    "approval_ids": [Command.create({})],
    "seal_ids": [Command.clear()],
}


class TestSecurity(PriceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = cls.env.ref("base.user_admin")
        cls.employee = new_test_user(cls.env, "employee_test", "base.group_user")
        cls.reader = new_test_user(cls.env, "reader_test", "lockgate.lockgate_group_user")
        cls.operator = new_test_user(cls.env, "operator_test", "lockgate.lockgate_group_operator")

    def test_nobody_writes_what_decisions_set(self):
        change = self.draft()
        for user in (self.analyst, self.approver, self.administrator, self.employee, self.env.user):
            for name, value in FORGED.items():
                with self.subTest(user=user.login, field=name), self.assertRaises(UserError):
                    change.with_user(user).write({name: value})
                with self.subTest(user=user.login, field=name), self.assertRaises(UserError):
                    change.with_user(user).create(self.values(**{name: value}))
                with self.subTest(user=user.login, field=name), self.assertRaises(UserError):
                    change.with_user(user).copy({name: value})
        self.env.invalidate_all()
        self.assertEqual(change.state, "draft")

    def test_sudo_opens_nothing(self):
        with self.assertRaisesRegex(UserError, "state"):
            self.draft().sudo().write({"state": "approved"})

    def test_no_default_of_the_context_or_of_a_user_makes_an_approved_change(self):
        for name, value in (("state", "approved"), ("kind", "baseline"), ("request_hash", "0")):
            self.env["ir.default"].set("lockgate.price.change", name, value, user_id=self.analyst.id)
        context = {f"default_{name}": value for name, value in FORGED.items() if not name.endswith("_ids")}
        change = self.env["lockgate.price.change"].with_user(self.analyst).with_context(**context)
        change = change.create(self.values())
        self.assertEqual((change.state, change.kind, change.requester_id), ("draft", "regular", self.analyst))
        self.assertFalse(change.request_hash or change.approved_at)
        self.assertNotEqual(change.name, FORGED["name"])

    def test_no_default_of_the_context_fills_what_buttons_alone_set(self):
        """A draft that says it is reviewed would be an emergency that nobody reviews."""
        forged = {
            "reviewed_at": "2020-01-01 00:00:00",
            "review_due_at": "2020-01-01 00:00:00",
            "requested_from": "2020-01-01 00:00:00",
            "due_at": "2020-01-01 00:00:00",
            "request_revision": 99,
            "rollback_of_id": self.approved().id,
            "approver_ids": [Command.set(self.analyst.ids)],
        }
        context = {f"default_{name}": value for name, value in forged.items()}
        change = self.env["lockgate.price.change"].with_user(self.analyst).with_context(**context)
        change = change.create(self.values({self.second: 21}))
        for name in forged:
            self.assertFalse(change[name], name)

    def test_no_context_key_opens_an_edit_or_a_decision(self):
        change = self.requested()
        keys = {
            "install_mode": True, "import_file": True, "tracking_disable": True, "mail_notrack": True,
            "force_write": True, "skip_validation_check": True, "bypass": True, "active_test": False,
            "lockgate_seen_revision": change.revision, "module": "lockgate_price", "uid": 1,
        }  # fmt: skip
        open_change = change.with_context(**keys)
        with self.assertRaises(UserError):
            open_change.write({"state": "approved"})
        with self.assertRaises(UserError):
            open_change.line_ids.price = 1
        with self.assertRaises(AccessError):
            open_change.action_approve()

    def test_an_import_makes_drafts_only(self):
        changes = self.env["lockgate.price.change"].with_user(self.analyst)
        refused = changes.load(["reason", "state"], [["Import", "approved"]])
        self.assertFalse(refused["ids"])
        taken = changes.load(
            ["reason", "book_ids/.id", "line_ids/product_id/.id", "line_ids/price"],
            [["Import", str(self.book.id), str(self.product.id), "12.5"]],
        )
        self.assertEqual(changes.browse(taken["ids"]).state, "draft")

    def test_lines_take_a_product_and_a_price_and_nothing_else(self):
        change, other = self.draft(), self.draft()
        rule = self.env["product.pricelist.item"].create(
            {"pricelist_id": self.pricelist.id, "product_id": self.second.id, "fixed_price": 1}
        )
        for values in ({"change_id": other.id}, {"rule_ids": [Command.link(rule.id)]}, {"company_id": 1}):
            with self.subTest(values=values), self.assertRaises(UserError):
                change.line_ids.write(values)
        values = {"change_id": change.id, "product_id": self.second.id, "price": 3}
        with self.assertRaises(UserError):
            change.line_ids.create(values | {"rule_ids": [Command.link(rule.id)]})
        line = change.line_ids.with_context(default_rule_ids=[Command.link(rule.id)]).create(values)
        self.assertFalse(line.rule_ids)

    def test_only_those_who_may_decide(self):
        change = self.requested()
        others = (
            self.employee,
            self.reader,
            self.operator,
            self.administrator,
            self.env.ref("base.user_root"),
        )
        for user in (*others, self.analyst):
            as_user = change.with_user(user)
            for attempt in (
                as_user.action_approve,
                lambda as_user=as_user: as_user.action_reject("x"),
                lambda as_user=as_user: as_user.action_send_back("x"),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    attempt()
        for user in (*others, self.approver):
            for attempt in (
                change.with_user(user).action_cancel,
                change.with_user(user).action_back_to_draft,
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    attempt()
        self.assertEqual(change.state, "to_approve")

    def test_a_sudo_of_a_user_without_the_group_approves_nothing(self):
        with self.assertRaises(AccessError):
            self.requested().with_user(self.employee).sudo().action_approve()

    def test_only_analysts_draft(self):
        for user in (self.employee, self.reader, self.operator, self.approver, self.administrator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["lockgate.price.change"].with_user(user).create(self.values())

    def test_an_approver_edits_nothing_and_may_comment(self):
        change = self.requested().with_user(self.approver)
        with self.assertRaises(AccessError):
            change.reason = "Mine"
        with self.assertRaises(AccessError):
            change.line_ids.price = 1
        self.assertTrue(change.message_post(body="Why?"))

    def test_readers_see_prices_and_no_costs(self):
        line = {"product_id": self.product.id, "base": "cost", "percent": 50}
        impact = self.draft({}, line_ids=[Command.create(line)]).impact_ids
        self.assertEqual((impact.sudo().base_amount, impact.new_price), (4, 6))
        impact = impact.with_user(self.reader)
        self.assertEqual(impact.new_price, 6)
        for name in ("cost", "margin", "margin_percent", "base_amount"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                impact.read([name])
            with self.subTest(field=name), self.assertRaises(AccessError):
                impact.search([(name, ">", 0)])

    def test_an_employee_sees_nothing_of_it(self):
        change = self.approved()
        for records in (
            change,
            change.line_ids,
            change.impact_ids,
            change.seal_ids,
            change.approval_ids,
            self.book,
        ):
            with self.subTest(model=records._name), self.assertRaises(AccessError):
                records.with_user(self.employee).read(["id", "company_id"])

    def test_another_companys_changes_are_out_of_reach(self):
        company = self.env["res.company"].create({"name": "Other"})
        change = self.approved().sudo()
        for user in (self.analyst, self.approver):
            user.write({"company_ids": [Command.set(company.ids)], "company_id": company.id})
        for records in (change, change.line_ids, change.impact_ids, change.seal_ids, change.approval_ids):
            with self.subTest(model=records._name):
                self.assertFalse(records.with_user(self.analyst).search([("id", "in", records.ids)]))
                with self.assertRaises(AccessError):
                    records.with_user(self.analyst).read(["company_id"])
        for attempt in (
            change.with_user(self.approver).action_approve,
            change.with_user(self.approver).action_cancel,
            change.with_user(self.analyst).action_back_to_draft,
        ):
            with self.assertRaises(AccessError):
                attempt()
        values = {"change_id": change.id, "product_id": self.second.id, "price": 3}
        with self.assertRaises(AccessError):
            self.env["lockgate.price.change.line"].with_user(self.analyst).create(values)

    def test_a_book_of_another_company_is_refused(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.analyst.company_ids += company
        with self.assertRaises(UserError):
            self.draft(company_id=company.id)

    def test_only_a_manager_sets_up_books(self):
        for user in (self.analyst, self.approver, self.reader, self.operator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.book.with_user(user).reference = "x"
        self.book.with_user(self.administrator).reference = "x"

    def test_a_manager_of_access_rights_translates_no_name(self):
        rights = new_test_user(self.env, "rights_test", "base.group_user,base.group_erp_manager")
        model = self.env["ir.model"]._get("lockgate.price.book")
        access = {f"perm_{right}": True for right in ("read", "write", "create", "unlink")}
        group = self.env.ref("base.group_erp_manager")
        self.env["ir.model.access"].create(
            {"name": "all", "model_id": model.id, "group_id": group.id, **access}
        )
        book = self.book.with_user(rights)
        book.check_access("write")  # which they have given themselves
        with self.assertRaises(AccessError):
            book.update_field_translations("name", {"en_US": "Forged"})
        self.assertNotEqual(self.book.name, "Forged")
