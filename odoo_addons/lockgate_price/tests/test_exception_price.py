from odoo.addons.lockgate.tests.common import LaterTurns
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import PriceCase


class TestExceptionPrice(LaterTurns, PriceCase):
    """A price that somebody changed at the channel: it can be drafted, and is decided as any other."""

    def setUp(self):
        super().setUp()
        self.connector.sudo().can_read_back = True
        self.channel.lag = 0
        self.change = self.approved({self.product: 12.5, self.second: 25.0})
        self.channel.action_start()
        self.env.cr.flush()

    def drift(self, amount, currency=None):
        """The channel shows this price; returns the exception."""
        return super().drift(
            {"aspect": "price", "amount": amount, "currency": currency or self.currency.name}
        )

    def test_the_channels_prices_are_drafted_and_nothing_is_sealed(self):
        exception = self.drift("11.00")
        self.assertEqual((exception.category, exception.failing_count), ("drift", 2))
        seals = self.env["lockgate.price.seal"].search_count([])
        action = exception.with_user(self.analyst).action_use_channel_price()
        change = self.env["lockgate.price.change"].search(action["domain"])
        self.assertRecordValues(
            change, [{"state": "draft", "requester_id": self.analyst.id, "book_ids": self.book.ids}]
        )
        self.assertEqual(set(change.line_ids.mapped("price")), {11.0})
        self.assertEqual(change.line_ids.product_id, self.product + self.second)
        self.assertEqual(self.env["lockgate.price.seal"].search_count([]), seals)
        self.assertIn(change.name, exception.message_ids[0].body)

    def test_the_changes_behind_the_prices_are_a_button_away(self):
        later = self.approved({self.third: 30.0})
        exception = self.drift("11.00").with_user(self.analyst)
        self.assertEqual(exception.price_change_count, 2)
        opened = exception.action_open_price_changes()["domain"]
        self.assertEqual(self.env["lockgate.price.change"].search(opened), later + self.change)
        publication = self.env["lockgate.publication"].search([("listing_id", "=", self.listing.id)])
        self.assertEqual(publication.with_user(self.analyst).price_change_id, self.change)

    def test_a_price_in_another_currency_is_not_drafted(self):
        other = "EUR" if self.currency.name != "EUR" else "USD"
        exception = self.drift("11.00", other)
        with self.assertRaisesRegex(UserError, "nothing to draft"):
            exception.with_user(self.analyst).action_use_channel_price()

    def test_only_an_analyst_drafts(self):
        exception = self.drift("11.00")
        owner = new_test_user(self.env, "clerk_of_prices", "lockgate.lockgate_group_exception_owner")
        for user in (owner, self.approver):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                exception.with_user(user).action_use_channel_price()
        self.assertEqual(exception.state, "open")
