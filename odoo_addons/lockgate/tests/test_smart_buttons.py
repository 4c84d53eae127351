from odoo.exceptions import AccessError

from .common import LockgateCase


class TestSmartButtons(LockgateCase):
    """From an exception, a publication and a listing to what belongs to it, and to nothing else."""

    def opened(self, action):
        records = self.env[action["res_model"]]
        return records.browse(action["res_id"]) if action.get("res_id") else records.search(action["domain"])

    def test_from_an_exception_to_its_listings_mended_ones_included(self):
        self.block_all(self.listings[:2])
        exception = self.catch_up()
        self.pass_time(10)
        self.report(self.lease(8)[0])
        self.catch_up()
        self.assertEqual(exception.failing_count, 1)
        self.assertEqual(self.opened(exception.action_open_listings()), self.listings[:2])

    def test_from_an_exception_of_one_listing_to_its_form(self):
        self.block()
        action = self.catch_up().action_open_listings()
        self.assertEqual((action["res_id"], action["views"]), (self.listing.id, [[False, "form"]]))

    def test_from_an_exception_to_the_tries_of_its_listings_alone(self):
        self.block_all(self.listings[:2])
        exception = self.catch_up()
        self.want(3, self.listings[2])
        self.report(self.turn())
        attempts = self.opened(exception.action_open_attempts())
        self.assertEqual(attempts.listing_id, self.listings[:2])
        self.assertEqual(len(attempts), 2)

    def test_from_a_publication_to_its_listing_its_tries_and_its_exceptions(self):
        self.block_all(self.listings[:2])
        exception = self.catch_up()
        publication, other = self.publication(), self.publication(self.listings[2])
        self.assertEqual((publication.attempt_count, publication.exception_count), (1, 1))
        self.assertEqual(self.opened(publication.action_open_listing()), self.listing)
        self.assertEqual(
            self.opened(publication.action_open_attempts()),
            self.env["lockgate.attempt"].search([("publication_id", "=", publication.id)]),
        )
        self.assertEqual(self.opened(publication.action_open_exceptions()), exception)
        self.assertFalse(other)

    def test_from_a_listing_to_its_exceptions_those_that_are_over_included(self):
        self.block()
        exception = self.catch_up()
        self.ignore(exception)
        self.assertEqual((self.listing.publication_count, self.listing.exception_count), (1, 1))
        self.assertEqual(self.opened(self.listing.action_open_exceptions()), exception)
        self.assertEqual(self.listings[1].exception_count, 0)

    def test_a_listing_is_found_by_its_products_name_wherever_one_is_looked_for(self):
        self.listing.product_id.name = "Narrow boat"
        self.block_all()
        for model, field in (("lockgate.attempt", "publication_id"), ("lockgate.publication", "listing_id")):
            with self.subTest(model=model):
                found = self.env[model].search([(field, "ilike", "narrow")])
                self.assertEqual(found.listing_id, self.listing)

    def test_what_has_no_name_of_its_own_says_what_it_is(self):
        self.block()
        attempt = self.env["lockgate.attempt"].search([("listing_id", "=", self.listing.id)])
        self.assertIn(f"{self.listing.sku} @ Quay: Stock, ", attempt.display_name)

    def test_who_reads_no_publications_opens_no_attempts(self):
        self.block()
        publication = self.publication()
        with self.assertRaises(AccessError):
            publication.with_user(self.user_internal).action_open_attempts()
