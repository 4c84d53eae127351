"""What only two real connections can show: locks, snapshots, commits."""

from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.tests import TransactionCase, tagged

from .. import wake
from ..models.turn import Busy
from ..turn import CannotMake
from .common import FakeMaker, make_channel, request, result

CODE = "two_connections"


@tagged("-at_install", "post_install")
class TestTwoConnections(TransactionCase):
    """The channel is committed, and removed when the class ends."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maker = FakeMaker()
        cls.classPatch(type(cls.env["lockgate.turn"]), "_wanted_makers", lambda turn: {"stock": cls.maker})
        cls.addClassCleanup(cls.remove)
        cls.remove()
        with cls.registry.cursor() as cr:
            channel = make_channel(api.Environment(cr, SUPERUSER_ID, {}), CODE, 3)
            cls.channel_id, cls.listing_ids = channel.id, channel.listing_ids.ids

    @classmethod
    def remove(cls):
        with cls.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            channel = env["lockgate.channel"].search([("code", "=", CODE)])
            cr.execute("DELETE FROM lockgate_publication WHERE channel_id = ANY(%s)", [channel.ids])
            products = channel.listing_ids.product_id
            connector = channel.connector_id
            channel.listing_ids.unlink()
            cr.flush()
            cr.execute("DELETE FROM lockgate_outbox WHERE channel_id = ANY(%s)", [channel.ids])
            channel.unlink()
            products.product_tmpl_id.unlink()
            connector.unlink()

    def setUp(self):
        super().setUp()
        self.maker.__init__()
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM lockgate_publication WHERE channel_id = %s", [self.channel_id])
            cr.execute("DELETE FROM lockgate_outbox WHERE channel_id = %s", [self.channel_id])

    def connect(self):
        """An environment on a connection of its own, rolled back and closed when the test ends."""
        cr = self.registry.cursor()
        self.addCleanup(cr.close)
        # A lock that is waited for would hang the test: let it fail.
        cr.execute("SET statement_timeout = '10s'")
        cr.commit()  # pylint: disable=invalid-commit
        return api.Environment(cr, SUPERUSER_ID, {})

    def mark(self, env, number=0):
        env["lockgate.outbox"]._mark_listings("stock", [self.listing_ids[number]], "adjusted")
        env.cr.flush()

    def marked(self):
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT listing_id FROM lockgate_outbox WHERE channel_id = %s ORDER BY id", [self.channel_id]
            )
            return [listing for (listing,) in cr.fetchall()]

    def turn(self, env, *results):
        answer = env["lockgate.turn"]._take(request(CODE, results))
        env.cr.commit()
        return answer

    def test_a_second_turn_of_a_channel_is_busy(self):
        first, second = self.connect(), self.connect()
        first["lockgate.turn"]._lock(CODE)
        with self.assertRaises(Busy):
            second["lockgate.turn"]._take(request(CODE))

    def test_a_turn_that_began_before_another_one_ended_is_busy(self):
        first, second = self.connect(), self.connect()
        second.cr.execute("SELECT 1")  # the snapshot is taken: its view of the turn is stale from now on
        self.turn(first)
        with self.assertRaises(Busy):
            second["lockgate.turn"]._take(request(CODE))

    def test_the_gateway_answers_busy_and_takes_nothing(self):
        first, second = self.connect(), self.connect()
        self.maker.quantities[self.listing_ids[0]] = 7
        self.mark(second)
        second.cr.commit()
        first["lockgate.turn"]._lock(CODE)
        answer = second["lockgate.gateway"]._turn(request(CODE))
        self.assertEqual((answer["state"], answer["leases"]), ("busy", []))
        self.assertEqual(len(self.marked()), 1)

    def test_turns_of_two_channels_do_not_meet(self):
        first, second = self.connect(), self.connect()
        first["lockgate.turn"]._lock(CODE)
        make_channel(second, "another_quay", 0)
        self.assertEqual(second["lockgate.turn"]._take(request("another_quay"))["state"], "turned")

    def test_a_mark_never_waits_for_a_turn(self):
        turning, moving = self.connect(), self.connect()
        turning["lockgate.turn"]._take(request(CODE))
        self.mark(moving)
        moving.cr.commit()
        self.assertEqual(self.marked(), self.listing_ids[:1])

    def test_editing_a_listing_never_waits_for_a_turn(self):
        turning, editing = self.connect(), self.connect()
        self.mark(turning)
        turning.cr.commit()
        self.maker.quantities[self.listing_ids[0]] = 7
        turning["lockgate.turn"]._take(request(CODE))
        editing["lockgate.listing"].browse(self.listing_ids[1]).reference = "gid-7"
        editing.cr.flush()

    def test_a_rolled_back_transaction_leaves_no_mark_and_wakes_nobody(self):
        env = self.connect()
        with patch.object(wake, "tell") as tell:
            self.mark(env)
            env.cr.rollback()
        self.assertEqual(self.marked(), [])
        tell.assert_not_called()

    def test_the_sidecar_is_told_after_the_commit_and_only_then(self):
        env = self.connect()
        with patch.object(wake, "tell") as tell:
            self.mark(env)
            tell.assert_not_called()
            env.cr.commit()
        database = env["ir.config_parameter"].get_param("database.uuid")
        tell.assert_called_once_with(database, [CODE])

    def test_a_mark_that_is_committed_late_with_a_lower_number_is_not_lost(self):
        late, early, turning = self.connect(), self.connect(), self.connect()
        self.maker.quantities.update(dict.fromkeys(self.listing_ids, 7))
        self.mark(late, 0)
        self.mark(early, 1)
        early.cr.commit()
        leases = self.turn(turning)["leases"]
        self.assertEqual([lease["value"]["sku"] for lease in leases], [f"{CODE}-1"])
        late.cr.commit()
        leases = self.turn(turning)["leases"]
        self.assertEqual([lease["value"]["sku"] for lease in leases], [f"{CODE}-0"])
        self.assertEqual(self.marked(), [])

    def test_a_mark_made_while_its_listing_is_computed_brings_the_newest_value_next(self):
        turning, moving = self.connect(), self.connect()
        self.maker.quantities[self.listing_ids[0]] = 7
        self.mark(turning)
        turning.cr.commit()
        answer = turning["lockgate.turn"]._take(request(CODE))
        self.mark(moving)
        moving.cr.commit()
        turning.cr.commit()
        self.maker.quantities[self.listing_ids[0]] = 8
        (lease,) = answer["leases"]
        leases = self.turn(turning, result(answer, lease))["leases"]
        self.assertEqual([lease["value"]["quantity"] for lease in leases], [8])

    def test_a_failed_turn_leaves_everything_as_it_was(self):
        env = self.connect()
        self.maker.quantities[self.listing_ids[0]] = 7
        self.maker.poisoned.add(self.listing_ids[1])
        self.mark(env, 0)
        self.mark(env, 1)
        env.cr.commit()
        with self.assertRaises(CannotMake):
            env["lockgate.turn"]._take(request(CODE))
        env.cr.rollback()
        self.assertEqual(self.marked(), self.listing_ids[:2])
        self.assertFalse(env["lockgate.publication"].search([("channel_id", "=", self.channel_id)]))
