"""`lockgate ingest`, as an integrator runs it, against a fake Odoo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lockgate.cli import main
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.server import OdooHttp, ScriptedServer
from lockgate.testing.values import order, stock


@pytest.fixture
def odoo() -> FakeOdoo:
    fake = FakeOdoo()
    fake.add_channel("shop")
    fake.want("shop", stock("A"))
    return fake


@pytest.fixture
def server(odoo: FakeOdoo, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with ScriptedServer(OdooHttp(odoo)) as running:
        monkeypatch.setenv("LOCKGATE_ODOO_URL", running.address)
        monkeypatch.setenv("LOCKGATE_ODOO_UUID", odoo.database)
        monkeypatch.setenv("LOCKGATE_ODOO_KEY", "a-key")
        yield running


def ingest(path: Path, *lines: str) -> Result:
    path.write_text("\n".join(lines))
    return CliRunner().invoke(main, ["ingest", str(path)])


def line(external_id: object, sku: str = "A", channel: str = "shop") -> str:
    return order(channel, str(external_id), sku).model_dump_json()


@pytest.mark.usefixtures("server")
def test_it_says_what_was_new_known_and_not_listed(odoo: FakeOdoo, tmp_path: Path) -> None:
    assert "2 events: 2 new, 0 known before." in ingest(tmp_path / "events", line(1), "", line(2)).output
    done = ingest(tmp_path / "events", line(2), line(3, "Z"))
    assert done.output == (
        "2 events: 1 new, 1 known before. Of the new ones, 1 are of SKUs that are not listed.\n"
    )
    assert len(odoo.events) == 3


def test_a_long_file_goes_in_messages_that_odoo_takes(
    odoo: FakeOdoo, server: ScriptedServer, tmp_path: Path
) -> None:
    done = ingest(tmp_path / "events", *(line(number) for number in range(1001)))
    assert done.output == "1001 events: 1001 new, 0 known before.\n"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("{", "Line 2 is not JSON"),
        ('{"kind": "return"}', "Line 2 is no event"),
        (order("shop", "2", "A").model_dump_json().replace('"quantity":1', '"quantity":0'), "quantity"),
    ],
)
@pytest.mark.usefixtures("server")
def test_a_line_that_is_no_event_is_named_and_nothing_is_told(
    odoo: FakeOdoo, tmp_path: Path, broken: str, words: str
) -> None:
    done = ingest(tmp_path / "events", line(1), broken)
    assert done.exit_code == 1
    assert words in done.output
    assert odoo.events == {}


@pytest.mark.usefixtures("server")
def test_what_odoo_refuses_is_said_in_its_own_words(odoo: FakeOdoo, tmp_path: Path) -> None:
    lines = [*(line(number) for number in range(1000)), line("x", channel="nowhere")]
    done = ingest(tmp_path / "events", *lines)
    assert done.exit_code == 1
    assert "The first 1000 events were told" in done.output
    assert "nowhere" in done.output
    assert len(odoo.events) == 1000
