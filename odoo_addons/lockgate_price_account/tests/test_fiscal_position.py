from odoo.addons.lockgate_price.tests.common import PriceCase
from odoo.exceptions import UserError, ValidationError


class TestFiscalPosition(PriceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.position = cls.env["account.fiscal.position"].create({"name": "Abroad"})

    def test_a_seal_and_its_revocation_record_the_position_of_their_book(self):
        self.book.fiscal_position_id = self.position
        self.assertEqual(self.approved().seal_ids.fiscal_position_id, self.position)
        self.assertFalse(self.seals._broken_links())

    def test_a_book_without_one_seals_without_one(self):
        self.assertFalse(self.approved().seal_ids.fiscal_position_id)

    def test_what_was_asked_for_under_another_position_is_refused(self):
        change = self.requested()
        self.book.fiscal_position_id = self.position
        with self.assertRaisesRegex(UserError, "no longer what was asked for"):
            change.with_user(self.approver).action_approve()

    def test_the_position_of_a_book_with_seals_stays(self):
        self.baseline()
        with self.assertRaisesRegex(ValidationError, "stay as they are"):
            self.book.fiscal_position_id = self.position

    def test_another_companys_position_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        theirs = self.position.create({"name": "Theirs", "company_id": other.id})
        with self.assertRaises(UserError):
            self.book.fiscal_position_id = theirs
