from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import ANALYST
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

    def through(self, draft):
        """Whether nobody has to approve this draft, once it is asked for."""
        draft.with_user(self.analyst).action_request()
        self.env.invalidate_all()
        through = draft.state == "approved"
        self.assertEqual(through, draft.approval_ids.basis == "policy")
        self.assertEqual(through, bool(draft.seal_ids))
        return through

    def test_a_policy_may_let_rollbacks_through_on_their_own_and_nothing_else(self):
        self.policy("rollback", "pass")
        change = self.requested({self.product: 12})
        self.assertEqual(change.state, "to_approve")
        change.with_user(self.approver).action_approve()
        self.assertTrue(self.through(self.roll_back(change)))
        self.assertEqual(self.in_force(self.product), 10)

    def test_what_was_made_of_a_rollback_since_it_was_drafted_is_let_through_by_nothing(self):
        self.policy("rollback", "pass")
        end = fields.Datetime.now().replace(microsecond=0) + timedelta(days=1)
        other = self.book.create(
            {"name": "B2B", "channel_id": self.channel.id, "pricelist_id": self.pricelist.copy().id}
        )
        self.approved({self.product: 9}, book_ids=[Command.set(other.ids)])
        change = self.approved({self.product: 12, self.second: 25}, effective_to=end)
        for what, edit in {
            "a price": {"line_ids": [Command.update(0, {"price": 0.01})]},
            "a price by a cent": {"line_ids": [Command.update(0, {"price": 10.01})]},
            "breaks": {"line_ids": [Command.update(0, {"breaks": "2: 0.01"})]},
            "a regular price": {
                "line_ids": [Command.update(0, {"compare_at": "fixed", "compare_price": 10.5})]
            },
            "another product": {"line_ids": [Command.create({"product_id": self.third.id, "price": 30})]},
            "another book": {"book_ids": [Command.set((self.book + other).ids)]},
            "no end": {"effective_to": False},
            "a later end": {"effective_to": end + timedelta(seconds=1)},
            "a beginning after the end": {
                "effective_from": end + timedelta(days=1),
                "effective_to": end + timedelta(days=2),
            },
        }.items():
            draft = self.roll_back(change)
            for command in edit.get("line_ids", ()):
                if command[0] == Command.UPDATE:
                    edit = {"line_ids": [Command.update(draft.line_ids[0].id, command[2])]}
            draft.write(edit)
            with self.subTest(what):
                self.assertFalse(self.through(draft))
            draft.with_user(self.analyst).action_cancel()
        part = self.roll_back(change)
        part.line_ids[0].unlink()
        self.assertTrue(self.through(part))
        self.assertEqual((self.in_force(self.product), self.in_force(self.second)), (12, 20))

    def test_a_rollback_of_what_is_no_longer_in_force_is_let_through_by_nothing(self):
        self.policy("rollback", "pass")
        draft = self.roll_back(self.approved({self.product: 12}))
        self.approved({self.product: 13})
        self.assertFalse(self.through(draft))
        self.assertEqual(self.in_force(self.product), 13)

    def test_breaks_and_the_regular_price_underneath_are_let_through_too(self):
        self.policy("rollback", "pass")
        line = {"product_id": self.product.id, "price": 9, "breaks": "10: 8.5; 30: -20%"}
        line |= {"compare_at": "fixed", "compare_price": 9.4}
        before = self.approved(line_ids=[Command.create(line)])
        draft = self.roll_back(self.approved({self.product: 9.5}))
        self.assertTrue(self.through(draft))
        self.assertEqual(self.terms(draft), self.terms(before))

    def test_other_policies_hold_for_a_rollback_that_one_lets_through(self):
        change = self.approved({self.product: 12})
        self.policy("rollback", "pass")
        floor = self.policy("minimum", "ask", amount=11)
        draft = self.roll_back(change)
        self.assertFalse(self.through(draft))
        draft.with_user(self.analyst).action_back_to_draft()
        floor.effect = "block"
        with self.assertRaisesRegex(UserError, "The minimum blocks"):
            draft.with_user(self.analyst).action_request()

    def test_a_policy_names_who_rolls_back_and_nobody_else_drafts_it_or_asks_for_it(self):
        night = self.env["res.groups"].create({"name": "On Call"})
        member = new_test_user(self.env, "on_call_test", ANALYST)
        member.group_ids = [Command.link(night.id)]
        policy = self.policy("rollback", "ask", group_id=night.id)
        change = self.approved({self.product: 12})
        refused = "leaves it to “On Call”"
        with self.assertRaisesRegex(AccessError, refused):
            change.with_user(self.analyst).action_roll_back()
        action = change.with_user(member).action_roll_back()
        draft = self.env["lockgate.price.change"].search(action["domain"])
        with self.assertRaisesRegex(AccessError, refused):
            draft.with_user(self.analyst).action_request()
        self.assertEqual(draft.state, "draft")
        draft.with_user(member).action_request()
        self.assertEqual((draft.state, draft.requester_id), ("to_approve", member))
        night.user_ids = [Command.link(self.approver.id)]
        with self.assertRaisesRegex(AccessError, "Only a pricing analyst"):
            change.with_user(self.approver).action_roll_back()
        policy.category_id = self.env["product.category"].create({"name": "Elsewhere"})
        self.roll_back(change)

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
