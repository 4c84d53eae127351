"""What the commands say when something is wrong."""

from __future__ import annotations

from lockgate.odoo import OdooRefused
from lockgate.testing.processes import System, wait_until
from lockgate.testing.values import stock


def test_a_wrong_key_is_said_and_nothing_is_sent(system: System) -> None:
    system.odoo.want("shop", stock("A"))
    system.start("pacer", LOCKGATE_ODOO_KEY="wrong")
    system.start("worker", LOCKGATE_ODOO_KEY="wrong")
    wait_until(lambda: "refuses the API key" in system.log(0), "the pacer said so")
    assert system.channel.shop.history == []
    assert "Traceback" not in system.log(0)


def test_a_sidecar_of_another_contract_says_what_to_do_at_a_bounded_cost_and_loses_nothing(
    system: System,
) -> None:
    refused: list[str] = []
    usual = system.odoo.call

    def another_contract(method: str, message: dict[str, object]) -> object:
        refused.append(method)
        raise OdooRefused(
            "The sidecar does not speak contract 2: install the one that belongs to these add-ons."
        )

    system.odoo.call = another_contract  # type: ignore[method-assign]
    system.start("pacer", LOCKGATE_POLL_SECONDS="0.1")
    system.start("worker")
    wait_until(lambda: "install the one that belongs" in system.log(0), "the pacer said so")
    for number in range(200):  # each of which tells the pacer
        system.odoo.want("shop", stock("A", number))
    wait_until(lambda: "install the one that belongs" in system.log(1), "the worker said so")
    wait_until(lambda: refused.count("exchange") >= 3, "it was asked for three times")
    assert refused.count("exchange") < 12, "2, 4, 8 … seconds: each of 200 wakes would be one"
    assert system.channel.shop.history == []
    assert refused.count("register") < 12, "0.1, 0.2, 0.4 … seconds: 200 polls at their usual rate"
    system.odoo.call = usual  # type: ignore[method-assign]
    system.settled()
    assert system.shown() == {"A": 199}
    assert "Traceback" not in system.log(0) + system.log(1)


def test_check_says_that_all_is_well(system: System) -> None:
    code, words = system.run("check", "shop")
    assert code == 0, words
    assert "ok       channel shop: The demo channel answers" in words


def test_check_says_in_words_what_is_wrong(system: System) -> None:
    system.odoo.add_channel("gone", url="http://127.0.0.1:1")
    system.odoo.add_channel("bare", credential="bare", url=system.channel.address)
    system.odoo.add_channel("odd", "nothing")
    code, words = system.run(
        "check", "shop", "gone", "bare", "odd", "unheard", LOCKGATE_REDIS_URL="unix:///no"
    )
    assert code == 1
    assert "PROBLEM  Redis: Redis at LOCKGATE_REDIS_URL does not answer" in words
    assert "ok       Odoo" in words
    assert "ok       channel shop" in words
    assert "PROBLEM  channel gone: http://127.0.0.1:1 cannot be reached" in words
    assert "PROBLEM  channel bare: The sidecar has no credential 'bare'" in words
    assert "PROBLEM  channel odd: This sidecar has no connector 'nothing'" in words
    assert "PROBLEM  channel unheard: There is no channel 'unheard'" in words
    assert "Traceback" not in words


def test_check_tries_each_credential_of_a_channel(system: System) -> None:
    system.odoo.add_channel("two", credential="two", url=system.channel.address)
    both = {"LOCKGATE_CREDENTIAL_TWO_PRICE_TOKEN": "p", "LOCKGATE_CREDENTIAL_TWO_STOCK_TOKEN": "s"}
    code, words = system.run("check", "two", **both)
    assert code == 0, words
    for aspect, other in (("PRICE", "stock"), ("STOCK", "price")):
        name = f"LOCKGATE_CREDENTIAL_TWO_{aspect}_TOKEN"
        code, words = system.run("check", "two", **{name: both[name]})
        assert code == 1
        assert "PROBLEM  channel two: with the credential 'two': The sidecar has no credential" in words, (
            other
        )


def test_check_names_a_wrong_key(system: System) -> None:
    code, words = system.run("check", LOCKGATE_ODOO_KEY="wrong")
    assert code == 1
    assert "PROBLEM  Odoo: Odoo refuses the API key" in words


def test_a_wrong_setting_ends_the_command_with_its_name(system: System) -> None:
    code, words = system.run("worker", LOCKGATE_CONCURENCY="4")
    assert code == 1
    assert "Did you mean LOCKGATE_CONCURRENCY?" in words
    assert "Traceback" not in words
