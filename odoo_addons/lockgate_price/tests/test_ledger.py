import io
import json
from contextlib import contextmanager, redirect_stdout
from datetime import timedelta

from psycopg2.errors import InsufficientPrivilege

from odoo import fields
from odoo.cli.command import find_command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..wizard import ledger_check
from .common import PriceCase

SEALS = "lockgate_price_seal"
APPROVALS = "lockgate_price_approval"


class LedgerCase(PriceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls.env["lockgate.price.ledger"]
        cls.manager = new_test_user(cls.env, "keeper_test", "lockgate.lockgate_group_manager")

    def row(self, seal):
        self.env.invalidate_all()
        return self.ledger.browse(seal.id)

    def attempt(self, seal, outcome, at, reading=None):
        """What a worker reported of this seal at that moment."""
        value = {"aspect": "price", "seal": seal.id, "amount": str(seal.amount), "currency": "USD"}
        self.execute(
            """
            WITH publication AS (
                INSERT INTO lockgate_publication AS p (
                       channel_id, listing_id, aspect, scope, state, work_class, wanted)
                VALUES (%(channel)s, %(listing)s, 'price', %(book)s, 'settled', 'routine', %(value)s)
           ON CONFLICT (listing_id, aspect, scope) DO UPDATE SET wanted = excluded.wanted
             RETURNING id
            )
            INSERT INTO lockgate_attempt (channel_id, publication_id, exchange_id, token, purpose, value,
                                          outcome, reading, leased_at, reported_at)
            SELECT %(channel)s, id, 'exchange', gen_random_uuid()::text, 'push', %(value)s, %(outcome)s,
                   %(reading)s, %(at)s, %(at)s
              FROM publication
            """,
            {
                "channel": seal.channel_id.id,
                "listing": seal.listing_id.id,
                "book": seal.book_id.id,
                "value": json.dumps(value),
                "outcome": outcome,
                "reading": reading and json.dumps(reading),
                "at": at,
            },
        )


class TestLedger(LedgerCase):
    def test_it_tells_who_asked_who_approved_and_when_the_channel_took_and_showed_it(self):
        seal = self.approved().seal_ids
        self.assertFalse(self.row(seal).taken_at)
        start = fields.Datetime.now().replace(microsecond=0)
        seconds = [start + timedelta(seconds=n) for n in range(6)]
        self.attempt(seal, "retry", seconds[0])
        self.attempt(seal, "accepted", seconds[1])
        self.attempt(seal, "read", seconds[2], {"amount": "99", "currency": "USD"})
        self.attempt(seal, "accepted", seconds[3])
        self.attempt(seal, "read", seconds[4], {"amount": str(seal.amount), "currency": "USD"})
        row = self.row(seal)
        self.assertEqual((row.requester_id, row.approver_id), (self.analyst, self.approver))
        self.assertEqual((row.taken_at, row.verified_at), (seconds[1], seconds[4]))
        self.assertIn(f"{self.approver.name} · Approved", row.decisions)
        self.assertTrue(row.in_force)

    def test_a_push_of_another_seal_is_not_this_ones(self):
        first, second = self.approved().seal_ids, self.approved({self.product: 13}).seal_ids
        self.attempt(second, "accepted", fields.Datetime.now())
        self.assertFalse(self.row(first).taken_at)
        self.assertTrue(self.row(second).taken_at)

    def test_a_replaced_and_a_revoked_price_say_so(self):
        first, second = self.approved().seal_ids, self.approved({self.product: 13}).seal_ids
        row = self.row(first)
        self.assertEqual((row.replaced_by_id, row.replaced_at), (second, second.date_from))
        later = self.approved({self.product: 14}, effective_from=fields.Datetime.now() + timedelta(days=1))
        seal = later.seal_ids.filtered(lambda seal: not seal.revokes_id)
        later.with_user(self.approver).action_cancel()
        row = self.row(seal)
        self.assertTrue(row.revoked_at)
        self.assertEqual(row.revoked_by_id, self.approver)
        self.assertFalse(self.row(second).replaced_by_id)

    def test_a_price_for_a_while_replaces_nothing_for_good(self):
        first = self.approved().seal_ids
        self.approved({self.product: 9}, effective_to=fields.Datetime.now() + timedelta(days=1))
        self.assertFalse(self.row(first).replaced_by_id)

    def test_the_price_at_any_moment(self):
        start = fields.Datetime.now()
        baseline = self.baseline()
        old = baseline.seal_ids.filtered(lambda seal: seal.listing_id == self.listing)
        sale = self.approved(
            {self.product: 8},
            effective_from=start + timedelta(days=1),
            effective_to=start + timedelta(days=2),
        ).seal_ids
        expected = {
            start - timedelta(days=1): self.seals,
            start + timedelta(hours=1): old,
            sale.date_from - timedelta(seconds=1): old,
            sale.date_from: sale,
            sale.date_to - timedelta(seconds=1): sale,
            sale.date_to: old,
        }
        for moment, seal in expected.items():
            with self.subTest(moment):
                wizard = self.env["lockgate.price.moment"].create(
                    {"product_id": self.product.id, "moment": moment}
                )
                action = wizard.action_show()
                self.assertIn("Prices at", action["display_name"])
                rows = self.ledger.search(action["domain"])
                self.assertEqual(rows.seal_id, seal)

    def test_a_moment_of_nothing_is_refused(self):
        with self.assertRaisesRegex(UserError, "Choose a product or a listing"):
            self.env["lockgate.price.moment"].create({}).action_show()

    def test_a_listing_that_stands_for_another_product_today_keeps_its_past(self):
        seal = self.approved().seal_ids
        self.listing.product_id = self.env["product.product"].create({"name": "Other"})
        rows = self.ledger._at(fields.Datetime.now(), listings=self.listing)
        self.assertEqual(rows.seal_id, seal)

    def test_what_attempts_told_outlives_them(self):
        seal = self.approved().seal_ids
        long_ago = fields.Datetime.now().replace(microsecond=0) - timedelta(days=100)
        self.attempt(seal, "accepted", long_ago)
        self.attempt(seal, "read", long_ago + timedelta(1), {"amount": str(seal.amount), "currency": "USD"})
        before = self.row(seal).read(["taken_at", "verified_at"])
        self.env["lockgate.attempt"]._gc_attempts()
        self.env.invalidate_all()
        self.assertFalse(self.env["lockgate.attempt"].search([("channel_id", "=", self.channel.id)]))
        self.assertEqual(self.row(seal).read(["taken_at", "verified_at"]), before)
        self.assertTrue(before[0]["taken_at"])

    def test_what_it_keeps_of_attempts_is_evidence(self):
        seal = self.approved().seal_ids
        long_ago = fields.Datetime.now().replace(microsecond=0) - timedelta(days=100)
        taken, rights = self.env["lockgate.price.taken"], self.env.ref("base.user_root")
        for attempt in range(2):  # what comes first stands, whatever is told of it again
            self.attempt(seal, "accepted", long_ago + timedelta(days=attempt))
            self.env["lockgate.attempt"]._gc_attempts()
        self.assertEqual(taken.search([]).mapped("taken_at"), [long_ago])
        self.assertEqual(self.row(seal).taken_at, long_ago)
        row = taken.search([])
        for forge in (
            lambda: row.with_user(rights).write({"taken_at": long_ago - timedelta(days=1)}),
            lambda: taken.sudo().create({"seal_id": seal.id, "taken_at": long_ago}),
        ):
            with self.assertRaises(AccessError):
                forge()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(InsufficientPrivilege),
            self.env.cr.savepoint(),
        ):
            self.execute("UPDATE lockgate_price_taken SET taken_at = now()")

    def test_who_asked_is_who_asked_when_it_was_approved(self):
        seal = self.approved().seal_ids
        self.execute(
            "UPDATE lockgate_price_change SET requester_id = %s WHERE id = %s",
            [self.approver.id, seal.change_id.id],
        )
        self.assertEqual(self.row(seal).requester_id, self.analyst)

    def test_it_is_exported_and_opened_from_change_listing_and_product(self):
        change = self.approved()
        records = (change, self.listing, self.product, self.product.product_tmpl_id)
        names = (
            "action_open_ledger",
            "action_open_price_ledger",
            "action_open_lockgate_price_ledger",
            "action_open_lockgate_price_ledger",
        )
        for record, name in zip(records, names, strict=True):
            action = getattr(record.with_user(self.analyst), name)()
            rows = self.ledger.with_user(self.analyst).search(action["domain"])
            self.assertEqual(rows.seal_id, change.seal_ids)
        data = self.ledger.browse(rows.ids).export_data(
            ["listing_id", "amount", "requester_id", "approver_id", "decisions"]
        )["datas"]
        self.assertEqual(data[0][1], 12.5)

    def test_nobody_writes_it_and_others_companies_are_not_shown(self):
        row = self.row(self.approved().seal_ids).with_user(self.manager)
        for attempt in (lambda: row.write({"amount": 1}), row.unlink, lambda: row.create({})):
            with self.assertRaises(AccessError):
                attempt()
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env, "stranger", "lockgate.lockgate_group_user", company_ids=other.ids, company_id=other.id
        )
        self.assertFalse(self.ledger.with_user(stranger).search([]))


