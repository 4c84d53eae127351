from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.addons.lockgate.tests.session import interactive
from odoo.addons.lockgate_price.models import price_background
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.sql_db import db_connect
from odoo.tests.common import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from .common import make_world

EVIDENCE = ("lockgate_price_seal", "lockgate_price_approval")


@tagged("post_install", "-at_install")
class TestAtOnce(BaseCase):
    """Two real connections. What is committed here is taken away again, evidence included."""

    def setUp(self):
        super().setUp()
        with self.transaction() as env:
            env.cr.execute("SELECT name, head FROM lockgate_price_chain")
            self.heads = env.cr.fetchall()
            self.world = {
                name: (records._name, records.ids) for name, records in make_world(env, "at_once").items()
            }
            changes = env["lockgate.price.change"].with_user(self.record(env, "analyst"))
            lines = [{"product_id": self.record(env, "products").ids[0], "price": 12.5}]
            self.change_id = changes.create(
                {
                    "book_ids": [Command.set(self.record(env, "book").ids)],
                    "line_ids": [Command.create(values) for values in lines],
                }
            ).id
            changes.browse(self.change_id).action_request()
        self.addCleanup(self.clean)

    def transaction(self):
        return Transaction(self)

    def record(self, env, name):
        model, ids = self.world[name]
        return env[model].browse(ids)

    def change(self, env, role):
        change = env["lockgate.price.change"].browse(self.change_id)
        return change.with_user(self.record(env, role))

    def state(self):
        with self.transaction() as env:
            change = self.change(env, "analyst")
            return change.state, change.line_ids.price, len(change.seal_ids)

    def clean(self):
        with self.transaction() as env:
            for table in EVIDENCE:
                env.cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER lockgate_price_evidence")
                env.cr.execute(f"DELETE FROM {table} WHERE change_id = %s", [self.change_id])
                env.cr.execute(f"ALTER TABLE {table} ENABLE TRIGGER lockgate_price_evidence")
            env.cr.execute("DELETE FROM lockgate_price_chain")
            for head in self.heads:
                env.cr.execute("INSERT INTO lockgate_price_chain (name, head) VALUES (%s, %s)", head)
            listing_ids = self.record(env, "listings").ids
            env.cr.execute("DELETE FROM lockgate_outbox WHERE listing_id = ANY(%s)", [listing_ids])
            env.cr.execute("UPDATE lockgate_price_change SET state = 'draft' WHERE id = %s", [self.change_id])
            env["lockgate.price.change"].browse(self.change_id).unlink()
            for name in ("book", "listings", "channel", "connector", "pricelist", "products"):
                self.record(env, name).unlink()
            users = self.record(env, "analyst") + self.record(env, "approver")
            partners = users.partner_id
            users.unlink()
            partners.unlink()
            # Nothing is told to a running sidecar of what was only a test.
            env.cr.precommit.clear()
            env.cr.execute("DELETE FROM lockgate_outbox WHERE listing_id = ANY(%s)", [listing_ids])

    def race(self, first, second):
        """Both look before either acts; the first commits. The second then fails, and fails again anew."""
        with self.transaction() as slow:
            self.assertEqual(self.change(slow, "analyst").state, "to_approve")
            with self.transaction() as fast:
                first(fast)
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                second(slow)
            slow.cr.rollback()
        with self.transaction() as again, self.assertRaises(UserError):
            second(again)

    def approve(self, env):
        with interactive(self.record(env, "approver")):
            self.change(env, "approver").action_approve()

    def reject(self, env):
        with interactive(self.record(env, "approver"), method="action_reject"):
            self.change(env, "approver").action_reject("No")

    def approve_large(self):
        """Approved, and to be sealed by the background."""
        with patch.object(price_background, "AT_ONCE", 0), self.transaction() as env:
            self.approve(env)

    def seal(self, env):
        """What the scheduled action does next with this change."""
        jobs = env["lockgate.price.job"]
        if job := jobs.search([("change_id", "=", self.change_id)])._first():
            jobs._step(job)

    def edit(self, env):
        change = self.change(env, "analyst")
        if change.state == "to_approve":
            change.action_back_to_draft()
        change.line_ids.price = 1

    def cancel(self, env):
        self.change(env, "analyst").action_cancel()

    def test_approving_wins_over_editing_at_once(self):
        self.race(self.approve, self.edit)
        self.assertEqual(self.state(), ("approved", 12.5, 1))

    def test_editing_wins_over_approving_at_once(self):
        self.race(self.edit, self.approve)
        self.assertEqual(self.state(), ("draft", 1, 0))

    def test_approving_wins_over_cancelling_at_once(self):
        self.race(self.approve, self.cancel)
        self.assertEqual(self.state(), ("approved", 12.5, 1))

    def test_cancelling_wins_over_approving_at_once(self):
        self.race(self.cancel, self.approve)
        self.assertEqual(self.state(), ("cancelled", 12.5, 0))

    def test_sealing_wins_over_rejecting_at_once(self):
        self.approve_large()
        self.race(self.seal, self.reject)
        self.assertEqual(self.state(), ("approved", 12.5, 1))

    def test_rejecting_wins_over_sealing_at_once(self):
        self.approve_large()
        self.overtaken(self.reject, self.seal)
        self.assertEqual(self.state(), ("rejected", 12.5, 0))

    def test_two_that_seal_at_once_seal_once(self):
        self.approve_large()
        self.overtaken(self.seal, self.seal)
        self.assertEqual(self.state(), ("approved", 12.5, 1))

    def test_two_that_ask_at_once_ask_once(self):
        with self.transaction() as env:
            self.change(env, "analyst").action_back_to_draft()
        with patch.object(price_background, "AT_ONCE", 0):
            with self.transaction() as slow:
                self.assertEqual(self.change(slow, "analyst").state, "draft")
                with self.transaction() as fast:
                    self.change(fast, "analyst").action_request()
                with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                    self.change(slow, "analyst").action_request()
                slow.cr.rollback()
            with self.transaction() as again, self.assertRaises(UserError):
                self.change(again, "analyst").action_request()
        with self.transaction() as env:
            self.assertEqual(env["lockgate.price.job"].search_count([("change_id", "=", self.change_id)]), 1)

    def test_sealing_that_fails_in_the_middle_leaves_nothing_of_it(self):
        self.approve_large()
        rules = "odoo.addons.lockgate_price.models.pricelist_item.ProductPricelistItem._copy"
        with (
            patch(rules, side_effect=RuntimeError("in the middle")),
            mute_logger("odoo.addons.lockgate_price.models.price_job"),
            self.transaction() as env,
        ):
            env["lockgate.price.job"]._run()
        self.assertEqual(self.state(), ("draft", 12.5, 0))
        with self.transaction() as env:
            change = self.change(env, "analyst")
            self.assertFalse(change.line_ids.rule_ids)
            self.assertFalse(change.request_hash)
            self.assertIn("could not be sealed", "".join(change.message_ids.mapped("body")))
            self.assertFalse(env["lockgate.price.job"].search([("change_id", "=", self.change_id)]))

    def overtaken(self, first, second):
        """Both look before either acts; the second fails, and looks again without finding anything to do."""
        with self.transaction() as slow:
            self.assertEqual(self.change(slow, "analyst").state, "to_approve")
            with self.transaction() as fast:
                first(fast)
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                second(slow)
            slow.cr.rollback()
        with self.transaction() as again:
            second(again)


class Transaction:
    """An environment on a connection of its own: commits at the end, rolls back when something fails."""

    def __init__(self, case):
        self.case = case

    def __enter__(self):
        self.cr = db_connect(get_db_name()).cursor()
        return api.Environment(self.cr, SUPERUSER_ID, {})

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.cr.flush()
                self.cr.commit()  # pylint: disable=invalid-commit
        finally:
            self.cr.close()
