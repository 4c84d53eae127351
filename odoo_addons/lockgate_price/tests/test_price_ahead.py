import json
from datetime import timedelta

import fastjsonschema
from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.addons.lockgate.tests.common import request, result
from odoo.tools import file_open, mute_logger

from .test_policy import PolicyCase


def text(moment):
    return f"{moment.isoformat()}+00:00"


class AheadCase(PolicyCase):
    """A channel that keeps dated prices, and holds them a day ahead; the test moves its clock."""

    def setUp(self):
        super().setUp()
        self.connector.sudo().write({"capabilities": {"scheduled_prices": True}, "can_read_back": True})
        self.channel.lag = 0
        self.baseline()
        self.channel.action_start()
        self.env.cr.flush()
        self.now = fields.Datetime.now()
        self.start = self.now + timedelta(hours=3)
        self.end = self.start + timedelta(hours=2)
        self.patch(
            type(self.env["lockgate.turn"]), "_lock", self._lock_at(type(self.env["lockgate.turn"])._lock)
        )
        self.run_turns(self.now)

    def _lock_at(self, lock):
        return lambda turn, code: (self.at, lock(turn, code)[1])

    def turn(self, at, *results):
        self.at = at
        self.env.flush_all()
        self.env.cr.precommit.run()
        answer = self.env["lockgate.turn"]._take(request(self.channel, results))
        self.env.invalidate_all()
        return answer

    def run_turns(self, at):
        """Turns at that moment until nothing is due, by a channel that does as it is told.

        Returns the last value that was sent of each product; those that were only read back have none.
        """
        sent = {}
        answer = self.turn(at)
        while answer["leases"]:
            results = []
            for lease in answer["leases"]:
                if lease["purpose"] == "read":
                    results.append(result(answer, lease, "read", reading=self.reading(lease["value"])))
                else:
                    sent[lease["value"]["sku"]] = lease["value"]
                    results.append(result(answer, lease))
            answer = self.turn(at, *results)
        products = {listing.sku: listing.product_id for listing in self.listings}
        return {products[sku]: value for sku, value in sent.items() if value["aspect"] == "price"}

    def reading(self, value, **parts):
        """What a channel shows that was told this value, at the moment of the test's clock."""
        shown = [value, *value["coming"]]
        begun = [price for price in value["coming"] if price["starts"] <= text(self.at)]
        now = shown[len(begun)]
        return {
            "aspect": "price",
            "amount": now["amount"],
            "currency": now["currency"],
            "coming": [
                {name: price[name] for name in ("amount", "currency", "starts")}
                for price in value["coming"][len(begun) :]
            ],
            **parts,
        }

    def publication(self, product=None):
        listing = self.listings.filtered(lambda one: one.product_id == (product or self.product))
        domain = [("listing_id", "=", listing.id), ("aspect", "=", "price")]
        return self.env["lockgate.publication"].search(domain)

    def timeline(self, value):
        """[(amount, from when on)] of what is to come."""
        return [(price["amount"], price["starts"]) for price in value["coming"]]


