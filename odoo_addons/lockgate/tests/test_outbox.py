from unittest.mock import patch

from .common import LockgateCase, make_channel


class TestOutbox(LockgateCase):
    def test_a_marked_product_marks_each_of_its_listings(self):
        other = make_channel(self.env, "second", 0)
        listing = self.env["lockgate.listing"].create(
            {"channel_id": other.id, "product_id": self.listing.product_id.id}
        )
        self.env.cr.flush()
        self.env.cr.execute("DELETE FROM lockgate_outbox")
        self.env["lockgate.outbox"]._mark_products("stock", self.listing.product_id.ids, "received")
        self.env.cr.flush()
        self.env.cr.execute("SELECT channel_id, listing_id, aspect, reason FROM lockgate_outbox")
        self.assertCountEqual(
            self.env.cr.fetchall(),
            [
                (self.channel.id, self.listing.id, "stock", "received"),
                (other.id, listing.id, "stock", "received"),
            ],
        )

    def test_a_product_that_is_listed_nowhere_leaves_no_mark(self):
        product = self.env["product.product"].create({"name": "Unlisted"})
        self.env["lockgate.outbox"]._mark_products("stock", product.ids, "received")
        self.assertEqual(self.marks(), [])

    def test_an_archived_listing_is_not_marked_by_its_product(self):
        self.listing.active = False
        self.env.cr.flush()
        self.env.cr.execute("DELETE FROM lockgate_outbox")
        self.env["lockgate.outbox"]._mark_products("stock", self.listing.product_id.ids, "received")
        self.assertEqual(self.marks(), [])

    def test_many_marks_are_one_statement_a_flush(self):
        execute, statements = self.env.cr.execute, []

        def watch(query, *args, **kwargs):
            statements.append(str(query))
            return execute(query, *args, **kwargs)

        outbox = self.env["lockgate.outbox"]
        with patch.object(self.env.cr, "execute", watch):
            for listing in self.listings:
                outbox._mark_products("stock", listing.product_id.ids, "shipped")
                outbox._mark_listings("stock", listing.ids, "shipped")
            self.env.cr.flush()
        self.assertEqual(sum("INSERT INTO lockgate_outbox" in statement for statement in statements), 1)

    def test_the_same_listing_marked_often_leaves_one_mark(self):
        outbox = self.env["lockgate.outbox"]
        for _move in range(20):
            outbox._mark_products("stock", self.listing.product_id.ids, "shipped")
            outbox._mark_listings("stock", self.listing.ids, "shipped")
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "shipped")])

    def test_a_persons_retry_is_not_lost_on_other_marks_of_the_same_flush(self):
        outbox = self.env["lockgate.outbox"]
        outbox._mark_products("stock", self.listing.product_id.ids, "adjusted")
        outbox._mark_listings("stock", self.listing.ids, "retry")
        outbox._mark_listings("stock", self.listing.ids, "mapping changed")
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "retry")])

    def test_what_asks_for_a_second_computation_is_not_lost_on_other_marks_of_the_same_flush(self):
        outbox = self.env["lockgate.outbox"]
        outbox._mark_products("stock", self.listing.product_id.ids, "adjusted")
        outbox._mark_listings("stock", self.listing.ids, "mapping changed")
        outbox._mark_listings("stock", self.listing.ids, "sold on the channel")
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "mapping changed")])

    def test_an_archived_channel_is_not_marked_and_all_of_it_is_when_it_is_put_back(self):
        outbox = self.env["lockgate.outbox"]
        self.channel.active = False
        outbox._mark_products("stock", self.listing.product_id.ids, "shipped")
        outbox._mark_listings("stock", self.listing.ids, "retry")
        outbox._mark_channels(self.channel.ids, "resumed")
        self.assertEqual(self.marks(), [])
        self.channel.active = True
        self.assertEqual(self.marks(), [(None, "stock", "put back")])
        self.channel.active = True
        self.assertEqual(len(self.marks()), 1)

    def test_a_flush_without_marks_asks_nothing_of_the_database(self):
        self.env.flush_all()
        self.env.cr.flush()
        with self.assertQueryCount(0):
            self.env.cr.flush()

    def test_a_rolled_back_savepoint_leaves_no_mark(self):
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.env["lockgate.outbox"]._mark_listings("stock", self.listing.ids, "shipped")
            raise ZeroDivisionError
        self.assertEqual(self.marks(), [])

    def test_a_savepoint_rolled_back_after_a_flush_leaves_no_mark(self):
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.mark(self.listing)
            raise ZeroDivisionError
        self.assertEqual(self.marks(), [])

    def test_marks_made_before_a_rolled_back_savepoint_stay(self):
        self.env["lockgate.outbox"]._mark_listings("stock", self.listing.ids, "received")
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.env["lockgate.outbox"]._mark_listings("stock", self.listings[1].ids, "shipped")
            raise ZeroDivisionError
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "received")])

    def test_a_mark_made_while_marks_are_appended_is_kept(self):
        outbox = self.env["lockgate.outbox"]
        outbox._mark_listings("stock", self.listing.ids, "received")
        self.env.cr.precommit.add(lambda: outbox._mark_listings("stock", self.listings[1].ids, "shipped"))
        self.env.cr.flush()
        self.assertEqual({listing for listing, *_rest in self.marks()}, set(self.listings[:2].ids))
