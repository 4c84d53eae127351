from odoo.exceptions import AccessError

from .common import LockgateCase


class TestWrittenByTheTurn(LockgateCase):
    """Publications, attempts, turns and marks are written by the turn alone."""

    def users(self):
        return self.user_reader | self.user_operator | self.user_owner | self.user_manager

    def test_not_even_the_superuser_writes_publications(self):
        self.lease()
        publication = self.publication()
        with self.assertRaises(AccessError):
            publication.write({"state": "settled"})
        with self.assertRaises(AccessError):
            publication.unlink()
        with self.assertRaises(AccessError):
            publication.copy()
        with self.assertRaises(AccessError):
            self.env["lockgate.publication"].create(
                {"channel_id": self.channel.id, "listing_id": self.listing.id, "aspect": "stock"}
            )

    def test_not_even_the_superuser_writes_attempts(self):
        self.lease()
        attempt = self.publication().attempt_ids
        with self.assertRaises(AccessError):
            attempt.write({"outcome": "accepted"})
        with self.assertRaises(AccessError):
            attempt.unlink()
        with self.assertRaises(AccessError):
            self.env["lockgate.attempt"].create({"publication_id": attempt.publication_id.id})

    def test_no_user_writes_turns_or_marks(self):
        self.want(7)
        turn = self.env["lockgate.turn"].search([("channel_id", "=", self.channel.id)])
        mark = self.env["lockgate.outbox"].search([], limit=1)
        for user in self.users():
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    turn.with_user(user).write({"number": 0})
                with self.assertRaises(AccessError):
                    mark.with_user(user).unlink()
                with self.assertRaises(AccessError):
                    self.env["lockgate.outbox"].with_user(user).create(
                        {"channel_id": self.channel.id, "listing_id": 1, "aspect": "stock", "reason": "x"}
                    )

    def test_no_user_registers_a_connector_by_hand(self):
        for user in self.users():
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.channel.connector_id.with_user(user).write({"can_read_back": False})

    def test_push_again_is_an_operators_button(self):
        self.settle(7)
        with self.assertRaises(AccessError):
            self.publication().with_user(self.user_reader).action_push_again()

    def test_publications_hold_no_stored_computed_field(self):
        """The ORM would write one from users' transactions, and a push would wait for them."""
        stored = [
            name
            for name, field in self.env["lockgate.publication"]._fields.items()
            if field.store and (field.compute or field.related)
        ]
        self.assertEqual(stored, [])
