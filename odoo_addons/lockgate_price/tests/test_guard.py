from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from ..models.price_guard import GovernedPriceError
from .common import ANALYST, PriceCase

EDITOR = "product.group_product_manager"
KEYS = {
    "install_mode": True,
    "lockgate_price_passing": True,
    "passing": True,
    "import_file": True,
    "tracking_disable": True,
    "uom": 1,
    "create_product_product": False,
    "skip_uom_conversion": True,
}


class GuardCase(PriceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = new_test_user(cls.env, "editor_test", f"base.group_user,{EDITOR}")
        cls.colour = cls.env["product.attribute"].create(
            {"name": "Colour", "value_ids": [Command.create({"name": name}) for name in ("Red", "Blue")]}
        )
        cls.rule = cls.env["product.pricelist.item"].create(
            {
                "pricelist_id": cls.pricelist.id,
                "applied_on": "0_product_variant",
                "product_id": cls.third.id,
                "compute_price": "fixed",
                "fixed_price": 33,
            }
        )

    def mode(self, mode):
        self.env.company.lockgate_price_edits = mode

    def as_editor(self, records, **context):
        return records.with_user(self.editor).with_context(**context)

    def captured(self):
        self.env.cr.precommit.run()
        self.env.flush_all()
        return self.env["lockgate.price.change"].search([("kind", "=", "captured")])

    def prices(self, change):
        return {line.product_id: line.price for line in change.line_ids}

    def coloured(self, listed=True):
        template = self.env["product.template"].create(
            {
                "name": "Flag",
                "list_price": 5,
                "attribute_line_ids": [
                    Command.create(
                        {
                            "attribute_id": self.colour.id,
                            "value_ids": [Command.set(self.colour.value_ids.ids)],
                        }
                    )
                ],
            }
        )
        if listed:
            self.env["lockgate.listing"].create(
                {
                    "channel_id": self.channel.id,
                    "product_id": template.product_variant_ids[0].id,
                    "sku": "FLAG",
                }
            )
        return template


class TestStrict(GuardCase):
    """What people edit directly is refused, whichever way they come."""

    def setUp(self):
        super().setUp()
        self.baseline()
        self.mode("strict")

    def assert_refused(self, attempt):
        with self.assertRaisesRegex(UserError, "not edited directly"), self.env.cr.savepoint():
            attempt()
            self.env.flush_all()
        self.env.invalidate_all()

    def test_every_way_to_a_list_price_is_refused(self):
        product = self.product
        attempts = {
            "template": lambda: self.as_editor(product.product_tmpl_id).write({"list_price": 1}),
            "variant": lambda: self.as_editor(product).write({"list_price": 1}),
            "inverse of the variant": lambda: self.as_editor(product).write({"lst_price": 1}),
            "inverse with a unit": lambda: self.as_editor(product, uom=product.uom_id.id).write(
                {"lst_price": 1}
            ),
            "web_save": lambda: self.as_editor(product.product_tmpl_id).web_save({"list_price": 1}, {}),
            "sudo": lambda: self.as_editor(product.product_tmpl_id).sudo().write({"list_price": 1}),
            "context": lambda: self.as_editor(product.product_tmpl_id, **KEYS).write({"list_price": 1}),
            "another template's variants": lambda: self.as_editor(product.product_tmpl_id).write(
                {"product_variant_ids": [Command.update(product.id, {"lst_price": 1})]}
            ),
            "a variant made of it": lambda: self.as_editor(self.env["product.product"]).create(
                {"product_tmpl_id": product.product_tmpl_id.id, "list_price": 1}
            ),
            "administrator": lambda: product.with_user(self.env.ref("base.user_admin")).write(
                {"list_price": 1}
            ),
        }
        for name, attempt in attempts.items():
            with self.subTest(name):
                self.assert_refused(attempt)
                self.assertEqual(product.list_price, 10)

    def test_an_import_of_list_prices_is_refused_in_words(self):
        templates = self.as_editor(self.env["product.template"])
        result = templates.load([".id", "list_price"], [[str(self.product.product_tmpl_id.id), "1"]])
        self.assertFalse(result["ids"])
        self.assertIn("not edited directly", result["messages"][0]["message"])
        self.env.invalidate_all()
        self.assertEqual(self.product.list_price, 10)

    def test_extra_prices_are_refused(self):
        template = self.coloured()
        value = template.attribute_line_ids.product_template_value_ids[0]
        self.assert_refused(lambda: self.as_editor(value).write({"price_extra": 3}))
        self.assert_refused(
            lambda: self.as_editor(template).write(
                {
                    "attribute_line_ids": [
                        Command.update(
                            template.attribute_line_ids.id,
                            {"product_template_value_ids": [Command.update(value.id, {"price_extra": 3})]},
                        )
                    ]
                }
            )
        )

    def test_a_value_that_brings_an_extra_price_to_a_listed_variant_is_refused(self):
        # Another context than that of the product's creation, which keeps its variants as they are.
        template = self.env["product.template"].browse(self.product.product_tmpl_id.id)
        self.colour.value_ids[0].default_extra_price = -9
        line = {"attribute_id": self.colour.id, "value_ids": [Command.set(self.colour.value_ids[:1].ids)]}
        self.assert_refused(
            lambda: self.as_editor(template).write({"attribute_line_ids": [Command.create(line)]})
        )
        self.assertEqual(self.product.price_extra, 0)

    def test_every_way_to_a_rule_is_refused(self):
        values = {"pricelist_id": self.pricelist.id, "compute_price": "percentage", "percent_price": 50}
        elsewhere = self.env["product.pricelist"].create({"name": "Elsewhere"})
        free = self.env["product.pricelist.item"].create({**values, "pricelist_id": elsewhere.id})
        rules = self.as_editor(self.env["product.pricelist.item"])
        rule = self.as_editor(self.rule)
        attempts = {
            "create": lambda: rules.create(values),
            "default of the context": lambda: rules.with_context(
                default_pricelist_id=self.pricelist.id
            ).create({"compute_price": "percentage", "percent_price": 50}),
            "write": lambda: rule.write({"fixed_price": 1}),
            "dates": lambda: rule.write({"date_end": "2020-01-01"}),
            "move out": lambda: rule.write({"pricelist_id": elsewhere.id}),
            "move in": lambda: self.as_editor(free).write({"pricelist_id": self.pricelist.id}),
            "unlink": rule.unlink,
            "copy": rule.copy,
            "web_save": lambda: rule.web_save({"fixed_price": 1}, {}),
            "through the pricelist": lambda: self.as_editor(self.pricelist).write(
                {"item_ids": [Command.update(self.rule.id, {"fixed_price": 1})]}
            ),
            "new through the pricelist": lambda: self.as_editor(self.pricelist).write(
                {"item_ids": [Command.create({"fixed_price": 1, "compute_price": "fixed"})]}
            ),
            "all taken off the pricelist": lambda: self.as_editor(self.pricelist).write(
                {"item_ids": [Command.clear()]}
            ),
            "through the product": lambda: self.as_editor(self.product.product_tmpl_id).write(
                {
                    "pricelist_rule_ids": [
                        Command.create({**values, "product_tmpl_id": self.product.product_tmpl_id.id})
                    ]
                }
            ),
            "sudo": lambda: rule.sudo().write({"fixed_price": 1}),
            "context": lambda: rule.with_context(**KEYS).write({"fixed_price": 1}),
            "currency": lambda: self.as_editor(self.pricelist).write(
                {"currency_id": self.env.ref("base.JPY").id}
            ),
        }
        for name, attempt in attempts.items():
            with self.subTest(name):
                self.assert_refused(attempt)
                self.assertEqual(self.rule.fixed_price, 33)
                self.assertEqual(self.pricelist.item_ids, self.rule)

    def test_an_import_of_rules_is_refused(self):
        result = self.as_editor(self.env["product.pricelist.item"]).load(
            ["pricelist_id/.id", "compute_price", "fixed_price"],
            [[str(self.pricelist.id), "Fixed Price", "1"]],
        )
        self.assertFalse(result["ids"])
        self.assertIn("not edited directly", result["messages"][0]["message"])

    def test_a_pricelist_under_a_governed_one_is_governed(self):
        under = self.env["product.pricelist"].create({"name": "Under"})
        rule = self.env["product.pricelist.item"].create(
            {"pricelist_id": under.id, "compute_price": "fixed", "fixed_price": 7}
        )
        self.as_editor(rule).write({"fixed_price": 8})
        self.env["product.pricelist.item"].create(
            {
                "pricelist_id": self.pricelist.id,
                "compute_price": "formula",
                "base": "pricelist",
                "base_pricelist_id": under.id,
            }
        )
        self.assert_refused(lambda: self.as_editor(rule).write({"fixed_price": 9}))
        self.assert_refused(lambda: self.as_editor(under).unlink())

    def test_what_no_book_stands_on_is_free(self):
        free = self.env["product.template"].create({"name": "Oar", "list_price": 3})
        self.as_editor(free).write({"list_price": 4})
        copy = self.as_editor(self.pricelist).copy()
        self.as_editor(copy.item_ids).write({"fixed_price": 1})
        self.as_editor(self.coloured(listed=False).attribute_line_ids.product_template_value_ids[0]).write(
            {"price_extra": 1}
        )
        self.assertEqual((free.list_price, copy.item_ids.fixed_price), (4, 1))

    def test_an_archived_book_governs_nothing(self):
        self.book.active = False
        self.as_editor(self.product).write({"list_price": 11})
        self.as_editor(self.rule).write({"fixed_price": 1})

    def test_a_price_that_stays_what_it_is_is_no_edit(self):
        self.as_editor(self.product).write({"list_price": 10, "name": "Boat, painted"})

    def test_only_lockgates_administrators_say_what_happens_to_edits(self):
        settings = new_test_user(self.env, "settings_test", "base.group_system")
        with self.assertRaises(AccessError):
            self.env.company.with_user(settings).lockgate_price_edits = "capture"
        keeper = new_test_user(
            self.env, "keeper_guard", "base.group_erp_manager,lockgate.lockgate_group_manager"
        )
        self.env.company.with_user(keeper).lockgate_price_edits = "capture"
        self.assertEqual(self.env.company.lockgate_price_edits, "capture")

    def test_a_price_typed_as_text_is_a_price(self):
        self.assert_refused(lambda: self.as_editor(self.product).write({"list_price": "12.5"}))
        self.as_editor(self.product).write({"list_price": "10"})

    def test_cost_is_never_refused(self):
        self.as_editor(self.product).write({"standard_price": 99})

    def test_what_the_system_itself_writes_is_left_to_the_sweep(self):
        self.product.list_price = 11
        self.assertFalse(self.captured())

    def test_an_approved_change_passes_and_can_be_revoked(self):
        change = self.approved({self.product: 12})
        self.assertEqual(change.line_ids.rule_ids.fixed_price, 12)
        later = self.approved({self.product: 13}, effective_from=fields.Datetime.now() + timedelta(days=1))
        later.with_user(self.approver).action_cancel()
        self.assertFalse(later.line_ids.rule_ids)

    def test_the_door_is_shut_again_after_an_approval(self):
        self.approved({self.product: 12})
        self.assert_refused(lambda: self.rule.with_user(self.approver).sudo().write({"fixed_price": 1}))

    def test_an_analyst_is_offered_a_draft_with_what_was_meant(self):
        self.analyst.group_ids += self.env.ref(EDITOR)
        with self.assertRaises(GovernedPriceError) as refused:
            self.product.with_user(self.analyst).write({"list_price": 14})
        context = refused.exception.context
        self.assertIn("Draft a price change", str(refused.exception))
        changes = self.env["lockgate.price.change"].with_user(self.analyst)
        with Form(changes.with_context(**context["values"])) as form:
            form.reason = "As meant"
        self.assertEqual(self.prices(form.record), {self.product: 14})
        self.assertEqual(form.record.book_ids, self.book)
        self.assertTrue(self.env["ir.actions.act_window"].browse(context["action"]).exists())

    def test_somebody_else_is_told_whom_to_ask(self):
        with self.assertRaisesRegex(UserError, "Ask a pricing analyst") as refused:
            self.as_editor(self.product).write({"list_price": 14})
        self.assertNotIsInstance(refused.exception, GovernedPriceError)
        self.assertFalse(self.editor.has_group(ANALYST))


class TestCapture(GuardCase):
    """What people edit directly stands in Odoo, becomes a draft, and reaches no channel."""

    def setUp(self):
        super().setUp()
        self.baseline()
        self.mode("capture")

    def test_a_list_price_becomes_a_draft_and_the_seal_stays(self):
        self.as_editor(self.product).write({"list_price": 15})
        change = self.captured()
        self.assertEqual(self.prices(change), {self.product: 15})
        self.assertEqual(
            (change.state, change.requester_id, change.book_ids), ("draft", self.editor, self.book)
        )
        self.assertEqual(self.product.list_price, 15)
        seal = self.seals.search([("listing_id", "=", self.listing.id), ("in_force", "=", True)])
        self.assertEqual(seal.amount, 10)

    def test_many_edits_are_one_draft_a_user_and_a_book(self):
        for number, product in enumerate((self.product, self.second)):
            self.as_editor(product).write({"list_price": 50 + number})
            self.env.cr.precommit.run()
        self.as_editor(self.rule).write({"fixed_price": 35})
        self.assertEqual(self.prices(self.captured()), {self.product: 50, self.second: 51, self.third: 35})
        other = new_test_user(self.env, "editor_two", f"base.group_user,{EDITOR}")
        self.product.with_user(other).write({"list_price": 60})
        self.assertEqual(len(self.captured()), 2)

    def test_a_second_edit_moves_the_line_and_an_undo_takes_it_away(self):
        self.as_editor(self.product).write({"list_price": 15})
        self.assertEqual(self.prices(self.captured()), {self.product: 15})
        self.as_editor(self.product).write({"list_price": 16})
        self.assertEqual(self.prices(self.captured()), {self.product: 16})
        self.as_editor(self.product).write({"list_price": 10})
        self.assertFalse(self.captured())

    def test_a_rule_for_all_is_captured_for_what_it_reaches(self):
        self.as_editor(self.env["product.pricelist.item"]).create(
            {"pricelist_id": self.pricelist.id, "compute_price": "percentage", "percent_price": 10}
        )
        self.assertEqual(self.prices(self.captured()), {self.product: 9, self.second: 18})

    def test_a_rule_taken_away_is_captured(self):
        self.as_editor(self.rule).unlink()
        self.assertEqual(self.prices(self.captured()), {self.third: 30})

    def test_an_edit_that_reaches_no_sealed_price_leaves_nothing(self):
        self.as_editor(self.third).write({"list_price": 99})  # its own rule decides
        self.assertFalse(self.captured())

    def test_a_price_of_nothing_stops_nobody_and_is_named(self):
        self.as_editor(self.product + self.second).write({"list_price": 0})
        self.assertFalse(self.captured())
        self.as_editor(self.rule).write({"fixed_price": 35})
        self.as_editor(self.product).write({"list_price": -1})
        change = self.captured()
        self.assertEqual(self.prices(change), {self.third: 35})
        self.assertIn("Boat 1", change.message_ids[0].body)
        self.assertNotIn("Boat 3", change.message_ids[0].body)

    def test_who_edited_cannot_approve_it_and_an_approver_can(self):
        self.editor.group_ids += self.env.ref(ANALYST) + self.env.ref(
            "lockgate_price.lockgate_price_group_approver"
        )
        self.as_editor(self.product).write({"list_price": 15})
        change = self.captured()
        change.with_user(self.analyst).action_request()
        with self.assertRaisesRegex(UserError, "somebody else"), self.env.cr.savepoint():
            change.with_user(self.editor).action_approve()
        change.with_user(self.approver).action_approve()
        self.assertEqual(change.seal_ids.amount, 15)
        self.assertFalse(change.line_ids.rule_ids)  # Odoo gives that price already

    def test_what_an_edit_of_one_company_reaches_in_a_strict_one_is_refused(self):
        other = self.env["res.company"].create({"name": "Strict", "lockgate_price_edits": "strict"})
        shop = self.env["lockgate.channel"].create(
            {
                "name": "Strict Shop",
                "code": "strict_shop",
                "connector_id": self.connector.id,
                "company_id": other.id,
            }
        )
        self.env["lockgate.listing"].create({"channel_id": shop.id, "product_id": self.product.id})
        theirs = self.env["product.pricelist"].create({"name": "Theirs", "company_id": other.id})
        self.book.create({"name": "Theirs", "channel_id": shop.id, "pricelist_id": theirs.id})
        with self.assertRaisesRegex(UserError, "Strict Shop"):
            self.as_editor(self.product).write({"list_price": 15})
