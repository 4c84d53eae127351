"""What the documentation shows and names is so: its connector does what every one must, its names exist."""

import json
import re
import sys
from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from lockgate.contract import Channel
from lockgate.errors import Rejected
from lockgate.settings import PREFIX, Settings
from lockgate.testing.conformance import ConnectorConformance, Subject, items, opened
from lockgate.testing.server import Reply, ScriptedServer
from lockgate.testing.values import price, stock

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/examples/connector_small_shop.py"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TOKEN = "the-token"
# The settings' file, and what random tests are given by hand.
OTHER_NAMES = {"LOCKGATE_SETTINGS_FILE", "LOCKGATE_SEED", "LOCKGATE_OPERATIONS"}


def load_example():
    spec = spec_from_file_location("connector_small_shop", EXAMPLE)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SmallShopConnector = load_example().SmallShopConnector


class SmallShop:
    """The shop that the example speaks to."""

    def __init__(self, *skus: str) -> None:
        self.products: dict[str, dict] = {sku: {} for sku in skus}

    def __call__(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        if headers["authorization"] != f"bearer {TOKEN}":
            return 401, b'{"error": "who are you?"}'
        asked = json.loads(body) if body else None
        answers = {"/products": self.count, "/products/update": self.update, "/products/find": self.find}
        return 200, json.dumps(answers[path](asked)).encode()

    def count(self, _):
        return {"count": len(self.products)}

    def update(self, asked):
        known = {sku: fields for sku, fields in asked.items() if sku in self.products}
        for sku, fields in known.items():
            self.products[sku].update(fields)
        return {sku: "done" if sku in known else "unknown product" for sku in asked}

    def find(self, asked):
        return {sku: self.products[sku] for sku in asked if sku in self.products}


class TestSmallShopConnector(ConnectorConformance):
    @pytest.fixture
    def subject(self):
        with ScriptedServer(SmallShop("A", "B")) as server:
            yield Subject(
                connector=SmallShopConnector,
                channel=Channel(
                    code="shop", connector="small_shop", credential="shop", settings={"url": server.address}
                ),
                credential={"token": TOKEN},
                prices=[price("A", "12.50"), price("B", "9.99")],
                stocks=[stock("A", 7), stock("B", 0)],
                unknown=stock("NOWHERE"),
            )

    def test_a_price_of_another_book_is_refused_and_harms_no_other(self, subject):
        batch = items([price("A", "8.00", book="wholesale"), price("A", "10.00")])
        with opened(subject.open()) as connector:
            refused, taken = (connector.push(batch)[item.key] for item in batch)
            shown = connector.read(batch[1:])[batch[1].key]
        assert isinstance(refused, Rejected)
        assert taken.answer == "done"
        assert str(shown.amount) == "10.00"


def test_the_readme_shows_the_example_as_it_is():
    assert EXAMPLE.read_text() in (ROOT / "README.md").read_text()


def test_every_setting_is_in_the_deployment_page():
    text = (ROOT / "docs/deployment.md").read_text()
    missing = [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in text]
    assert not missing


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.stem
)
def test_a_page_names_no_setting_that_there_is_not(page):
    known = {PREFIX + name.upper() for name in Settings.model_fields} | OTHER_NAMES
    named = set(re.findall(r"\bLOCKGATE_[A-Z_]+[A-Z]\b(?!_?<)", page.read_text()))
    assert not named - known


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.stem
)
def test_a_page_names_no_make_target_that_there_is_not(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(
            r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`|```.*?```", page.read_text(), re.DOTALL))
        )
    )
    assert not named - targets


def test_the_design_names_tests_that_there_are():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/design.md").read_text()))
    files = [
        *ROOT.glob("odoo_addons/*/tests/*.py"),
        *ROOT.glob("sidecar/tests/**/*.py"),
        *ROOT.glob("tests/**/*.py"),
    ]
    there = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
    assert named
    assert not named - there
