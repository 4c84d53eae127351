from odoo.fields import Command

from .common import PriceCase


class TestDriftBreaks(PriceCase):
    """Quantity breaks are compared, adopted and put back as prices are."""

    def approve(self, breaks, price=10.0):
        line = Command.create({"product_id": self.product.id, "price": price, "breaks": breaks})
        change = self.draft({}, line_ids=[line])
        change.action_request()
        change.with_user(self.approver).action_approve()
        return change

    def sweep(self):
        while self.book._sweep():
            pass
        return self.env["lockgate.price.drift"].search([("book_id", "=", self.book.id)])

    def found(self):
        return [(drift.product_id, drift.quantity, drift.sealed, drift.live) for drift in self.sweep()]

    def rule(self, price, **values):
        return self.env["product.pricelist.item"].create(
            {"pricelist_id": self.pricelist.id, "compute_price": "fixed", "fixed_price": price, **values}
        )

    def rules(self):
        own = self.pricelist.item_ids.filtered(lambda rule: rule.product_id == self.product)
        return sorted((rule.min_quantity, rule.fixed_price) for rule in own)

    def test_breaks_that_agree_are_not_found(self):
        self.baseline()
        self.approve("10: 9; 100: 8")
        self.listing.invalidate_recordset()
        self.assertFalse(self.sweep())

    def test_a_break_changed_by_sql_is_found_at_its_quantity(self):
        self.baseline()
        change = self.approve("10: 9; 100: 8")
        rule = change.line_ids.rule_ids.filtered(lambda rule: rule.min_quantity == 100)
        self.execute("UPDATE product_pricelist_item SET fixed_price = 1 WHERE id = %s", [rule.id])
        self.assertEqual(self.found(), [(self.product, 100, 8, 1)])
        self.execute("UPDATE product_pricelist_item SET fixed_price = 8 WHERE id = %s", [rule.id])
        self.assertFalse(self.found())

    def test_a_break_that_is_gone_is_found(self):
        self.baseline()
        change = self.approve("10: 9")
        change.sudo().line_ids.rule_ids.filtered("min_quantity").unlink()
        self.assertEqual(self.found(), [(self.product, 10, 9, 10)])

    def test_a_break_that_nobody_approved_is_found_wherever_its_rule_stands(self):
        self.baseline()
        template, category = self.product.product_tmpl_id, self.product.categ_id.create({"name": "Boats"})
        self.product.categ_id = category
        other = self.pricelist.copy()
        under = {"base": "pricelist", "base_pricelist_id": other.id, "compute_price": "formula"}
        for values in (
            {"applied_on": "0_product_variant", "product_id": self.product.id},
            {"applied_on": "1_product", "product_tmpl_id": template.id},
            {"applied_on": "2_product_category", "categ_id": category.id},
            {"applied_on": "3_global", "pricelist_id": other.id},
        ):
            rules = self.rule(1, min_quantity=5, **values)
            if rules.pricelist_id == other:
                own = {"applied_on": "1_product", "product_tmpl_id": template.id}
                rules |= self.rule(0, **own, **under)
            with self.subTest(values=values):
                self.assertEqual(self.found(), [(self.product, 5, 10, 1)])
            rules.unlink()

    def test_a_break_of_the_products_unit_is_compared_in_whole_units_of_the_listing(self):
        self.listing.uom_id = self.env.ref("uom.product_uom_dozen")
        self.baseline()
        self.approve("24: 9")
        self.assertFalse(self.found())
        self.rule(1, min_quantity=30, applied_on="0_product_variant", product_id=self.product.id)
        self.assertEqual(self.found(), [(self.product, 3, 108, 12)])

    def test_breaks_are_put_back_with_the_price(self):
        self.baseline()
        change = self.approve("10: 9; 100: 8")
        approved = self.rules()
        self.assertEqual(approved, [(0, 10), (10, 9), (100, 8)])
        rules = {rule.min_quantity: rule for rule in change.line_ids.rule_ids}
        self.execute(
            "UPDATE product_pricelist_item SET fixed_price = 1 WHERE id = ANY(%s)",
            [[rules[0].id, rules[10].id]],
        )
        rules[100].sudo().unlink()
        self.sweep().with_user(self.analyst).action_put_back()
        self.assertEqual(self.rules(), approved)
        self.assertEqual(len(change.line_ids.rule_ids), 3)
        self.assertFalse(self.found())

    def test_a_rule_whose_quantity_was_changed_is_put_back(self):
        self.baseline()
        change = self.approve("10: 9")
        rule = change.line_ids.rule_ids.filtered("min_quantity")
        self.execute("UPDATE product_pricelist_item SET min_quantity = 2 WHERE id = %s", [rule.id])
        self.assertEqual(self.found(), [(self.product, 2, 10, 9)])
        self.sweep().with_user(self.analyst).action_put_back()
        prices = self.book._clean()._prices_from({self.product.id: [1, 2, 9, 10]})
        self.assertEqual(prices[self.product.id], {1: 10, 2: 10, 9: 10, 10: 9})

    def test_the_baseline_seals_the_breaks_that_odoo_gives(self):
        self.rule(9, min_quantity=10, applied_on="0_product_variant", product_id=self.product.id)
        self.rule(9, min_quantity=20, applied_on="0_product_variant", product_id=self.product.id)  # the same
        change = self.baseline()
        self.assertEqual(set(change.line_ids.mapped("breaks")), {"10: 9", False})
        self.assertFalse(self.found())

    def test_a_break_adopted_is_a_draft_with_it(self):
        self.baseline()
        self.rule(9, min_quantity=10, applied_on="0_product_variant", product_id=self.product.id)
        drift = self.sweep().with_user(self.analyst)
        change = self.env["lockgate.price.change"].search(drift.action_adopt()["domain"])
        self.assertEqual((change.line_ids.price, change.line_ids.breaks), (10, "10: 9"))
        change.with_user(self.analyst).action_request()
        change.with_user(self.approver).action_approve()
        self.assertFalse(self.found())

    def test_a_break_edited_in_odoo_is_captured_as_a_draft(self):
        self.baseline()
        self.env.company.lockgate_price_edits = "capture"
        self.env["product.pricelist.item"].with_user(self.env.ref("base.user_admin")).create(
            {
                "pricelist_id": self.pricelist.id,
                "applied_on": "0_product_variant",
                "product_id": self.product.id,
                "min_quantity": 10,
                "compute_price": "fixed",
                "fixed_price": 9,
            }
        )
        self.env.cr.precommit.run()
        change = self.env["lockgate.price.change"].search([("kind", "=", "captured")])
        self.assertEqual((change.line_ids.price, change.line_ids.breaks), (10, "10: 9"))

    def test_a_band_for_drift_seals_no_break(self):
        self.baseline()
        self.env["lockgate.price.policy"].create(
            {"name": "Band", "kind": "drift", "effect": "pass", "percent": 0.5}
        )
        self.rule(9, min_quantity=10, applied_on="0_product_variant", product_id=self.product.id)
        self.assertEqual(self.found(), [(self.product, 10, 10, 9)])
