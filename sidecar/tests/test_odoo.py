"""Both transports, one suite: a fake Odoo answers /json/2 and the JSON-RPC that odoorpc speaks."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from lockgate.connectors.demo import DemoConnector
from lockgate.contract import Outcome, Result, TurnState, WorkClass
from lockgate.http import ANSWER_LIMIT
from lockgate.odoo import Gateway, OdooDown, OdooRefused
from lockgate.settings import Settings
from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.server import OdooHttp, ScriptedServer
from lockgate.testing.values import order, stock

Open = Callable[..., Gateway]


@pytest.fixture
def odoo() -> FakeOdoo:
    fake = FakeOdoo()
    fake.add_channel("shop", url="http://shop")
    return fake


@pytest.fixture
def http(odoo: FakeOdoo) -> OdooHttp:
    return OdooHttp(odoo)


@pytest.fixture
def server(http: OdooHttp) -> Iterator[ScriptedServer]:
    with ScriptedServer(http) as running:
        yield running


@pytest.fixture(params=["json2", "odoorpc"])
def open_gateway(request: pytest.FixtureRequest, server: ScriptedServer) -> Open:
    def gateway(**changed: object) -> Gateway:
        given = {
            "odoo_url": server.address,
            "odoo_database": "main",
            "odoo_uuid": "fake-database",
            "odoo_key": "a-key",
            "odoo_login": "lockgate",
            "odoo_transport": request.param,
        }
        return Gateway.open(Settings.model_validate({**given, **changed}))

    return gateway


@pytest.fixture
def gateway(open_gateway: Open) -> Iterator[Gateway]:
    opened = open_gateway()
    yield opened
    opened.close()


def test_connectors_are_registered(odoo: FakeOdoo, gateway: Gateway) -> None:
    assert gateway.register([DemoConnector.description]).connectors == 1
    assert odoo.connectors == {"demo": DemoConnector.description}


def test_due_names_channels_and_counts(odoo: FakeOdoo, gateway: Gateway) -> None:
    assert gateway.due().channels == ()
    odoo.want("shop", stock("A"), WorkClass.CRITICAL)
    [due] = gateway.due().channels
    assert (due.channel, due.critical, due.routine) == ("shop", 1, 0)


def test_an_exchange_brings_leases_and_takes_results(odoo: FakeOdoo, gateway: Gateway) -> None:
    wanted = odoo.want("shop", stock("A", 3))
    answer = gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="exchange-1", ceiling=10)
    [lease] = answer.leases
    assert (lease.value, lease.version, lease.tries) == (stock("A", 3), 1, 1)
    gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="exchange-2", results=[accepted(answer.token, 1)])
    assert wanted.confirmed == stock("A", 3)


def test_the_same_id_brings_the_same_leases(odoo: FakeOdoo, gateway: Gateway) -> None:
    odoo.want("shop", stock("A"))
    once = gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="exchange-1", ceiling=10)
    again = gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="exchange-1", ceiling=10)
    assert once.leases
    assert again == once


def test_an_answer_cut_off_is_down_and_asked_again_brings_the_leases(
    odoo: FakeOdoo, http: OdooHttp, gateway: Gateway
) -> None:
    odoo.want("shop", stock("A"))
    http.cut = 1
    with pytest.raises(OdooDown):
        gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="exchange-1", ceiling=10)
    answer = gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="exchange-1", ceiling=10)
    assert len(answer.leases) == 1
    assert odoo.exchanges == 1


def test_a_busy_turn_is_told_from_an_idle_one(odoo: FakeOdoo, gateway: Gateway) -> None:
    odoo.busy = 1
    states = [
        gateway.exchange("shop", WorkClass.ROUTINE, exchange_id=f"exchange-{n}").state for n in range(2)
    ]
    assert states == [TurnState.BUSY, TurnState.TURNED]


def test_what_odoo_refuses_comes_in_its_own_words(gateway: Gateway) -> None:
    with pytest.raises(OdooRefused, match="There is no channel 'nowhere'"):
        gateway.exchange("nowhere", WorkClass.ROUTINE, exchange_id="exchange-1")


def test_a_result_without_a_lease_changes_nothing(odoo: FakeOdoo, gateway: Gateway) -> None:
    wanted = odoo.want("shop", stock("A"))
    with pytest.raises(OdooRefused, match="No lease"):
        gateway.exchange(
            "shop", WorkClass.ROUTINE, exchange_id="exchange-1", results=[accepted("forged", wanted.number)]
        )
    assert wanted.confirmed is None


def test_events_are_told_and_told_again_are_known(odoo: FakeOdoo, gateway: Gateway) -> None:
    odoo.want("shop", stock("A"))
    first, second, elsewhere = order("shop", "1", "A"), order("shop", "2", "A", 3), order("shop", "3", "Z")
    answer = gateway.ingest([first, elsewhere])
    assert (answer.appended, answer.known, answer.unmapped) == (2, 0, 1)
    answer = gateway.ingest([first, second])
    assert (answer.appended, answer.known, answer.unmapped) == (1, 1, 0)
    assert list(odoo.events.values()) == [first, elsewhere, second]


def test_an_event_of_an_unknown_channel_takes_none(odoo: FakeOdoo, gateway: Gateway) -> None:
    with pytest.raises(OdooRefused, match="nowhere"):
        gateway.ingest([order("shop", "1", "A"), order("nowhere", "2", "A")])
    assert odoo.events == {}


def test_an_ingest_that_was_cut_off_is_told_again_without_harm(
    odoo: FakeOdoo, http: OdooHttp, gateway: Gateway
) -> None:
    http.cut = 1
    with pytest.raises(OdooDown):
        gateway.ingest([order("shop", "1", "A")])
    assert gateway.ingest([order("shop", "1", "A")]).known == 1
    assert len(odoo.events) == 1


def test_another_database_is_refused_by_odoo(odoo: FakeOdoo, gateway: Gateway) -> None:
    odoo.database = "a-copy"
    with pytest.raises(OdooRefused, match="a-copy"):
        gateway.due()


@pytest.mark.parametrize(("name", "value"), [("database", "a-copy"), ("incarnation", 2)])
def test_another_database_that_answers_is_refused_by_us(
    odoo: FakeOdoo, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(odoo, "_for_us", lambda _: None)
    monkeypatch.setattr(odoo, name, value)
    with pytest.raises(OdooRefused, match=r"Another database answered.*Nothing was sent"):
        gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="exchange-1", ceiling=10)


def test_an_answer_of_another_contract_is_refused(
    odoo: FakeOdoo, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(odoo, "_due", lambda _: {"channels": [], "next_in": None, "surprise": 1})
    with pytest.raises(OdooRefused, match=r"does not fit contract v1 \(surprise"):
        gateway.due()


def test_an_odoo_of_another_contract_is_refused_in_words(
    odoo: FakeOdoo, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = odoo.call
    monkeypatch.setattr(odoo, "call", lambda method, message: {**usual(method, message), "contract": 2})
    with pytest.raises(OdooRefused, match=r"contract v1 \(contract.*must be of versions that go together"):
        gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="exchange-1", ceiling=10)


def test_an_odoo_that_takes_another_contract_says_so(
    odoo: FakeOdoo, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = odoo.want("shop", stock("A"))
    usual = odoo.call
    monkeypatch.setattr(odoo, "call", lambda method, message: usual(method, {**message, "contract": 0}))
    with pytest.raises(OdooRefused, match="does not fit contract v1"):
        gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="exchange-1", ceiling=10)
    assert wanted.state == "due"


def test_a_wrong_key_says_what_to_do(open_gateway: Open, server: ScriptedServer, http: OdooHttp) -> None:
    http.key = "another"
    with pytest.raises(OdooRefused, match=r"refuses the API key.*LOCKGATE_ODOO_KEY"):
        open_gateway().due()


def test_a_user_outside_the_integration_group_is_named(http: OdooHttp, gateway: Gateway) -> None:
    http.forbidden = True
    with pytest.raises(OdooRefused, match="integration group"):
        gateway.due()


def test_a_server_in_trouble_is_asked_again_later(http: OdooHttp, gateway: Gateway) -> None:
    http.fail = [503]
    with pytest.raises(OdooDown):
        gateway.due()
    assert gateway.due().channels == ()


def test_an_odoo_that_is_not_there_is_down(open_gateway: Open) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        with pytest.raises(OdooDown, match="does not answer"):
            open_gateway(odoo_url=f"http://127.0.0.1:{reserved.getsockname()[1]}").due()


def test_a_server_without_the_gateway_is_told_from_a_down_one(http: OdooHttp, gateway: Gateway) -> None:
    http.fail = [404]
    with pytest.raises(OdooRefused, match="add-on is installed"):
        gateway.due()


def test_json2_sends_the_key_as_a_bearer_and_names_the_database(server: ScriptedServer) -> None:
    settings = Settings(
        odoo_url=server.address, odoo_uuid="fake-database", odoo_key="a-key", odoo_database="main"
    )
    Gateway.open(settings).due()
    path, headers, _ = server.requests[-1]
    assert path == "/json/2/lockgate.gateway/due"
    assert headers["authorization"] == "bearer a-key"
    assert headers["x-odoo-database"] == "main"


def accepted(token: str | None, publication: int) -> Result:
    assert token is not None
    return Result(
        token=token,
        publication=publication,
        outcome=Outcome.ACCEPTED,
        message="",
        retry_after=None,
        reading=None,
        answer="",
        request_id=None,
        cause=None,
        seconds=0.01,
    )


def test_as_many_rows_as_may_be_asked_for_fit_into_an_answer(odoo: FakeOdoo, gateway: Gateway) -> None:
    """Odoo's answers are not bounded as a channel's are: leases that are never read would end as unknown."""
    for number in range(5000):
        odoo.want("shop", stock(f"{number}".rjust(1500, "S")))
    answer = gateway.exchange("shop", WorkClass.ROUTINE, exchange_id="exchange-1", ceiling=5000)
    assert len(answer.leases) == 5000
    assert len(answer.model_dump_json()) > ANSWER_LIMIT


def test_a_server_that_never_stops_answering_is_not_taken_for_odoo(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer
) -> None:
    monkeypatch.setattr("lockgate.odoo.ANSWER_LIMIT", 10)
    given = {"odoo_url": server.address, "odoo_uuid": "fake-database", "odoo_key": "a-key"}
    with pytest.raises(OdooRefused, match="check LOCKGATE_ODOO_URL"):
        Gateway.open(Settings.model_validate(given)).due()
