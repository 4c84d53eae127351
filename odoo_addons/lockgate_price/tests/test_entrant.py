from odoo.exceptions import UserError
from odoo.tests import new_test_user

from .test_guard import GuardCase


class TestEntrant(GuardCase):
    """What is moved into a category whose rule prices it gets a draft; channels keep their prices."""

    def setUp(self):
        super().setUp()
        self.above, self.club = self.env["product.category"].create([{"name": "All boats"}, {"name": "Club"}])
        self.env["product.pricelist.item"].create(
            {
                "pricelist_id": self.pricelist.id,
                "applied_on": "2_product_category",
                "categ_id": self.above.id,
                "compute_price": "fixed",
                "fixed_price": 8,
            }
        )
        self.baseline()

    def sealed(self, product):
        return self.seals.search([("product_id", "=", product.id), ("in_force", "=", True)]).amount

    def test_a_product_moved_into_a_governed_category_gets_a_draft_in_either_mode(self):
        for mode, product in (("strict", self.product), ("capture", self.second)):
            self.mode(mode)
            before = self.sealed(product)
            self.as_editor(product).categ_id = self.above
            change = self.captured()
            self.assertEqual(self.prices(change)[product], 8)
            self.assertEqual((change.state, change.requester_id), ("draft", self.editor))
            self.assertEqual(self.sealed(product), before)

    def test_a_category_moved_under_a_governed_one_brings_its_products(self):
        self.product.categ_id = self.club
        self.assertFalse(self.captured())
        self.as_editor(self.club).parent_id = self.above
        self.assertEqual(self.prices(self.captured()), {self.product: 8})

    def test_what_is_moved_back_leaves_no_draft(self):
        where = self.product.categ_id
        self.as_editor(self.product).categ_id = self.above
        self.assertTrue(self.captured())
        self.as_editor(self.product).categ_id = where
        self.assertFalse(self.captured())

    def test_a_move_that_changes_no_price_or_a_product_without_one_leaves_nothing(self):
        self.as_editor(self.product).categ_id = self.club
        self.as_editor(self.third).categ_id = self.above  # its own rule decides
        unlisted = self.env["product.product"].create({"name": "Oar", "list_price": 3})
        self.as_editor(unlisted).categ_id = self.above
        self.assertFalse(self.captured())

    def test_what_a_module_moves_is_drafted_by_the_system(self):
        self.product.categ_id = self.above
        self.assertEqual(self.captured().requester_id, self.env.ref("base.user_root"))

    def test_an_import_that_moves_products_is_drafted_too(self):
        result = self.as_editor(self.env["product.template"]).load(
            [".id", "categ_id/.id"],
            [[str(product.product_tmpl_id.id), str(self.above.id)] for product in self.products],
        )
        self.assertFalse([message for message in result["messages"] if message["type"] == "error"])
        self.assertEqual(self.prices(self.captured()), {self.product: 8, self.second: 8})

    def test_who_moved_it_does_not_approve_its_price(self):
        groups = "base.group_user,product.group_product_manager,lockgate_price.lockgate_price_group_approver"
        mover = new_test_user(self.env, "mover_test", groups)
        self.product.with_user(mover).categ_id = self.above
        change = self.captured()
        change.with_user(self.analyst).action_request()
        with self.assertRaisesRegex(UserError, "somebody else"), self.env.cr.savepoint():
            change.with_user(mover).action_approve()
        change.with_user(self.approver).action_approve()
        self.assertEqual(self.sealed(self.product), 8)
