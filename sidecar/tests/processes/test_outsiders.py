"""Connectors that other packages bring: a bad one is named and left out, and everything else goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lockgate.odoo import OdooDown, OdooRefused
from lockgate.testing.outsiders import install
from lockgate.testing.processes import System, wait_until
from lockgate.testing.values import stock

MODULE = '''
from lockgate.connectors.demo import DemoConnector


def described(**parts):
    return DemoConnector.description.model_copy(update=parts)


class NotDescribed:
    """Nothing."""


class Raises(type):
    @property
    def description(cls):
        raise RuntimeError("not before Monday")


class Raising(metaclass=Raises):
    """Nothing but what its kind says."""


class Misfit(DemoConnector):
    description = described(code="a_misfit", version=None)


class Impostor(DemoConnector):
    description = described(code="demo", name="Not the demo channel")


class Refused(DemoConnector):
    description = described(code="a_refused")


class Failing(DemoConnector):
    description = described(code="a_failing")


class Well(DemoConnector):
    description = described(code="z_well")

    def check(self):
        raise LookupError("no such thing")
'''
OUTSIDERS = {
    "a_absent": "outsiders:Absent",
    "a_bare": "outsiders:NotDescribed",
    "a_raising": "outsiders:Raising",
    "a_misfit": "outsiders:Misfit",
    "a_impostor": "outsiders:Impostor",
    "a_leaving": "leaving:Leaving",
    "a_refused": "outsiders:Refused",
    "a_failing": "outsiders:Failing",
    "z_well": "outsiders:Well",
}
CANNOT_BE_LOADED = sorted(set(OUTSIDERS) - {"a_refused", "a_failing", "z_well"})


@pytest.fixture
def outsiders(tmp_path: Path, system: System) -> System:
    """A system in which another package is installed."""
    leaving = "raise SystemExit('it needs another machine')"
    folder = install(tmp_path / "outsiders", OUTSIDERS, outsiders=MODULE, leaving=leaving)
    system.environment["PYTHONPATH"] = str(folder)
    usual = system.odoo.call

    def picky(method: str, message: dict[str, Any]) -> Any:
        codes = [each["code"] for each in message["connectors"]] if method == "register" else []
        if "a_refused" in codes:
            raise OdooRefused("Setting stores has the type array.")
        if "a_failing" in codes:
            raise OdooDown("a column is missing")
        return usual(method, message)

    system.odoo.call = picky  # type: ignore[method-assign]
    return system


def test_bad_connectors_are_named_and_everything_else_goes_on(outsiders: System) -> None:
    outsiders.odoo.wake = None
    outsiders.start("pacer")
    outsiders.start("worker")
    wait_until(lambda: "z_well" in outsiders.odoo.connectors, "the good ones were registered")
    for quantity in (1, 2):
        outsiders.odoo.want("shop", stock("A", quantity))
        outsiders.settled()
    assert sorted(outsiders.odoo.connectors) == ["demo", "vendure", "z_well"]
    assert outsiders.odoo.connectors["demo"].name != "Not the demo channel"
    log = outsiders.log(0)
    for code in CANNOT_BE_LOADED:
        assert f"The connector '{code}' cannot be loaded from {OUTSIDERS[code]}" in log
    assert "connector 'a_refused' is left out: Setting stores has the type array." in log
    assert "connector 'a_failing' is left out: " in log
    assert "waiting for Odoo" not in log
    assert "Traceback" not in log


def test_a_channel_of_a_bad_connector_is_an_exception_and_the_others_go_on(outsiders: System) -> None:
    for code in CANNOT_BE_LOADED:
        outsiders.odoo.add_channel(code, code)
    outsiders.start("pacer")
    outsiders.start("worker")
    bad = [outsiders.odoo.want(code, stock("A")) for code in CANNOT_BE_LOADED]
    good = outsiders.odoo.want("shop", stock("A"))
    wait_until(lambda: good.settled and all(each.state == "blocked" for each in bad), "each was told")
    for each in bad:
        assert f"The connector '{each.channel}' cannot be loaded" in each.message


def test_the_commands_tell_of_every_connector_the_bad_ones_too(outsiders: System) -> None:
    outsiders.odoo.add_channel("odd", "z_well", url=outsiders.channel.address)
    code, words = outsiders.run("connectors")
    assert code == 0
    assert "z_well " in words
    _, checked = outsiders.run("check", "odd", "shop")
    for each in CANNOT_BE_LOADED:
        assert f"The connector '{each}' cannot be loaded" in words
        assert f"PROBLEM  connector {each}: The connector '{each}' cannot be loaded" in checked
    assert "PROBLEM  channel odd: its connector failed (LookupError: no such thing)" in checked
    assert "ok       channel shop" in checked
