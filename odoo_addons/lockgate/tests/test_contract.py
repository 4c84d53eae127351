from odoo.tests import TransactionCase, tagged

from .test_gateway import SCHEMA


@tagged("-at_install", "post_install")
class TestContract(TransactionCase):
    def test_every_message_of_the_gateway_stands_in_the_schema(self):
        self.assertLessEqual(
            {
                "RegisterRequest",
                "RegisterAnswer",
                "DueRequest",
                "DueAnswer",
                "ExchangeRequest",
                "ExchangeAnswer",
                "IngestRequest",
                "IngestAnswer",
            },
            set(SCHEMA["$defs"]),
        )

    def test_the_states_and_outcomes_of_both_halves_are_the_same(self):
        attempt = self.env["lockgate.attempt"]._fields
        publication = self.env["lockgate.publication"]._fields
        for field, name in (
            (attempt["outcome"], "Outcome"),
            (attempt["purpose"], "Purpose"),
            (attempt["cause"], "Cause"),
            (publication["work_class"], "WorkClass"),
        ):
            with self.subTest(name=name):
                self.assertEqual({key for key, _label in field.selection}, set(SCHEMA["$defs"][name]["enum"]))
