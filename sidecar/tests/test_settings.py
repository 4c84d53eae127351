from __future__ import annotations

from pathlib import Path

import pytest

from lockgate.contract import Aspect
from lockgate.errors import NeedsAttention
from lockgate.settings import Credentials, SettingsError, load

LEAST = {
    "LOCKGATE_ODOO_URL": "http://127.0.0.1:8069/",
    "LOCKGATE_ODOO_UUID": "a-uuid",
    "LOCKGATE_ODOO_KEY": "a-key",
}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in LEAST.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("given")
def test_the_environment_is_enough() -> None:
    settings = load()
    assert settings.odoo_url == "http://127.0.0.1:8069"
    assert settings.key() == "a-key"
    assert "a-key" not in repr(settings)


def test_a_typo_is_named_with_what_was_meant(given: pytest.MonkeyPatch) -> None:
    given.setenv("LOCKGATE_REDIS_ULR", "redis://elsewhere")
    with pytest.raises(SettingsError, match=r"LOCKGATE_REDIS_ULR .* Did you mean LOCKGATE_REDIS_URL?"):
        load()


def test_everything_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        load()
    assert "LOCKGATE_ODOO_URL is not set" in str(raised.value)
    assert "LOCKGATE_ODOO_UUID is not set" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOCKGATE_POLL_SECONDS", "often"),
        ("LOCKGATE_ODOO_INCARNATION", "0"),
        ("LOCKGATE_REDIS_URL", "http://127.0.0.1"),
        ("LOCKGATE_ODOO_URL", "127.0.0.1:8069"),
        ("LOCKGATE_ODOO_TRANSPORT", "xmlrpc"),
    ],
)
def test_a_wrong_value_names_its_setting(given: pytest.MonkeyPatch, name: str, value: str) -> None:
    given.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load()


def test_odoorpc_needs_a_login_and_a_database(given: pytest.MonkeyPatch) -> None:
    given.setenv("LOCKGATE_ODOO_TRANSPORT", "odoorpc")
    with pytest.raises(SettingsError, match="LOCKGATE_ODOO_LOGIN and LOCKGATE_ODOO_DATABASE"):
        load()


def test_a_key_is_given_once(given: pytest.MonkeyPatch) -> None:
    given.setenv("LOCKGATE_ODOO_KEY_FILE", "/run/secrets/key")
    with pytest.raises(SettingsError, match="one of LOCKGATE_ODOO_KEY and LOCKGATE_ODOO_KEY_FILE"):
        load()


def test_a_key_file_that_is_not_there_is_said(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.delenv("LOCKGATE_ODOO_KEY")
    given.setenv("LOCKGATE_ODOO_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsError, match="LOCKGATE_ODOO_KEY_FILE cannot be read"):
        load().key()
    (tmp_path / "key").write_text("from-a-file\n")
    assert load().key() == "from-a-file"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "sidecar.env",
            "LOCKGATE_ODOO_URL=http://odoo\nLOCKGATE_ODOO_UUID=u\nLOCKGATE_ODOO_KEY=k\nLOCKGATE_CEILING=7\n",
        ),
        ("sidecar.toml", 'odoo_url = "http://odoo"\nodoo_uuid = "u"\nodoo_key = "k"\nceiling = 7\n'),
    ],
)
def test_a_file_is_enough_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    monkeypatch.setenv("LOCKGATE_SETTINGS_FILE", str(tmp_path / name))
    assert load().ceiling == 7
    monkeypatch.setenv("LOCKGATE_CEILING", "9")
    assert load().ceiling == 9
    assert load().odoo_url == "http://odoo"


def test_a_typo_in_a_file_is_named(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sidecar.toml").write_text("ceilling = 5\n")
    given.setenv("LOCKGATE_SETTINGS_FILE", str(tmp_path / "sidecar.toml"))
    with pytest.raises(SettingsError, match=r"LOCKGATE_CEILLING .* Did you mean LOCKGATE_CEILING?"):
        load()


def test_a_settings_file_that_is_not_there_is_said(given: pytest.MonkeyPatch) -> None:
    given.setenv("LOCKGATE_SETTINGS_FILE", "/nowhere/sidecar.toml")
    with pytest.raises(SettingsError, match=r"/nowhere/sidecar\.toml cannot be read"):
        load()


def test_a_credential_comes_from_the_environment() -> None:
    environment = {"LOCKGATE_CREDENTIAL_MY_SHOP_USER": "me", "LOCKGATE_CREDENTIAL_MY_SHOP_PASSWORD": "hidden"}
    assert Credentials(None, environment).find("my-shop") == {"user": "me", "password": "hidden"}


@pytest.mark.parametrize(("name", "text"), [("s.json", '{"token": "t"}'), ("s.toml", 'token = "t"')])
def test_a_credential_comes_from_a_file_and_a_change_needs_no_restart(
    tmp_path: Path, name: str, text: str
) -> None:
    credentials = Credentials(tmp_path, {})
    (tmp_path / name).write_text(text)
    assert credentials.find("s") == {"token": "t"}
    (tmp_path / name).write_text(text.replace('"t"', '"new"'))
    assert credentials.find("s") == {"token": "new"}


def test_a_credential_that_is_missing_is_named_with_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(NeedsAttention, match=r"'shop'.*shop\.json.*LOCKGATE_CREDENTIAL_SHOP_"):
        Credentials(tmp_path, {}).find("shop")


@pytest.mark.parametrize("name", ["../key", "a/b", ".hidden", "a b"])
def test_a_credential_s_name_reaches_no_other_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(NeedsAttention, match="no credential's name"):
        Credentials(tmp_path, {}).find(name)


@pytest.mark.parametrize("text", ["{", '["hidden"]', '{"token": 5}'])
def test_a_credential_file_that_is_wrong_is_named_without_its_content(tmp_path: Path, text: str) -> None:
    (tmp_path / "shop.json").write_text(text)
    with pytest.raises(NeedsAttention, match=r"'shop' \(shop\.json\)") as raised:
        Credentials(tmp_path, {}).find("shop")
    assert "hidden" not in raised.value.message


def test_a_channel_without_a_credential_needs_none() -> None:
    assert Credentials(None, {}).find(None) == {}
    assert Credentials(None, {}).named(None, Aspect.PRICE) is None


@pytest.mark.parametrize("place", ["file", "environment"])
def test_an_aspect_goes_with_a_credential_of_its_own_where_there_is_one(tmp_path: Path, place: str) -> None:
    environment = {}
    if place == "file":
        (tmp_path / "shop.json").write_text('{"token": "both"}')
        (tmp_path / "shop.stock.json").write_text('{"token": "counts"}')
    else:
        environment = {
            "LOCKGATE_CREDENTIAL_SHOP_TOKEN": "both",
            "LOCKGATE_CREDENTIAL_SHOP_STOCK_TOKEN": "counts",
        }
    credentials = Credentials(tmp_path, environment)
    names = {aspect: credentials.named("shop", aspect) for aspect in Aspect}
    assert names == {Aspect.PRICE: "shop", Aspect.STOCK: "shop.stock"}
    assert credentials.find("shop") == {"token": "both"}
    assert credentials.find("shop.stock") == {"token": "counts"}


def test_an_aspect_s_own_credential_is_not_the_other_s(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path, {"LOCKGATE_CREDENTIAL_SHOP_STOCK_TOKEN": "counts"})
    assert credentials.named("shop", Aspect.PRICE) == "shop"
    with pytest.raises(NeedsAttention, match="no credential 'shop'"):
        credentials.find("shop")
