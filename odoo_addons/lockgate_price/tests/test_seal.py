from datetime import timedelta

from psycopg2 import IntegrityError, errors

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from .common import PriceCase

EVIDENCE = ("lockgate.price.seal", "lockgate.price.approval")


class TestSeal(PriceCase):
    def test_the_newest_seal_that_covers_the_moment_is_in_force(self):
        baseline = self.baseline()
        change = self.approved()
        old = baseline.seal_ids.filtered(lambda seal: seal.listing_id == self.listing)
        self.assertFalse(old.in_force)
        self.assertTrue(change.seal_ids.in_force)
        self.assertEqual(
            self.seals.search([("in_force", "=", True)]), baseline.seal_ids - old + change.seal_ids
        )

    def test_a_seal_that_has_not_begun_is_not_in_force(self):
        change = self.approved(effective_from=fields.Datetime.now() + timedelta(days=1))
        self.assertFalse(change.seal_ids.in_force)

    def test_a_revoked_seal_leaves_the_one_underneath(self):
        baseline = self.baseline()
        change = self.approved(effective_from=fields.Datetime.now() + timedelta(days=1))
        seal = change.seal_ids
        change.with_user(self.approver).action_cancel()
        moment = fields.Datetime.now() + timedelta(days=2)
        self.patch(fields.Datetime, "now", lambda: moment)
        self.assertFalse(seal.in_force)
        self.assertTrue(baseline.seal_ids.filtered(lambda old: old.listing_id == self.listing).in_force)

    def test_nobody_creates_writes_or_deletes_evidence_through_the_orm(self):
        change = self.approved()
        for model in EVIDENCE:
            row = self.env[model].search([("change_id", "=", change.id)])
            data = row.copy_data()[0]
            attempts = (
                lambda row=row, data=data: row.create(data),
                lambda row=row: row.copy(),
                lambda row=row: row.write({"change_id": change.id}),
                lambda row=row: row.unlink(),
                lambda row=row: row.web_save({"change_id": change.id}, {}),
            )
            for env_row in attempts:
                with self.subTest(model=model), self.assertRaises(AccessError):
                    env_row()
            result = row.load(["change_id/.id"], [[str(change.id)]])
            self.assertFalse(result["ids"])

    def test_the_database_refuses_to_change_or_delete_evidence(self):
        self.approved()
        for model in EVIDENCE:
            table = self.env[model]._table
            for query in (
                f"UPDATE {table} SET company_id = company_id",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                with (
                    self.subTest(query=query),
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(errors.InsufficientPrivilege),
                    self.env.cr.savepoint(),
                ):
                    self.env.cr.execute(query)

    def test_a_seal_needs_the_approval_of_exactly_what_it_seals(self):
        change = self.approved()
        with self.assertRaises(AccessError):
            self.seals._seal(change.approval_ids.sudo())

    def test_a_seal_of_something_else_than_was_approved_is_refused(self):
        change = self.requested().sudo()
        change._transition({"to_approve"}, "approved", effective_from=fields.Datetime.now())
        approval = change._decide("approved", change._digest(change._proposals()), basis="tier")
        self.execute("UPDATE lockgate_price_change_line SET price = 1 WHERE change_id = %s", [change.id])
        with self.assertRaisesRegex(AccessError, "as approved"):
            self.seals._seal(approval)

    def test_a_rejection_seals_and_revokes_nothing(self):
        change = self.requested().sudo()
        change.with_user(self.approver).action_reject("No")
        with self.assertRaises(AccessError):
            self.seals._seal(change.approval_ids)
        with self.assertRaises(AccessError):
            self.seals._revoke(self.approved().seal_ids, change.approval_ids)

    def test_a_listing_with_seals_cannot_be_deleted(self):
        self.baseline()
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.listing.unlink()
