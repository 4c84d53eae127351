import copy
import json
from unittest.mock import patch

import fastjsonschema
import psycopg2.errors

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import file_open, mute_logger

from ..models import gateway, turn
from .common import DESCRIPTION, FakeMaker, LockgateCase, event, request, result

GATEWAY_LOGGER = "odoo.addons.lockgate.models.gateway"

with file_open("lockgate/data/contract-v1.schema.json") as file:
    SCHEMA = json.load(file)


def fits(answer, message):
    """Raise when an answer does not fit the contract's message of that name."""
    fastjsonschema.validate({"$ref": f"#/$defs/{message}", "$defs": SCHEMA["$defs"]}, answer)


class GatewayCase(LockgateCase):
    """The gateway's own transactions run inside the test's."""

    def setUp(self):
        super().setUp()
        self.env.flush_all()
        self.registry_enter_test_mode()

    def envelope(self, **values):
        database, incarnation = self.env["lockgate.gateway"]._identity()
        return {"contract": 1, "database": database, "incarnation": incarnation, **values}

    def call(self, method, message, user=None):
        self.env.flush_all()
        answer = getattr(self.env["lockgate.gateway"].with_user(user or self.user_integration), method)(
            message
        )
        self.env.invalidate_all()
        return answer

    def exchange(self, *results, **values):
        answer = self.call("exchange", self.envelope(**request(self.channel, results, **values)))
        fits(answer, "ExchangeAnswer")
        return answer


