from datetime import timedelta

from odoo import fields

from .common import LockgateCase


class TestValues(LockgateCase):
    def test_a_mark_becomes_a_wanted_value_and_is_gone(self):
        self.want(7)
        self.turn(ceiling=0)
        publication = self.publication()
        self.assertEqual((publication.state, publication.wanted["quantity"]), ("due", 7))
        self.assertEqual(self.marks(), [])

    def test_a_value_that_did_not_change_leaves_the_publication_as_it_is(self):
        self.settle(7)
        before = self.publication().read()
        self.want(7)
        self.turn()
        self.assertEqual(self.publication().read(), before)

    def test_versions_only_grow(self):
        versions = []
        for quantity in (7, 3, 7):
            self.want(quantity)
            self.turn(ceiling=0)
            versions.append(self.publication().version)
        self.assertEqual(versions, sorted(set(versions)))

    def test_many_changes_before_a_turn_are_one_push_of_the_newest(self):
        for quantity in range(20):
            self.want(quantity)
        answer = self.turn()
        self.assertEqual([lease["value"]["quantity"] for lease in answer["leases"]], [19])

    def test_a_value_of_nothing_is_never_sent(self):
        self.want(None)
        self.assertEqual(self.turn()["leases"], [])
        self.assertEqual(self.publication().state, "settled")

    def test_a_value_that_is_withdrawn_before_it_was_sent_is_not_sent(self):
        self.want(7)
        self.turn(ceiling=0)
        self.want(None)
        self.assertEqual(self.turn()["leases"], [])

    def test_a_mark_of_a_deleted_listing_harms_nothing(self):
        self.mark(self.listing)
        listing_id = self.listing.id
        self.want(5, self.listings[1])
        self.listing.unlink()
        answer = self.turn()
        self.assertNotIn(listing_id, [lease["publication"] for lease in answer["leases"]])
        self.assertEqual(len(answer["leases"]), 1)

    def test_time_alone_makes_a_value_again_at_its_moment(self):
        self.settle(7)
        self.maker.rechecks[self.listing.id] = fields.Datetime.now() + timedelta(hours=1)
        self.mark(self.listing)
        self.turn()
        self.maker.quantities[self.listing.id] = 4
        self.assertEqual(self.turn()["leases"], [])
        self.pass_time(7200)
        (lease,) = self.turn()["leases"]
        self.assertEqual(lease["value"]["quantity"], 4)

    def test_a_new_listing_is_computed_once_more_soon(self):
        """A transaction that began before the listing was committed saw it not, and so left no mark."""
        self.want(7)
        self.turn(ceiling=0)
        self.maker.quantities[self.listing.id] = 4
        self.pass_time(121)
        self.turn(ceiling=0)
        self.assertEqual(self.publication().wanted["quantity"], 4)

    def test_a_mark_does_not_drop_a_recheck_that_is_still_to_come(self):
        self.want(7)
        self.turn(ceiling=0)
        before = self.publication().recheck_at
        self.assertTrue(before)
        self.mark(self.listing)
        self.turn(ceiling=0)
        self.assertEqual(self.publication().recheck_at, before)

    def test_routine_changes_wait_for_the_window_and_go_together(self):
        self.channel.routine_window = 30
        self.want(7)
        self.assertEqual(self.turn()["leases"], [])
        self.want(3, self.listings[1])
        self.pass_time(31)
        self.turn(ceiling=0)
        self.pass_time(31)
        self.assertEqual(len(self.turn()["leases"]), 2)

    def test_changes_that_keep_coming_do_not_put_off_the_push(self):
        self.channel.routine_window = 30
        for quantity in range(3):
            self.want(quantity)
            self.assertEqual(self.turn()["leases"], [])
            self.pass_time(10)
        (lease,) = self.turn()["leases"]
        self.assertEqual(lease["value"]["quantity"], 2)

    def test_a_critical_change_stays_critical_when_a_routine_one_follows(self):
        self.want(0, work_class="critical")
        self.turn(ceiling=0)
        self.want(1, work_class="routine")
        (lease,) = self.turn(work_class="critical")["leases"]
        self.assertEqual(lease["value"]["quantity"], 1)

    def test_critical_changes_do_not_wait_for_the_window(self):
        self.channel.routine_window = 30
        self.want(0, work_class="critical")
        self.assertEqual(len(self.turn()["leases"]), 1)

    def test_the_snapshot_of_the_values_is_kept_with_the_attempt(self):
        self.lease()
        self.assertRegex(self.publication().attempt_ids.snapshot, r"^\d+:\d+:")
