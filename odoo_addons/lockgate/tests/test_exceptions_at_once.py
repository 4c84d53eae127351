from psycopg2.errors import UniqueViolation

from odoo import SUPERUSER_ID, api
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..models import gateway
from .common import make_channel

CODE = "recorded_at_once"
BLOCKED = """
    INSERT INTO lockgate_publication (
           channel_id, listing_id, aspect, scope, wanted, version, wanted_at, work_class, state, tries,
           confirmed_version, verified_version, failed_at, message)
    SELECT channel_id, id, 'stock', 0, '{"aspect": "stock", "sku": "x", "quantity": 7}', 1, now(), 'routine',
           'blocked', 1, 0, 0, now() AT TIME ZONE 'UTC', 'No such product.'
      FROM lockgate_listing WHERE channel_id = %s
"""


@tagged("-at_install", "post_install")
class TestExceptionsAtOnce(TransactionCase):
    """Two workers report at once: real connections, with a channel that is committed and removed."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove)
        with self.registry.cursor() as cr:
            channel = make_channel(api.Environment(cr, SUPERUSER_ID, {}), CODE, 3)
            self.channel_id = channel.id
            cr.flush()
            cr.execute(BLOCKED, [channel.id])

    def remove(self):
        with self.registry.cursor() as cr:
            channel = api.Environment(cr, SUPERUSER_ID, {})["lockgate.channel"].browse(self.channel_id)
            cr.execute("DELETE FROM lockgate_publication WHERE channel_id = %s", [channel.id])
            products, connector = channel.listing_ids.product_id, channel.connector_id
            channel.listing_ids.unlink()
            cr.flush()
            cr.execute("DELETE FROM lockgate_outbox WHERE channel_id = %s", [channel.id])
            channel.unlink()
            products.product_tmpl_id.unlink()
            connector.unlink()

    def connect(self):
        cr = self.registry.cursor()
        self.addCleanup(cr.close)
        cr.execute("SET statement_timeout = '10s'")
        cr.commit()  # pylint: disable=invalid-commit
        return api.Environment(cr, SUPERUSER_ID, {})

    def catch_up(self, env):
        env["lockgate.exception"]._catch_up(env["lockgate.channel"].browse(self.channel_id))
        env.flush_all()

    def recorded(self):
        """[(failing listings, times)] of the channel's exceptions, as everybody sees them."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            exceptions = env["lockgate.exception"].search([("channel_id", "=", self.channel_id)])
            return [(exception.failing_count, exception.count) for exception in exceptions]

    @mute_logger("odoo.sql_db")
    def test_the_same_cause_is_recorded_once_though_two_saw_it_at_the_same_time(self):
        first, second = self.connect(), self.connect()
        for env in (first, second):
            env.cr.execute("SELECT 1")  # both begin before either has written
        self.catch_up(first)
        first.cr.commit()
        with self.assertRaises(UniqueViolation):
            self.catch_up(second)
        second.cr.rollback()
        second.invalidate_all(flush=False)
        self.catch_up(second)
        second.cr.commit()
        self.assertEqual(self.recorded(), [(3, 3)])

    @mute_logger("odoo.sql_db")
    def test_the_gateway_runs_again_what_met_another_and_records_it(self):
        catch_up, met = type(self.env["lockgate.exception"])._catch_up, []

        def meets_another(exceptions, channels):
            if not met:
                met.append(True)
                raise UniqueViolation
            return catch_up(exceptions, channels)

        self.patch(type(self.env["lockgate.exception"]), "_catch_up", meets_another)
        self.env["lockgate.gateway"]._catch_up(CODE, [])
        self.assertEqual(self.recorded(), [(3, 3)])

    @mute_logger(gateway.__name__)
    def test_an_error_in_the_recording_never_reaches_the_worker(self):
        def fails(exceptions, channels):
            raise ZeroDivisionError("a bug")

        self.patch(type(self.env["lockgate.exception"]), "_catch_up", fails)
        self.env["lockgate.gateway"]._catch_up(CODE, [])
        self.assertEqual(self.recorded(), [])
