"""The published schema is the models', in both places where it is kept, and both halves' messages fit it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lockgate.connectors.demo import DemoConnector
from lockgate.contract import MESSAGES, Purpose, WorkClass
from lockgate.odoo import Gateway
from lockgate.schema import schema
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.values import order, price, stock

ROOT = Path(__file__).parents[2]
COPIES = [
    ROOT / "contract" / "lockgate-v1.schema.json",
    ROOT / "odoo_addons" / "lockgate" / "data" / "contract-v1.schema.json",
]


@pytest.mark.parametrize("copy", COPIES, ids=lambda path: path.name)
def test_a_copy_is_what_the_models_say(copy: Path) -> None:
    assert copy.read_text() == schema(), "the contract has changed: run `make schema`"


def test_it_is_a_valid_schema_of_every_message() -> None:
    document = json.loads(schema())
    jsonschema.Draft202012Validator.check_schema(document)
    assert {message.__name__ for message in MESSAGES} <= set(document["$defs"])


def test_every_part_refuses_what_it_does_not_know_and_needs_all_it_knows() -> None:
    for name, part in json.loads(schema())["$defs"].items():
        if part["type"] == "object":
            assert part["additionalProperties"] is False, name
            assert set(part.get("required", [])) == set(part["properties"]), name


class Recorded:
    """A transport that keeps what went through it."""

    def __init__(self, odoo: FakeOdoo) -> None:
        self.odoo = odoo
        self.calls: list[tuple[str, Any, Any]] = []

    def call(self, method: str, message: Any) -> Any:
        answer = self.odoo.call(method, message)
        self.calls.append((method, message, answer))
        return answer

    def close(self) -> None:
        """Nothing is held open."""


def test_what_is_said_fits_it() -> None:
    odoo = FakeOdoo()
    odoo.add_channel("shop", url="http://shop")
    odoo.want("shop", price("A", ends="2030-01-01T00:00:00+00:00"))
    odoo.want("shop", stock("A"), WorkClass.CRITICAL)
    odoo.want("shop", stock("B"), purpose=Purpose.READ)
    recorded = Recorded(odoo)
    gateway = Gateway(recorded, database=odoo.database, incarnation=1)
    gateway.register([DemoConnector.description])
    gateway.due()
    gateway.exchange("shop", WorkClass.BULK, exchange_id="exchange-1", ceiling=10)
    gateway.ingest([order("shop", "1", "A")])
    assert [method for method, _, _ in recorded.calls] == ["register", "due", "exchange", "ingest"]
    for method, message, answer in recorded.calls:
        fits(message, f"{method.title()}Request")
        fits(answer, f"{method.title()}Answer")


def test_a_float_is_no_price() -> None:
    lease = price("A").model_dump(mode="json")
    fits(lease, "PriceValue")
    with pytest.raises(jsonschema.ValidationError):
        fits({**lease, "amount": 9.99}, "PriceValue")


def fits(message: Any, name: str) -> None:
    jsonschema.validate(message, {"$ref": f"#/$defs/{name}", "$defs": json.loads(schema())["$defs"]})
