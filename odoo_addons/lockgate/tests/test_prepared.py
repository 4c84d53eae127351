from odoo.tests import TransactionCase, tagged

from ..turn import leases, prepared

STATEMENT = "SELECT count(*) FROM lockgate_channel WHERE code = %(code)s AND state = ANY(%(states)s)"
KNOWN = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE %s"


@tagged("-at_install", "post_install")
class TestPrepared(TransactionCase):
    """On a connection of its own, which Odoo's pool lends twice."""

    def lend(self, use):
        """What `use(cursor)` returns, and which connection it had."""
        with self.registry.cursor() as cr:
            return use(cr), cr.connection.get_backend_pid()

    def execute(self, cr, code="nowhere"):
        prepared.execute(cr, STATEMENT, {"code": code, "states": ["running", "frozen"]})
        return cr.fetchall()

    def plans(self, cr):
        self.execute(cr)
        cr.execute(KNOWN, [f"PREPARE lockgate_% AS {STATEMENT.split('%')[0]}%"])
        return cr.fetchone()

    def test_a_statement_is_planned_once_however_often_its_connection_is_lent(self):
        (first, connection), (second, again) = self.lend(self.plans), self.lend(self.plans)
        self.assertEqual(connection, again)
        self.assertEqual([second[0] - first[0], second[1]], [1, 0])

    def test_it_takes_the_parameters_of_each_call(self):
        self.assertEqual(self.lend(self.execute)[0], [(0,)])
        channel = self.env["lockgate.channel"].search([("state", "in", ("running", "frozen"))], limit=1)
        self.assertEqual(self.execute(self.env.cr, channel.code or "nowhere"), [(len(channel),)])

    def test_a_plan_made_while_tables_are_small_scans_none_of_them(self):
        def planned(cr):
            parameters = {"exchange": "none", "channel": 0}
            prepared.execute(cr, leases.REPEAT, parameters)
            cr.execute(f"EXPLAIN {prepared._prepared(leases.REPEAT)[2]}", parameters)
            return "\n".join(line for (line,) in cr.fetchall())

        plan, _connection = self.lend(planned)
        self.assertIn("lockgate_attempt", plan)
        self.assertNotIn("Seq Scan", plan)

    def test_a_connection_that_keeps_plans_is_lent_as_clean_as_any_other(self):
        def soil(cr):
            self.execute(cr)
            cr.execute(
                "SET work_mem = '7MB'; LISTEN lockgate_soiled; SELECT pg_advisory_lock(7);"
                "CREATE TEMP TABLE lockgate_soiled (id int)"
            )

        def soiled(cr):
            cr.execute(
                """
                SELECT current_setting('work_mem') = '7MB',
                       EXISTS (SELECT FROM pg_listening_channels()),
                       EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
                       to_regclass('pg_temp.lockgate_soiled') IS NOT NULL
                """
            )
            return cr.fetchone()

        (_none, connection), (found, again) = self.lend(soil), self.lend(soiled)
        self.assertEqual(connection, again)
        self.assertEqual(found, (False, False, False, False))
