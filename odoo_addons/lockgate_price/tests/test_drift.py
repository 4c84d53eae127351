from odoo import fields
from odoo.exceptions import AccessError, UserError

from .common import PriceCase


class TestDrift(PriceCase):
    """What slips by the guard is found by comparing Odoo's prices with the sealed ones."""

    def setUp(self):
        super().setUp()
        self.baseline()

    def sweep(self, book=None):
        while (book or self.book)._sweep():
            pass
        return self.env["lockgate.price.drift"].search([("book_id", "=", (book or self.book).id)])

    def found(self):
        return {drift.product_id: (drift.kind, drift.sealed, drift.live) for drift in self.sweep()}

    def test_what_agrees_is_not_found(self):
        self.assertFalse(self.sweep())
        self.assertTrue(self.book.swept_at)

    def test_a_price_changed_by_sql_is_found(self):
        self.execute(
            "UPDATE product_template SET list_price = 11 WHERE id = %s", [self.product.product_tmpl_id.id]
        )
        self.assertEqual(self.found(), {self.product: ("drift", 10, 11)})

    def test_a_cost_that_moves_a_formula_is_found(self):
        self.env["product.pricelist.item"].create(
            {
                "pricelist_id": self.pricelist.id,
                "compute_price": "formula",
                "base": "standard_price",
                "price_markup": 150,
            }
        )
        self.assertFalse(self.sweep())  # 4 + 150 % is 10
        self.second.standard_price = 10
        self.assertEqual(self.found(), {self.second: ("drift", 20, 25)})

    def test_drift_that_is_gone_is_taken_off_the_list_and_keeps_its_moment_until_then(self):
        self.product.list_price = 11
        since = self.sweep().found_at
        self.product.list_price = 12
        drift = self.sweep()
        self.assertEqual((drift.live, drift.found_at), (12, since))
        self.product.list_price = 10
        self.assertFalse(self.sweep())

    def test_it_is_one_exception_of_the_channel_until_it_is_gone(self):
        (self.product + self.second).list_price = 11
        self.sweep()
        self.sweep()
        found = self.env["lockgate.exception"].search([("channel_id", "=", self.channel.id)])
        self.assertEqual((found.category, found.state, found.listing_count), ("drift", "open", 2))
        self.assertIn("put the approved ones back", found.message)
        self.product.list_price, self.second.list_price = 10, 20
        self.sweep()
        self.assertEqual(found.state, "resolved")

    def exceptions(self):
        self.sweep()
        self.env.invalidate_all()
        return self.env["lockgate.exception"].search([("channel_id", "=", self.channel.id)], order="id")

    def test_the_same_drift_is_told_once_however_often_it_is_found(self):
        self.product.list_price = 11
        found = self.exceptions()
        self.assertEqual((self.exceptions().count, found.failing_count), (1, 1))
        self.product.list_price = 12
        self.assertEqual(self.exceptions(), found)
        self.assertEqual((found.count, found.failing_count, found.listing_count), (2, 1, 1))

    def test_drift_that_is_retried_for_what_a_channel_shows_is_open_again_where_odoo_differs_too(self):
        self.product.list_price = 11
        found = self.exceptions()
        found.state = "retrying"
        self.assertEqual(self.exceptions().state, "open")

    def test_drift_that_a_person_ignored_stays_ignored_until_another_price_is_found(self):
        self.product.list_price = 11
        ignored = self.exceptions()
        ignored._ignore("It is known.")
        self.assertEqual(self.exceptions(), ignored)
        self.assertEqual(ignored.state, "ignored")
        self.product.list_price = 12
        self.assertEqual((self.exceptions() - ignored).state, "open")

    def test_drift_that_was_ignored_and_is_gone_is_told_when_it_comes_back(self):
        self.product.list_price = 11
        ignored = self.exceptions()
        ignored._ignore("It is known.")
        self.product.list_price = 10
        self.assertEqual(self.exceptions(), ignored)
        self.product.list_price = 11
        self.assertEqual((self.exceptions() - ignored).state, "open")

    def test_a_price_that_is_missing_and_ignored_stays_ignored_whatever_odoo_would_charge(self):
        product, _draft = self.entered()
        ignored = self.exceptions()
        ignored._ignore("It is known.")
        product.list_price = 8
        self.assertEqual(self.exceptions(), ignored)
        self.assertEqual((ignored.category, ignored.state), ("ungoverned_price", "ignored"))

    def test_nothing_of_the_channels_is_offered_where_odoo_alone_differs(self):
        self.product.list_price = 11
        self.assertFalse(self.exceptions().failing_aspects)

    def test_a_listing_without_a_seal_is_shown_and_drafted(self):
        product = self.env["product.product"].create({"name": "Sail", "list_price": 7})
        self.env["lockgate.listing"].create(
            {"channel_id": self.channel.id, "product_id": product.id, "sku": "S"}
        )
        self.assertEqual(self.found(), {product: ("ungoverned", 0, 7)})
        drift = self.sweep().with_user(self.analyst)
        with self.assertRaisesRegex(UserError, "nothing to put back"):
            drift.action_put_back()
        change = self.env["lockgate.price.change"].search(drift.action_adopt()["domain"])
        self.assertEqual(change.line_ids.mapped("price"), [7])
        change.with_user(self.analyst).action_request()
        change.with_user(self.approver).action_approve()
        self.assertFalse(self.sweep())

    def entered(self, **values):
        """A product that has come to be listed, and the drafts that the sweep made of it."""
        product = self.env["product.product"].create({"name": "Sail", "list_price": 7, **values})
        self.env["lockgate.listing"].create(
            {"channel_id": self.channel.id, "product_id": product.id, "sku": "S"}
        )
        self.sweep()
        return product, self.drafts(product)

    def drafts(self, product):
        return self.env["lockgate.price.change"].search([("line_ids.product_id", "=", product.id)])

    def test_what_comes_to_be_listed_gets_one_draft_and_no_price(self):
        product, draft = self.entered()
        self.assertEqual((draft.state, draft.kind, draft.line_ids.price), ("draft", "captured", 7))
        self.assertFalse(self.seals.search([("product_id", "=", product.id)]))
        self.sweep()
        self.assertEqual(self.drafts(product), draft)
        drift = self.env["lockgate.price.drift"].search([("product_id", "=", product.id)])
        opened = drift.with_user(self.analyst).action_adopt()["domain"]
        self.assertEqual(draft.search(opened), draft)

    def test_the_draft_of_what_was_listed_is_decided_on_like_any(self):
        product, draft = self.entered()
        draft.with_user(self.analyst).action_request()
        draft.with_user(self.approver).action_approve()
        self.assertEqual(self.seals.search([("product_id", "=", product.id)]).amount, 7)
        self.assertFalse(self.sweep())

    def test_what_somebody_drafted_or_turned_down_is_not_drafted_again(self):
        product, draft = self.entered()
        draft.with_user(self.analyst).action_cancel()
        self.sweep()
        self.assertEqual(self.drafts(product), draft)

    def test_what_is_listed_before_the_baseline_waits_for_it(self):
        shop = self.channel.copy({"code": "new_shop"})
        self.env["lockgate.listing"].create({"channel_id": shop.id, "product_id": self.product.id})
        book = self.book.create({"name": "New", "channel_id": shop.id, "pricelist_id": self.pricelist.id})
        self.sweep(book)
        self.assertFalse(self.env["lockgate.price.change"].search([("book_ids", "in", book.ids)]))

    def test_the_sweep_goes_on_where_it_stopped(self):
        self.products.product_tmpl_id.list_price = 99
        self.assertTrue(self.book._sweep(rows=2))
        drifts = self.env["lockgate.price.drift"].search([])
        self.assertEqual(drifts.listing_id, self.listings[:2])
        self.assertTrue(self.book._sweep_is_due())
        self.assertFalse(self.book._sweep(rows=2))
        self.assertEqual(self.env["lockgate.price.drift"].search_count([]), 3)
        self.assertFalse(self.book._sweep_is_due())

    def test_two_books_are_compared_each_by_itself(self):
        shop = self.channel.copy({"code": "drift_shop"})
        self.env["lockgate.listing"].create({"channel_id": shop.id, "product_id": self.product.id})
        book = self.book.create({"name": "Other", "channel_id": shop.id, "pricelist_id": self.pricelist.id})
        self.product.list_price = 11
        self.assertEqual(self.sweep().kind, "drift")
        self.assertEqual(self.sweep(book).kind, "ungoverned")

    def test_drift_adopted_becomes_a_draft_and_once_approved_it_is_over(self):
        self.product.list_price = 11
        drift = self.sweep().with_user(self.analyst)
        change = self.env["lockgate.price.change"].search(drift.action_adopt()["domain"])
        self.assertEqual((change.state, change.kind, change.line_ids.price), ("draft", "captured", 11))
        self.assertEqual(change.requester_id, self.analyst)
        change.with_user(self.analyst).action_request()
        change.with_user(self.approver).action_approve()
        self.assertFalse(self.sweep())

    def test_a_price_put_back_is_given_by_odoo_again(self):
        change = self.approved({self.product: 12.5})
        self.execute(
            "UPDATE product_pricelist_item SET fixed_price = 1 WHERE id = %s", [change.line_ids.rule_ids.id]
        )
        self.second.list_price = 21
        drifts = self.sweep()
        self.assertEqual(drifts.product_id, self.product + self.second)
        self.env.company.lockgate_price_edits = "strict"
        drifts.with_user(self.analyst).action_put_back()
        self.assertFalse(drifts.exists())
        self.assertEqual(change.line_ids.rule_ids.fixed_price, 12.5)
        prices = self.book._clean()._prices_now(self.product + self.second)
        self.assertEqual(prices, {self.product.id: 12.5, self.second.id: 20})

    def test_a_rule_that_would_still_decide_is_said_and_nothing_is_half_done(self):
        self.env["product.pricelist.item"].create(
            {
                "pricelist_id": self.pricelist.id,
                "applied_on": "0_product_variant",
                "product_id": self.product.id,
                "min_quantity": 1,
                "compute_price": "fixed",
                "fixed_price": 1,
            }
        )
        drift = self.sweep()
        with self.assertRaisesRegex(UserError, "another rule decides"), self.env.cr.savepoint():
            drift.with_user(self.analyst).action_put_back()
        self.assertEqual(len(self.pricelist.item_ids), 1)

    def test_only_an_analyst_adopts_or_puts_back_and_nobody_writes_drift(self):
        self.product.list_price = 11
        drift = self.sweep()
        for attempt in (
            drift.with_user(self.approver).action_adopt,
            drift.with_user(self.approver).action_put_back,
            self.book.with_user(self.approver).action_compare,
            lambda: drift.with_user(self.analyst).write({"live": 10}),
            lambda: drift.with_user(self.analyst).unlink(),
            lambda: drift.create({}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_the_cron_compares_what_is_due_and_drops_what_is_sold_no_more(self):
        self.product.list_price = 11
        with self.enter_registry_test_mode():
            self.env.ref("lockgate_price.ir_cron_price_sweep").method_direct_trigger()
        drifts = self.env["lockgate.price.drift"].search([("book_id", "=", self.book.id)])
        self.assertEqual(drifts.product_id, self.product)
        exception = self.env["lockgate.exception"].search([("channel_id", "=", self.channel.id)])
        self.listing.active = False
        self.book.swept_at = fields.Datetime.from_string("2020-01-01")
        with self.enter_registry_test_mode():
            self.env.ref("lockgate_price.ir_cron_price_sweep").method_direct_trigger()
        self.assertFalse(drifts.exists())
        self.env.invalidate_all()
        self.assertEqual(exception.state, "resolved")
