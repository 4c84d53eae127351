"""Both transports against the real gateway: one port, the same answers, the same refusals in plain words."""

import pytest
from pydantic import SecretStr

from lockgate.contract import TurnState, WorkClass
from lockgate.odoo import Gateway, OdooDown, OdooRefused
from lockgate.settings import Settings
from lockgate.testing.values import order


@pytest.fixture(params=["json2", "odoorpc"])
def settings(request, stack, parts) -> Settings:
    known = stack.sidecar.settings
    return Settings(
        odoo_url=stack.odoo.url,
        odoo_database=known["LOCKGATE_ODOO_DATABASE"],
        odoo_login=known["LOCKGATE_ODOO_LOGIN"],
        odoo_uuid=known["LOCKGATE_ODOO_UUID"],
        odoo_incarnation=int(known["LOCKGATE_ODOO_INCARNATION"]),
        odoo_key=SecretStr(known["LOCKGATE_ODOO_KEY"]),
        odoo_transport=request.param,
        redis_url=stack.redis.url,
    )


def changed(settings: Settings, **values) -> Settings:
    return settings.model_copy(update=values)


def test_due_answers(settings):
    assert Gateway.open(settings).due().contract == 1


def test_an_exchange_that_leases_nothing_is_a_turn(settings):
    gateway = Gateway.open(settings)
    first = gateway.exchange("demo", WorkClass.ROUTINE, exchange_id="transport-1", results=[], ceiling=0)
    second = gateway.exchange("demo", WorkClass.ROUTINE, exchange_id="transport-2", results=[], ceiling=0)
    assert TurnState.FROZEN not in (first.state, second.state)
    assert first.leases == second.leases == ()


def test_an_unknown_channel_is_refused_by_name(settings):
    with pytest.raises(OdooRefused, match="nowhere"):
        Gateway.open(settings).exchange(
            "nowhere", WorkClass.ROUTINE, exchange_id="transport-3", results=[], ceiling=1
        )


def test_an_event_is_taken_once(settings, parts):
    gateway = Gateway.open(settings)
    event = order("demo", f"transport-{settings.odoo_transport}", parts.channels.products[0].sku)
    first, second = gateway.ingest([event]), gateway.ingest([event])
    assert (first.appended, first.known, first.unmapped) == (1, 0, 0)
    assert (second.appended, second.known, second.unmapped) == (0, 1, 0)


def test_events_of_an_unknown_channel_are_refused_by_name(settings):
    with pytest.raises(OdooRefused, match="nowhere"):
        Gateway.open(settings).ingest([order("nowhere", "1", "A")])


def test_another_database_is_refused(settings):
    with pytest.raises(OdooRefused, match="another database"):
        Gateway.open(changed(settings, odoo_uuid="11111111-2222-3333-4444-555555555555")).due()


def test_another_incarnation_is_refused(settings):
    with pytest.raises(OdooRefused, match="incarnation"):
        Gateway.open(changed(settings, odoo_incarnation=settings.odoo_incarnation + 1)).due()


def test_a_wrong_key_says_that_the_key_is_wrong(settings):
    with pytest.raises(OdooRefused, match="API key"):
        Gateway.open(changed(settings, odoo_key=SecretStr("0" * 40))).due()


def test_an_odoo_that_is_not_there_is_down_and_not_refused(settings):
    with pytest.raises(OdooDown):
        Gateway.open(changed(settings, odoo_url="http://127.0.0.1:9")).due()