class TestAhead(AheadCase):
    def test_a_price_goes_ahead_with_its_dates_and_the_old_one_stays_until_then(self):
        change = self.approved(effective_from=self.start, effective_to=self.end)
        value = self.run_turns(self.now)[self.product]
        self.assertEqual(value["amount"], "10.00")
        self.assertEqual(self.timeline(value), [("12.50", text(self.start)), ("10.00", text(self.end))])
        ahead = value["coming"][0]
        self.assertEqual((ahead["seal"], ahead["ends"]), (change.seal_ids.id, text(self.end)))
        with file_open("lockgate/data/contract-v1.schema.json") as file:
            definitions = json.load(file)["$defs"]
        fastjsonschema.validate({"$ref": "#/$defs/PriceValue", "$defs": definitions}, value)

    def test_the_change_counts_what_the_channel_holds_ahead(self):
        change = self.approved({self.product: 9, self.second: 19}, effective_from=self.start)
        row = change.progress_ids
        self.assertEqual(row.held_ahead_text, "0 of 2")
        self.run_turns(self.now)
        self.env.invalidate_all()
        self.assertEqual((row.held_ahead_text, row.published_text), ("2 of 2", "0 of 2"))
        self.connector.sudo().capabilities = {}
        self.env.invalidate_all()
        self.assertIs(row.held_ahead_text, False)

    def test_what_is_in_force_everywhere_says_nothing_of_prices_ahead(self):
        change = self.approved()
        self.assertIs(change.progress_ids.held_ahead_text, False)

    def test_a_price_further_off_goes_when_its_time_ahead_has_come(self):
        start = self.now + timedelta(days=3)
        self.approved(effective_from=start)
        self.assertEqual(self.run_turns(self.now), {})
        self.run_turns(self.now + timedelta(minutes=3))  # a second look, which every new listing gets
        self.assertEqual(self.publication().recheck_at, start - timedelta(days=1))
        value = self.run_turns(start - timedelta(days=1))[self.product]
        self.assertEqual(self.timeline(value), [("12.50", text(start))])

    def test_a_longer_time_ahead_is_minded_at_once(self):
        start = self.now + timedelta(days=3)
        self.approved(effective_from=start)
        self.run_turns(self.now)
        self.channel.price_ahead = 24 * 4
        self.assertEqual(self.timeline(self.run_turns(self.now)[self.product]), [("12.50", text(start))])

    def test_at_its_moment_the_channel_is_told_again_behind_all_that_is_urgent(self):
        change = self.approved({self.product: 9}, effective_from=self.start, effective_to=self.end)
        self.run_turns(self.now)
        value = self.run_turns(self.start)[self.product]
        self.assertEqual((value["seal"], value["amount"]), (change.seal_ids.id, "9.00"))
        self.assertEqual(self.timeline(value), [("10.00", text(self.end))])
        self.assertEqual(self.publication().work_class, "bulk")
        value = self.run_turns(self.end)[self.product]
        self.assertEqual((value["amount"], value["coming"]), ("10.00", []))

    def test_a_cancelled_change_is_taken_back_at_once(self):
        change = self.approved(effective_from=self.start)
        self.run_turns(self.now)
        change.with_user(self.approver).action_cancel()
        self.turn(self.now)
        self.assertEqual(self.publication().work_class, "critical")
        self.assertEqual(self.publication().wanted["coming"], [])

    def test_a_stopped_release_is_taken_back(self):
        other = self.channel.copy({"name": "Later", "code": "later"})
        listing = self.listing.create({"channel_id": other.id, "product_id": self.product.id})
        book = self.book.create(
            {"name": "Later", "channel_id": other.id, "pricelist_id": self.pricelist.copy().id}
        )
        self.assertTrue(listing)
        change = self.approved(
            effective_from=self.now + timedelta(seconds=1),
            book_ids=[fields.Command.set((self.book | book).ids)],
            release_ids=[fields.Command.create({"channel_id": self.channel.id, "delay": 2})],
        )
        self.assertEqual(len(self.run_turns(self.now)[self.product]["coming"]), 1)
        change.with_user(self.approver).action_stop()
        self.assertEqual(self.run_turns(self.now)[self.product]["coming"], [])

    def test_a_superseding_change_replaces_what_is_held(self):
        first = self.approved(effective_from=self.start)
        self.run_turns(self.now)
        above = [fields.Command.set(first.ids)]
        self.approved({self.product: 13}, effective_from=self.start, above_ids=above)
        value = self.run_turns(self.now)[self.product]
        self.assertEqual(self.timeline(value), [("13.00", text(self.start))])

    def test_a_rolled_back_change_is_followed_by_the_price_before_it(self):
        change = self.approved(effective_to=self.end)
        self.run_turns(self.now)
        action = change.with_user(self.analyst).action_roll_back()
        rollback = change.search(action["domain"])
        rollback.with_user(self.analyst).action_request()
        rollback.with_user(self.approver).action_approve()
        value = self.run_turns(fields.Datetime.now() + timedelta(seconds=1))[self.product]
        self.assertEqual((value["amount"], self.timeline(value)), ("10.00", [("10.00", text(self.end))]))

    def test_what_breaks_a_policy_when_it_is_to_go_ahead_never_goes(self):
        self.policy("margin")
        change = self.approved(effective_from=self.start)
        self.product.standard_price = 11
        self.assertEqual(self.run_turns(self.now), {})
        self.assertEqual(change.held_count, 1)

    def test_what_breaks_a_policy_shortly_before_it_begins_is_taken_back(self):
        self.policy("margin")
        change = self.approved(effective_from=self.start)
        self.assertEqual(len(self.run_turns(self.now)[self.product]["coming"]), 1)
        self.product.standard_price = 11
        last_look = self.start - timedelta(minutes=15)
        self.run_turns(self.now + timedelta(minutes=3))  # a second look, which every new listing gets
        self.assertEqual(change.held_count, 0)
        self.assertEqual(self.publication().recheck_at, last_look)
        self.assertEqual(self.run_turns(last_look)[self.product]["coming"], [])
        self.assertEqual(change.held_count, 1)
        self.assertEqual(self.run_turns(self.start), {})

    def test_the_last_look_is_taken_once_and_what_has_begun_is_left_alone(self):
        self.policy("margin")
        change = self.approved(effective_from=self.start)
        self.run_turns(self.now)
        self.run_turns(self.start - timedelta(minutes=15))
        self.run_turns(self.start - timedelta(minutes=14))
        self.product.standard_price = 11
        self.run_turns(self.start)
        self.assertEqual(change.check_ids.mapped("answer"), ["passed", "passed"])

    def test_what_a_person_released_goes_ahead_again(self):
        self.policy("margin")
        change = self.approved(effective_from=self.start)
        self.product.standard_price = 11
        self.run_turns(self.now)
        change.with_user(self.approver).action_release("We want it")
        self.assertEqual(len(self.run_turns(fields.Datetime.now())[self.product]["coming"]), 1)

    def test_a_listing_without_a_price_gets_its_first_at_the_moment(self):
        fresh = self.env["product.product"].create(
            {"name": "Fresh", "default_code": "fresh", "list_price": 1}
        )
        self.listings += self.listing.create({"channel_id": self.channel.id, "product_id": fresh.id})
        self.approved({fresh: 5}, effective_from=self.start)
        self.assertEqual(self.run_turns(self.now), {})
        self.assertEqual(self.run_turns(self.start)[fresh]["amount"], "5.00")

    def test_a_channel_that_keeps_no_dates_gets_it_at_the_moment(self):
        self.connector.sudo().capabilities = {"scheduled_prices": False}
        self.approved(effective_from=self.start)
        self.assertEqual(self.run_turns(self.now), {})
        self.assertEqual(self.run_turns(self.start)[self.product]["amount"], "12.50")

    def test_a_connector_that_learns_to_keep_dates_is_given_them(self):
        description = {
            "code": self.connector.code,
            "name": "Fake",
            "version": "2",
            "settings_schema": {},
            "capabilities": {"scheduled_prices": False, "read_back": True, "batch_size": 1},
        }
        connectors = self.env["lockgate.connector"]
        connectors._upsert([description])
        self.approved(effective_from=self.start)
        self.run_turns(self.now)
        description["capabilities"]["scheduled_prices"] = True
        connectors._upsert([description])
        self.assertEqual(len(self.run_turns(self.now)[self.product]["coming"]), 1)

    def test_an_impossible_time_ahead_is_refused(self):
        for hours in (0, -1, 9000):
            with (
                self.subTest(hours=hours),
                self.assertRaises(CheckViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.channel.price_ahead = hours
                self.env.flush_all()
            self.env.invalidate_all()


class TestAheadReadBack(AheadCase):
    """What the channel shows and holds is compared with what it was told, at the moment it was asked."""

    def setUp(self):
        super().setUp()
        self.approved(effective_from=self.start, effective_to=self.end)

    def read_back(self, at=None, shown_at=None, **parts):
        """Push, then read back at `at` with this reading; returns the publication."""
        answer = self.turn(self.now)
        answer = self.turn(at or self.now, *(result(answer, lease) for lease in answer["leases"]))
        [lease] = answer["leases"]
        self.assertEqual(lease["purpose"], "read")
        self.at = shown_at or at or self.now
        reading = self.reading(lease["value"], **parts)
        self.turn(self.at, result(answer, lease, "read", reading=reading))
        return self.publication()

    def attempt(self):
        domain = [("publication_id", "=", self.publication().id), ("purpose", "=", "read")]
        return self.env["lockgate.attempt"].search(domain, order="id desc", limit=1)

    def test_what_it_shows_and_holds_agrees(self):
        self.assertEqual(self.read_back().state, "settled")
        self.assertTrue(self.attempt().agrees)

    def test_a_schedule_that_it_lost_is_sent_again(self):
        publication = self.read_back(coming=[])
        self.assertFalse(self.attempt().agrees)
        self.assertIn("other prices ahead", publication.message)
        self.assertIn(publication.state, ("due", "leased"))

    def test_a_price_ahead_that_it_should_not_hold_differs(self):
        start = text(self.start + timedelta(hours=1))
        held = [{"amount": "1.00", "currency": self.currency.name, "starts": start}]
        self.read_back(coming=held)
        self.assertFalse(self.attempt().agrees)

    def test_a_channel_that_cannot_tell_is_compared_by_what_it_shows(self):
        self.read_back(coming=None)
        self.assertTrue(self.attempt().agrees)

    def test_a_price_that_took_over_while_it_was_asked_is_no_difference(self):
        self.read_back(at=self.start - timedelta(seconds=1), shown_at=self.start + timedelta(seconds=1))
        self.assertTrue(self.attempt().agrees)

    def test_a_price_that_took_over_too_early_differs(self):
        self.read_back(amount="12.50")
        self.assertFalse(self.attempt().agrees)