class TestVerify(LedgerCase):
    """What the owner of the database does by SQL is found, and said in words."""

    def setUp(self):
        super().setUp()
        self.baseline()
        self.approved()

    def verify(self, known=None):
        self.env.invalidate_all()
        return self.ledger.with_user(self.manager).verify(known)

    @contextmanager
    def tampered(self, *queries):
        """The evidence after these statements, with the trigger disabled; taken back afterwards."""
        savepoint = self.env.cr.savepoint()
        with savepoint:
            for table in (SEALS, APPROVALS):
                self.execute(f"ALTER TABLE {table} DISABLE TRIGGER lockgate_price_evidence")
            self.execute("DELETE FROM lockgate_price_impact")  # it refers to seals
            for query, *parameters in queries:
                self.execute(query, parameters)
            with self.assertLogs("odoo.addons.lockgate_price.wizard.ledger_check", "ERROR"):
                yield
            savepoint.rollback()

    def seal_numbers(self):
        return self.seals.search([], order="id").ids

    def test_a_ledger_that_nobody_touched_holds(self):
        answer = self.verify()
        self.assertEqual((answer["holds"], answer["problems"]), (True, []))
        self.assertEqual(answer["heads"]["lockgate.price.seal"], self.seals.search([], limit=1).chain_hash)

    def test_a_changed_seal_and_a_changed_approval(self):
        number = self.seal_numbers()[1]
        with self.tampered((f"UPDATE {SEALS} SET amount = amount + 1 WHERE id = %s", number)):
            self.assertEqual(
                self.verify()["problems"], [f"Price Seal {number} was changed after it was made."]
            )
        approval = self.env["lockgate.price.approval"].search([], limit=1).id
        with self.tampered((f"UPDATE {APPROVALS} SET user_id = 1 WHERE id = %s", approval)):
            self.assertEqual(
                self.verify()["problems"], [f"Price Approval {approval} was changed after it was made."]
            )

    def test_a_seal_deleted_in_the_middle(self):
        _first, gone, after, *_rest = self.seal_numbers()
        with self.tampered((f"DELETE FROM {SEALS} WHERE id = %s", gone)):
            (problem,) = self.verify()["problems"]
            self.assertIn(f"Price Seal {after} does not follow", problem)

    def test_seals_deleted_at_the_end(self):
        *_rest, left, gone = self.seal_numbers()
        with self.tampered((f"DELETE FROM {SEALS} WHERE id = %s", gone)):
            (problem,) = self.verify()["problems"]
            self.assertIn(f"After Price Seal {left}, rows were deleted or added", problem)

    def test_all_seals_deleted(self):
        with self.tampered((f"DELETE FROM {SEALS}",)):
            self.assertIn("After Price Seal 0", self.verify()["problems"][0])

    def test_two_seals_that_changed_places(self):
        first, second, *_rest = self.seal_numbers()
        with self.tampered(
            (f"UPDATE {SEALS} SET id = -1 WHERE id = %s", first),
            (f"UPDATE {SEALS} SET id = %s WHERE id = %s", first, second),
            (f"UPDATE {SEALS} SET id = %s WHERE id = -1", second),
        ):
            problems = self.verify()["problems"]
            self.assertTrue(any(f"Price Seal {first} does not follow" in problem for problem in problems))

    def test_a_seal_slipped_in(self):
        last = self.seal_numbers()[-1]
        columns = ", ".join(
            field.name
            for field in self.seals._fields.values()
            if field.store and field.name not in ("id", "amount")
        )
        with self.tampered(
            (
                f"INSERT INTO {SEALS} (id, amount, {columns}) SELECT id + 1, 0.01, {columns}"
                f" FROM {SEALS} WHERE id = %s",
                last,
            )
        ):
            self.assertIn(f"Price Seal {last + 1}", self.verify()["problems"][0])

    def test_a_chain_computed_anew_is_found_by_a_hash_that_was_kept(self):
        known = self.verify()["heads"]
        self.assertTrue(self.verify(known)["holds"])
        self.approved({self.second: 22})
        self.assertTrue(self.verify(known)["holds"])
        with self.tampered((f"UPDATE {SEALS} SET amount = 1 WHERE id = %s", self.seal_numbers()[0])):
            head = ""
            for number, _previous, _hash, content in list(self.seals._chain()):
                link = self.seals._link(head, content)
                self.execute(
                    f"UPDATE {SEALS} SET previous_hash = %s, chain_hash = %s WHERE id = %s",
                    [head, link, number],
                )
                head = link
            self.execute("UPDATE lockgate_price_chain SET head = %s WHERE name = %s", [head, SEALS])
            self.assertEqual(self.seals._broken_links(), [])
            (problem,) = self.verify(known)["problems"]
            self.assertIn("computed anew", problem)

    def test_the_button_says_it_in_words_to_administrators_alone(self):
        check = self.env["lockgate.ledger.check"].with_user(self.manager).create({})
        check.action_verify()
        self.assertTrue(check.holds)
        self.assertIn("The ledger holds", check.result)
        self.assertIn(self.seals.search([], limit=1).chain_hash, check.result)
        for user in (self.analyst, self.approver):
            with self.assertRaises(AccessError):
                self.ledger.with_user(user).verify()
            with self.assertRaises(AccessError):
                self.env["lockgate.ledger.check"].with_user(user).create({})

    def command(self, **known):
        """(whether the ledger holds, what the command writes)."""
        written = io.StringIO()
        with redirect_stdout(written):
            holds = find_command("verify_ledger")()._verify(self.env, known)
        return holds, written.getvalue()

    def test_a_release_that_no_approval_names(self):
        seal = self.seals.browse(self.seal_numbers()[0])
        self.execute(
            """
            INSERT INTO lockgate_price_check
                   (seal_id, change_id, channel_id, company_id, date, answer, policies, approval_id)
            SELECT id, change_id, channel_id, company_id, now(), 'released', '[]', approval_id
              FROM lockgate_price_seal WHERE id = %s
            """,
            [seal.id],
        )
        with self.assertLogs("odoo.addons.lockgate_price.wizard.ledger_check", "ERROR"):
            (problem,) = self.verify()["problems"]
        self.assertIn(f"Price Seal {seal.id} was held, and is let through by a release", problem)

    def test_the_command_says_it_with_the_hashes_to_keep(self):
        holds, written = self.command()
        self.assertTrue(holds)
        self.assertIn("The ledger holds.", written)
        self.assertIn(f"--seals {self.seals.search([], limit=1).chain_hash}", written)

    def test_the_command_names_what_was_changed(self):
        with self.tampered((f"UPDATE {SEALS} SET amount = 1 WHERE id = %s", self.seal_numbers()[0])):
            holds, written = self.command()
        self.assertFalse(holds)
        self.assertIn("was changed after it was made", written)

    def test_the_daily_check_leaves_its_result_in_the_servers_log(self):
        said = []
        self.patch(ledger_check._logger, "info", lambda *words: said.append(words))
        self.ledger._cron_verify()
        self.assertIn(self.seals.search([], limit=1).chain_hash, said[0][1].values())
