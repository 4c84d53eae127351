from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError

from .test_policy import PolicyCase


class TestRollback(PolicyCase):
    def setUp(self):
        super().setUp()
        self.baseline()

    def roll_back(self, change):
        action = change.with_user(self.analyst).action_roll_back()
        return self.env["lockgate.price.change"].search(action["domain"])

    def approve(self, change):
        change.with_user(self.analyst).action_request()
        change.with_user(self.approver).action_approve()
        self.env.invalidate_all()

    def prices(self, change):
        return {line.product_id: line.price for line in change.line_ids}

    def in_force(self, product, book=None):
        seals = self.seals.search([("product_id", "=", product.id), ("in_force", "=", True)])
        return seals.filtered(lambda seal: seal.book_id == (book or self.book)).amount

    def stage(self, change):
        self.env.invalidate_all()
        found = change.search([("stage", "=", change.stage)])
        self.assertIn(change, found)
        return change.stage

    def test_it_is_a_draft_of_the_prices_underneath_and_needs_approval(self):
        change = self.approved({self.product: 12, self.second: 25})
        draft = self.roll_back(change)
        self.assertEqual((draft.kind, draft.state, draft.rollback_of_id), ("rollback", "draft", change))
        self.assertEqual(self.prices(draft), {self.product: 10, self.second: 20})
        self.assertEqual(self.in_force(self.product), 12)
        with self.assertRaisesRegex(UserError, "Draft"), self.env.cr.savepoint():
            draft.with_user(self.approver).action_approve()
        self.approve(draft)
        self.assertEqual((self.in_force(self.product), self.in_force(self.second)), (10, 20))
        self.assertEqual(self.stage(change), "rolled_back")
        self.assertEqual(change.superseded_by_ids, draft)
        live = self.book._clean()._prices_now(self.product + self.second)
        self.assertEqual(live, {self.product.id: 10, self.second.id: 20})

    def test_a_rollback_can_be_rolled_back(self):
        change = self.approved({self.product: 12})
        first = self.roll_back(change)
        self.approve(first)
        second = self.roll_back(first)
        self.assertEqual(self.prices(second), {self.product: 12})
        self.approve(second)
        self.assertEqual(self.in_force(self.product), 12)

    def test_policies_say_whether_a_rollback_needs_anybody_and_whether_it_may_be(self):
        change = self.approved({self.product: 12})
        draft = self.roll_back(change)
        freeze = self.policy("freeze", freeze_from="2000-01-01", freeze_to="3000-01-01")
        with self.assertRaisesRegex(UserError, "The freeze blocks"), self.env.cr.savepoint():
            draft.with_user(self.analyst).action_request()
        freeze.active = False
        self.policy("margin", "pass")
        draft.with_user(self.analyst).action_request()
        self.assertEqual((draft.state, draft.approval_ids.basis), ("approved", "policy"))
        self.assertEqual(self.in_force(self.product), 10)

    def test_listings_where_a_newer_price_stands_are_left_out_and_named(self):
        change = self.approved({self.product: 12, self.second: 25})
        newer = self.approved({self.second: 26})
        draft = self.roll_back(change)
        self.assertEqual(self.prices(draft), {self.product: 10})
        self.assertIn(f"{newer.name} stands above", draft.message_ids[0].body)
        self.assertIn("test-2", draft.message_ids[0].body)
        self.approve(draft)
        self.assertEqual(self.in_force(self.second), 26)
        self.assertEqual(self.stage(change), "rolled_back")

    def test_a_channel_that_never_got_the_change_is_rolled_back_as_well(self):
        shop = self.channel.copy({"code": "late_shop"})
        self.env["lockgate.listing"].create({"channel_id": shop.id, "product_id": self.product.id})
        book = self.book.create({"name": "Late", "channel_id": shop.id, "pricelist_id": self.pricelist.id})
        books = {"book_ids": [Command.set((self.book + book).ids)]}
        self.approved({self.product: 11}, **books)
        draft = self.roll_back(self.approved({self.product: 12}, **books))
        self.assertEqual((draft.book_ids, self.prices(draft)), (self.book + book, {self.product: 11}))
        self.approve(draft)
        self.assertEqual((self.in_force(self.product), self.in_force(self.product, book)), (11, 11))

    def test_books_that_had_different_prices_get_a_draft_each_and_new_ones_are_named(self):
        shop, third = self.channel.copy({"code": "two"}), self.channel.copy({"code": "three"})
        books = self.book
        for channel in shop + third:
            self.env["lockgate.listing"].create({"channel_id": channel.id, "product_id": self.product.id})
            books += self.book.create(
                {"name": channel.code, "channel_id": channel.id, "pricelist_id": self.pricelist.id}
            )
        self.approved({self.product: 11}, book_ids=[Command.set(books[1].ids)])
        drafts = self.roll_back(self.approved({self.product: 12}, book_ids=[Command.set(books.ids)]))
        self.assertEqual(
            {draft.book_ids: draft.line_ids.price for draft in drafts}, {books[0]: 10, books[1]: 11}
        )
        self.assertIn("it had no price before", drafts[0].message_ids[0].body)

    def test_a_price_for_a_while_is_rolled_back_for_that_while(self):
        end = fields.Datetime.now().replace(microsecond=0) + timedelta(days=1)
        draft = self.roll_back(self.approved({self.product: 12}, effective_to=end))
        self.assertEqual(draft.effective_to, end)

    def test_a_pack_gets_its_exact_price_back(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self.listing.uom_id = dozen
        self.approved({self.product: 8.33})
        draft = self.roll_back(self.approved({self.product: 9}))
        self.assertEqual(draft.line_ids.price, 8.33)
        self.approve(draft)
        self.assertEqual(draft.seal_ids.amount, 99.96)

    def terms(self, change):
        return {seal.uom_id: (seal.amount, seal.breaks or [], seal.compare_at) for seal in change.seal_ids}

    def test_breaks_and_the_regular_price_come_back_too(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        values = {"channel_id": self.channel.id, "product_id": self.product.id, "uom_id": dozen.id}
        self.listing.create({**values, "sku": "D"})
        line = {"product_id": self.product.id, "price": 9, "breaks": "10: 8.5; 30: -20%"}
        line |= {"compare_at": "fixed", "compare_price": 11}
        before = self.approved(line_ids=[Command.create(line)])
        change = self.approved({self.product: 9})
        draft = self.roll_back(change)
        self.assertEqual(draft.line_ids.breaks, "10: 8.5; 30: 7.2")
        self.approve(draft)
        self.assertEqual(self.terms(draft), self.terms(before))
        self.assertEqual(len(self.terms(draft)), 2)
        self.approve(back := self.roll_back(draft))
        self.assertEqual(self.terms(back), self.terms(change))

    def test_what_has_not_begun_or_is_wholly_replaced_is_refused_in_words(self):
        later = self.approved({self.product: 12}, effective_from=fields.Datetime.now() + timedelta(days=1))
        for change in (later, self.draft(), self.requested({self.second: 3})):
            with self.assertRaisesRegex(UserError, "is not effective"):
                self.roll_back(change)
        change, newer = self.approved({self.third: 31}), self.approved({self.third: 32})
        with self.assertRaisesRegex(UserError, f"{newer.name} stands above"):
            self.roll_back(change)

    def test_only_an_analyst_drafts_it_and_nobody_writes_what_it_rolls_back(self):
        change = self.approved({self.product: 12})
        with self.assertRaises(AccessError):
            change.with_user(self.approver).action_roll_back()
        with self.assertRaisesRegex(UserError, "rollback_of_id"):
            self.draft().write({"rollback_of_id": change.id})