class TestGateway(GatewayCase):
    def test_only_the_integration_group_may_call_it(self):
        users = {
            "nobody's group": new_test_user(self.env, "guest", "base.group_portal"),
            "internal user": self.user_internal,
            "reader": self.user_reader,
            "operator": self.user_operator,
            "exception owner": self.user_owner,
            "administrator": self.user_manager,
            "system": self.env.ref("base.user_admin"),
        }
        self.want(7)
        messages = {
            "register": self.envelope(connectors=[DESCRIPTION]),
            "due": self.envelope(every=False),
            "exchange": self.envelope(**request(self.channel)),
            "ingest": self.envelope(events=[event(self.channel)]),
        }
        for role, user in users.items():
            for method, message in messages.items():
                with self.subTest(role=role, method=method), self.assertRaises(AccessError):
                    self.call(method, message, user)
        self.assertEqual(len(self.marks()), 1)

    def test_the_integration_user_reads_nothing_else(self):
        for model in ("lockgate.channel", "lockgate.publication", "product.product", "res.partner"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.user_integration).search_read([], ["id"])

    def test_a_sidecar_of_another_version_becomes_an_exception_while_something_waits(self):
        self.channel.owner_id = self.user_owner
        self.mark(self.listings)
        words = []
        for message in (self.envelope(every=False, surprise=1), self.envelope(contract=2)):
            # without assertRaises, which would roll back what is kept besides
            try:
                self.call("due", message)
            except UserError as error:
                words.append(str(error))
        self.assertIn("does not fit contract v1", words[0])
        self.assertFalse(self.catch_up(), "it may be put right within minutes")
        self.pass_time(901)
        exception = self.catch_up()
        self.assertEqual((exception.category, exception.owner_id), ("settings", self.user_owner))
        self.assertIn("does not speak contract 1: install the sidecar", exception.message)
        self.assertEqual(self.catch_up(), exception)
        for listing in self.listings:
            self.maker.quantities[listing.id] = 7
        answer = self.exchange(ceiling=10)
        self.exchange(*[result(answer, lease) for lease in answer["leases"]])
        self.assertEqual(exception.state, "resolved")

    def test_a_sidecar_of_another_version_is_no_matter_where_nothing_waits(self):
        try:
            self.call("due", self.envelope(contract=2))
        except UserError:
            self.pass_time(901)
        self.assertFalse(self.catch_up())

    def test_another_contract_version_is_refused(self):
        with self.assertRaisesRegex(UserError, "does not speak contract 1"):
            self.call("due", self.envelope(contract=2, every=False))

    def test_a_message_that_does_not_fit_is_refused_and_names_the_field(self):
        broken = [
            self.envelope(**{**request(self.channel), "ceiling": -1}),
            self.envelope(**{**request(self.channel), "work_class": "urgent"}),
            self.envelope(**request(self.channel), surprise=1),
            {key: value for key, value in self.envelope(**request(self.channel)).items() if key != "results"},
        ]
        for message, word in zip(broken, ("ceiling", "work_class", "surprise", "results"), strict=True):
            with (
                self.subTest(word=word),
                self.assertRaisesRegex(UserError, f"does not fit contract v1.*{word}"),
            ):
                self.call("exchange", message)

    def test_what_is_no_message_at_all_is_refused(self):
        for message in (None, "due", [], 7):
            with self.subTest(message=message), self.assertRaises(UserError):
                self.call("due", message)

    def test_another_database_is_refused(self):
        with self.assertRaisesRegex(UserError, "another database"):
            self.call("due", self.envelope(every=False, database="00000000-0000-0000-0000-000000000000"))

    def test_another_incarnation_is_refused(self):
        message = self.envelope(every=False)
        self.env["ir.config_parameter"].set_param("lockgate.incarnation", 2)
        with self.assertRaisesRegex(UserError, "incarnation"):
            self.call("due", message)

    def test_an_unknown_channel_is_refused_by_its_name(self):
        with self.assertRaisesRegex(UserError, "no_such_shop"):
            self.call("exchange", self.envelope(**request("no_such_shop")))

    def test_a_result_for_a_lease_that_was_never_given_changes_nothing(self):
        self.want(7)
        answer = self.exchange()
        (lease,) = answer["leases"]
        self.want(5, self.listings[1])
        forged = {**result(answer, lease), "token": "forged"}
        before = self.publication().read()
        with self.assertRaisesRegex(UserError, "never gave"):
            self.exchange(result(answer, lease), forged)
        self.assertEqual(self.publication().read(), before)
        self.assertEqual(len(self.marks()), 1)

    def test_register_keeps_the_catalogue(self):
        newer = copy.deepcopy(DESCRIPTION) | {"version": "2.0"}
        other = copy.deepcopy(DESCRIPTION) | {"code": "other_shop", "name": "Other"}
        answer = self.call("register", self.envelope(connectors=[newer, other]))
        fits(answer, "RegisterAnswer")
        self.assertEqual(answer["connectors"], 2)
        connectors = self.env["lockgate.connector"].search([("code", "in", ("test_shop", "other_shop"))])
        self.assertEqual(sorted(connectors.mapped("version")), ["1.0", "2.0"])
        self.assertEqual(self.channel.connector_id.version, "2.0")
        self.assertEqual(
            [setting["name"] for setting in self.channel.connector_id.settings_definition], ["url", "pages"]
        )

    def test_a_setting_that_no_form_can_show_is_refused_by_its_name(self):
        broken = copy.deepcopy(DESCRIPTION)
        broken["settings_schema"]["properties"]["stores"] = {"type": "array"}
        with self.assertRaisesRegex(UserError, "stores"):
            self.call("register", self.envelope(connectors=[broken]))

    def test_a_setting_whose_name_odoo_does_not_take_is_refused_by_it(self):
        for name in ("apiUrl", "api-url", "shop url"):
            broken = copy.deepcopy(DESCRIPTION)
            broken["settings_schema"]["properties"][name] = {"type": "string"}
            with self.subTest(name), self.assertRaisesRegex(UserError, name):
                self.call("register", self.envelope(connectors=[broken]))

    def test_due_answers_what_the_contract_says(self):
        self.want(7)
        answer = self.call("due", self.envelope(every=False))
        fits(answer, "DueAnswer")
        self.assertEqual([row["channel"] for row in answer["channels"]], ["quay"])

    def test_due_tells_of_channels_without_work_only_when_every_one_is_asked_for(self):
        self.assertEqual(self.call("due", self.envelope(every=False))["channels"], [])
        answer = self.call("due", self.envelope(every=True))
        fits(answer, "DueAnswer")
        self.assertIn({"channel": "quay", "critical": 0, "routine": 0, "bulk": 0}, answer["channels"])

    def test_an_exchange_tells_the_connector_what_it_needs(self):
        self.channel.credential = "quay-key"
        answer = self.exchange()
        self.assertEqual(
            answer["channel"],
            {
                "code": "quay",
                "connector": "test_shop",
                "credential": "quay-key",
                "settings": {"url": "http://127.0.0.1:9"},
            },
        )

    def test_a_whole_round_from_mark_to_reconciled(self):
        self.want(7)
        answer = self.exchange()
        (lease,) = answer["leases"]
        self.exchange(result(answer, lease))
        self.pass_time(2)
        answer = self.exchange()
        (lease,) = answer["leases"]
        self.exchange(result(answer, lease, "read", reading={"aspect": "stock", "quantity": 7}))
        self.assertEqual(self.publication().state, "settled")
        self.assertTrue(self.publication().verified_at)

    def test_a_refusal_is_an_exception_after_the_exchange_that_reports_it(self):
        self.want(7)
        answer = self.exchange()
        (lease,) = answer["leases"]
        self.exchange(
            result(answer, lease, "attention", message="The credential is not accepted.", cause="credentials")
        )
        self.assertRecordValues(
            self.exceptions(),
            [{"category": "credentials", "state": "open", "message": "The credential is not accepted."}],
        )

    @mute_logger(GATEWAY_LOGGER)
    def test_a_listing_that_cannot_be_computed_is_set_aside_and_the_rest_go_on(self):
        self.patch(gateway, "SLICE", 4)
        self.maker.poisoned.add(self.listings[1].id)
        for listing in self.listings:
            self.want(7, listing)
        answer, skus = self.exchange(), set()
        while answer["leases"] or answer["more"]:
            skus |= {lease["value"]["sku"] for lease in answer["leases"]}
            answer = self.exchange()
        self.assertEqual(skus, {"quay-0", "quay-2"})
        exception = self.exceptions()
        self.assertRecordValues(
            exception,
            [{"category": "internal", "state": "open", "listing_id": self.listings[1].id, "count": 1}],
        )
        self.assertIn("ZeroDivisionError: a pack of nothing", exception.message)
        self.assertEqual(self.marks(), [])

    @mute_logger(GATEWAY_LOGGER)
    def test_a_listing_that_fails_again_is_counted_and_resolves_once_it_is_mended(self):
        self.patch(gateway, "SLICE", 2)
        self.maker.poisoned.add(self.listing.id)
        self.want(7)
        self.exchange()
        self.pass_time(10)
        self.want(7)
        self.exchange()
        exception = self.exceptions()
        self.assertRecordValues(exception, [{"category": "internal", "state": "open", "count": 2}])
        self.pass_time(10)
        self.maker.poisoned.clear()
        exception.with_user(self.user_owner).action_retry()
        self.env.cr.flush()
        answer = self.exchange()
        (lease,) = answer["leases"]
        self.exchange(result(answer, lease))
        self.assertEqual(self.exceptions().state, "resolved")

    @mute_logger(GATEWAY_LOGGER)
    @mute_logger("odoo.sql_db", GATEWAY_LOGGER)
    def test_a_database_in_trouble_is_no_fault_of_a_listing(self):
        """It is slow, out of memory or shut down: nothing is set aside, and all is made when it is well."""
        errors = {
            psycopg2.errors.QueryCanceled: [500, 50, 5],
            psycopg2.errors.OutOfMemory: [500],
            psycopg2.errors.AdminShutdown: [500],
        }
        for error, slices in errors.items():
            with self.subTest(error=error.__name__):
                for listing in self.listings:
                    self.want(7, listing)
                turn = type(self.env["lockgate.turn"])
                with (
                    patch.object(turn, "_take", autospec=True, side_effect=error("not now")) as take,
                    self.assertRaises(error),
                ):
                    self.exchange()
                self.assertEqual([call.args[2] for call in take.call_args_list], slices)
                self.assertFalse(self.exceptions())
        self.assertEqual(len(self.exchange()["leases"]), 3)

    @mute_logger("odoo.sql_db")
    def test_a_maker_that_the_database_fails_is_not_blamed(self):
        for error in (psycopg2.errors.QueryCanceled, psycopg2.errors.OutOfMemory):
            with self.subTest(error=error.__name__):
                self.want(7)

                def fails(maker, *_arguments, error=error):
                    raise error("not now")

                with patch.object(FakeMaker, "__call__", fails), self.assertRaises(error):
                    self.exchange()
                self.assertFalse(self.exceptions())
                self.assertTrue(self.marks())

    def test_a_turn_bounds_its_statements_and_its_silence(self):
        self.patch(turn, "STATEMENT_TIMEOUT", "7s")
        self.exchange()
        for bound in ("statement_timeout", "idle_in_transaction_session_timeout"):
            self.env.cr.execute("SELECT current_setting(%s)", [bound])
            self.assertEqual(self.env.cr.fetchone(), ("7s",))

    @mute_logger("odoo.sql_db")
    def test_a_deadlock_is_a_busy_turn(self):
        deadlock = psycopg2.errors.DeadlockDetected("not now")
        with patch.object(type(self.env["lockgate.turn"]), "_take", side_effect=deadlock):
            self.assertEqual(self.exchange()["state"], "busy")

    def test_a_makers_user_error_is_set_aside_like_any_other(self):
        def refuse(listing):
            raise UserError(self.env._("These units cannot be converted."))

        self.patch(gateway, "SLICE", 2)
        self.patch(self.maker, "_wanted", refuse)
        self.want(7)
        self.assertEqual(self.exchange()["leases"], [])
        self.assertIn("These units cannot be converted", self.exceptions().message)

    def test_an_exception_that_is_being_edited_does_not_stop_the_exchange(self):
        def conflict(exceptions, channels):
            raise gateway.psycopg2.errors.SerializationFailure

        self.want(7)
        answer = self.exchange()
        self.patch(type(self.env["lockgate.exception"]), "_catch_up", conflict)
        (lease,) = answer["leases"]
        self.exchange(result(answer, lease, "rejected", message="No."))
        self.assertEqual(self.publication().state, "blocked")
