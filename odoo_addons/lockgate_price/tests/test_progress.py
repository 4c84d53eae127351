import json
from datetime import timedelta

from odoo import fields

from .common import PriceCase


class TestProgress(PriceCase):
    def publish(self, seal, verified, state="settled"):
        self.execute(
            """
            INSERT INTO lockgate_publication (
                   channel_id, listing_id, aspect, scope, state, work_class, wanted, version,
                   confirmed, confirmed_version, confirmed_at, verified_version, verified_at)
            VALUES (%(channel)s, %(listing)s, 'price', %(book)s, %(state)s, 'routine',
                    %(value)s, 3, %(value)s, 3, now(), %(verified)s, now())
       ON CONFLICT (listing_id, aspect, scope) DO UPDATE
               SET confirmed = excluded.confirmed, verified_version = excluded.verified_version
            """,
            {
                "channel": seal.channel_id.id,
                "listing": seal.listing_id.id,
                "book": seal.book_id.id,
                "state": state,
                "value": json.dumps({"seal": seal.id}),
                "verified": 3 if verified else 0,
            },
        )

    def assert_progress(self, change, effective, published, reconciled, stage):
        self.env.invalidate_all()
        self.assertEqual(
            (change.effective_text, change.published_text, change.reconciled_text, change.stage),
            (effective, published, reconciled, stage),
        )
        for name in ("draft", "approved", "held", "effective", "published", "reconciled", "superseded"):
            found = change.search([("stage", "=", name), ("id", "=", change.id)])
            self.assertEqual(bool(found), name == stage)
        groups = change._read_group([("id", "=", change.id)], ["stage"], ["__count"])
        self.assertEqual(groups, [(stage, 1)])

    def test_a_draft_has_come_nowhere(self):
        self.assert_progress(self.draft(), False, False, False, "draft")

    def test_a_future_change_is_not_effective(self):
        change = self.approved(effective_from=fields.Datetime.now() + timedelta(days=1))
        self.assert_progress(change, "0 of 1", "0 of 1", "0 of 1", "approved")

    def test_effective_published_and_reconciled_are_counted_one_by_one(self):
        change = self.approved({self.product: 11, self.second: 21})
        first, second = change.seal_ids
        self.assert_progress(change, "2 of 2", "0 of 2", "0 of 2", "effective")
        self.publish(first, verified=False)
        self.assert_progress(change, "2 of 2", "1 of 2", "0 of 2", "effective")
        self.publish(second, verified=True)
        self.assert_progress(change, "2 of 2", "2 of 2", "1 of 2", "published")
        self.publish(first, verified=True)
        self.assert_progress(change, "2 of 2", "2 of 2", "2 of 2", "reconciled")
        self.assertTrue(change.progress_ids.published_at)
        self.assertTrue(change.progress_ids.reconciled_at)

    def test_a_change_that_later_ones_replaced_everywhere_is_superseded_and_says_by_what(self):
        change = self.approved({self.product: 11, self.second: 21})
        later = self.approved()
        self.publish(later.seal_ids, verified=True)
        self.assert_progress(change, "2 of 2", "1 of 2", "1 of 2", "effective")
        self.assertEqual((change.superseded_text, change.superseded_by_ids), ("1 of 2", later))
        last = self.approved({self.second: 22})
        self.assert_progress(change, "2 of 2", "1 of 2", "1 of 2", "superseded")
        self.assertEqual((change.superseded_text, change.superseded_by_ids), ("2 of 2", later + last))

    def test_a_change_is_not_superseded_by_what_has_not_begun_or_ends_before_it(self):
        change = self.approved()
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        self.approved({self.product: 13}, effective_from=tomorrow)
        self.approved({self.product: 14}, effective_to=tomorrow)
        self.assert_progress(change, "1 of 1", "0 of 1", "0 of 1", "effective")
        self.assertFalse(change.superseded_by_ids)

    def test_an_earlier_price_on_the_channel_does_not_count(self):
        earlier, change = self.approved(), self.approved()
        self.publish(earlier.seal_ids, verified=True)
        self.assert_progress(change, "1 of 1", "0 of 1", "0 of 1", "effective")

    def test_a_refused_price_is_counted(self):
        change = self.approved()
        self.publish(self.approved({self.second: 1}).seal_ids, verified=True)
        self.publish(change.seal_ids, verified=False, state="blocked")
        self.assertEqual(change.progress_ids.refused_text, "1 of 1")

    def test_changes_are_grouped_by_their_stage_in_the_list(self):
        effective, draft = self.approved(), self.draft({self.second: 5})
        groups = effective.web_read_group([("id", "in", (effective + draft).ids)], ["stage"])["groups"]
        self.assertEqual(
            [(group["stage"], group["__count"]) for group in groups], [("draft", 1), ("effective", 1)]
        )
        self.assertTrue(effective.fields_get(["stage"], ["groupable"])["stage"]["groupable"])

    def test_a_change_of_which_a_price_is_held_says_so_until_it_is_released(self):
        policy = {"name": "Margin", "kind": "margin", "effect": "block", "percent": 0.5}
        self.env["lockgate.price.policy"].create(policy)
        start = fields.Datetime.now() + timedelta(days=1)
        change = self.approved({self.product: 12, self.second: 21}, effective_from=start)
        self.product.standard_price = 11
        self.env["lockgate.price.check"]._check_begun(self.channel, self.listings, start)
        self.assert_progress(change, "0 of 2", "0 of 2", "0 of 2", "held")
        change.with_user(self.approver).action_release("It is sold off")
        self.assert_progress(change, "0 of 2", "0 of 2", "0 of 2", "approved")

    def test_a_state_is_a_decision_and_never_a_fact_about_channels(self):
        states = dict(self.env["lockgate.price.change"]._fields["state"].selection)
        self.assertEqual(set(states), {"draft", "to_approve", "approved", "rejected", "cancelled"})

    def test_a_channel_that_refuses_a_price_shows_on_its_line(self):
        change = self.approved({self.product: 11, self.second: 21})
        first, second = change.seal_ids.sorted("listing_id")
        self.publish(second, verified=True)
        self.publish(first, verified=False, state="blocked")
        refused = {line.product_id: line.refused_text for line in change.line_ids}
        self.assertEqual(refused, {self.product: f"{self.channel.name}: 1 prices", self.second: ""})

    def test_progress_stands_by_channel(self):
        shop = self.channel.copy({"code": "second_shop"})
        self.env["lockgate.listing"].create({"channel_id": shop.id, "product_id": self.product.id})
        book = self.book.create({"name": "Also", "channel_id": shop.id, "pricelist_id": self.pricelist.id})
        change = self.approved(book_ids=[fields.Command.set((self.book + book).ids)])
        self.publish(change.seal_ids.filtered(lambda seal: seal.channel_id == shop), verified=True)
        published = {row.channel_id: row.published_count for row in change.progress_ids}
        self.assertEqual(published, {self.channel: 0, shop: 1})
