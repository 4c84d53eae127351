from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command

from .test_policy import PolicyCase


class TestAnswers(PolicyCase):
    """The ledger tells of every price which policy said what, when it was approved and when it began."""

    def row(self, seal):
        self.env.invalidate_all()
        return self.env["lockgate.price.ledger"].browse(seal.id)

    def test_it_tells_of_every_policy_that_held_for_the_price(self):
        self.policy("margin", percent=0.5)
        self.policy("rise", "ask", percent=0.1)
        self.policy("fall", category_id=self.env["product.category"].create({"name": "Other"}).id)
        self.approved({self.product: 10})
        seal = self.approved({self.product: 12}).seal_ids
        approved = fields.Datetime.to_string(seal.approval_id.date)
        self.assertEqual(
            self.row(seal).policy_answers,
            f"{approved} · The margin · inside\n{approved} · The rise · outside: Ask for Approvers",
        )

    def test_a_price_that_no_policy_is_for_says_nothing(self):
        seal = self.approved().seal_ids
        self.assertFalse(seal.policies)
        self.assertFalse(self.row(seal).policy_answers)

    def test_what_was_held_and_released_when_its_time_came_is_told(self):
        self.baseline()
        self.policy("margin")
        start = fields.Datetime.now() + timedelta(days=1)
        change = self.approved(effective_from=start)
        self.product.standard_price = 11
        self.env.flush_all()
        self.env["lockgate.turn"]._wanted_price(self.channel, self.listings, start, {})
        self.env.invalidate_all()
        held = self.env["lockgate.price.ledger"]._at(start, listings=self.listing)
        self.assertEqual(held.amount, 10)
        change.with_user(self.approver).action_release("Agreed with purchasing")
        answers = self.row(change.seal_ids).policy_answers.splitlines()
        self.assertIn("· Held · The margin", answers[1])
        self.assertIn("· Released", answers[2])
        self.assertIn("Agreed with purchasing", answers[2])
        released = self.env["lockgate.price.ledger"]._at(start, listings=self.listing)
        self.assertEqual(released.amount, 12.5)

    def test_the_answers_stay_whatever_becomes_of_the_policy(self):
        policy = self.policy("margin", percent=0.5)
        seal = self.approved().seal_ids
        policy.write({"name": "Renamed", "active": False})
        self.assertIn("The margin · inside", self.row(seal).policy_answers)
        self.assertFalse(self.seals._broken_links())
        with self.assertRaises(AccessError):
            seal.policies = []

    def test_it_is_exported(self):
        self.policy("margin", percent=0.5)
        self.analyst.group_ids = [Command.link(self.env.ref("base.group_allow_export").id)]
        row = self.row(self.approved().seal_ids).with_user(self.analyst)
        [[listing, answers]] = row.export_data(["listing_id", "policy_answers"])["datas"]
        self.assertIn("test-1", listing)
        self.assertIn("The margin", answers)


class TestCalendar(PolicyCase):
    def rows(self, user=None):
        calendar = self.env["lockgate.price.calendar"].with_user(user or self.analyst)
        domain = ["|", ("change_id.book_ids", "in", self.book.ids), ("policy_id.name", "=like", "The %")]
        return calendar.search(domain)

    def test_changes_and_freeze_windows_stand_side_by_side(self):
        start = fields.Datetime.now() + timedelta(days=1)
        end = start + timedelta(days=2)
        change = self.approved(effective_from=start, effective_to=end)
        freeze = self.policy("freeze", channel_id=self.channel.id)
        self.policy("margin")
        self.draft()
        self.assertRecordValues(
            self.rows(),
            [
                {"state": "approved", "change_id": change.id, "date_start": start, "date_stop": end},
                {
                    "state": "freeze",
                    "change_id": False,
                    "date_start": freeze.freeze_from,
                    "date_stop": freeze.freeze_to,
                },
            ],
        )
        self.assertIn(self.channel.name, self.rows()[1].detail)

    def test_what_is_rejected_or_archived_is_gone(self):
        change = self.requested(effective_from=fields.Datetime.now() + timedelta(days=1))
        freeze = self.policy("freeze")
        self.assertEqual(len(self.rows()), 2)
        change.with_user(self.approver).action_reject("No")
        freeze.active = False
        self.env.invalidate_all()
        self.assertFalse(self.rows())

    def test_another_companys_windows_are_not_seen(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env["lockgate.price.policy"].create(
            {
                "name": "The other freeze",
                "company_id": other.id,
                "kind": "freeze",
                "freeze_from": "2026-12-01",
                "freeze_to": "2026-12-24",
            }
        )
        self.assertFalse(self.rows())
        self.analyst.company_ids = [Command.link(other.id)]
        allowed = self.analyst.company_ids.ids
        calendar = self.env["lockgate.price.calendar"].with_user(self.analyst)
        found = calendar.with_context(allowed_company_ids=allowed).search([("state", "=", "freeze")])
        self.assertIn("The other freeze", found.mapped("name"))
