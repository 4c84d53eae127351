"""What can be known of the deployment files without a container engine: syntax, schema, names and paths.

No engine has run them here; `docs/deployment.md` says so.
"""

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from lockgate import settings
from lockgate.cli import main

ROOT = Path(__file__).resolve().parents[2]
SIDECAR = ("pacer", "worker")


def interpolated(node):
    """The file as an engine reads it when nothing is set: `${NAME:-default}` and `$$` are filled in."""
    if isinstance(node, dict):
        return {key: interpolated(value) for key, value in node.items()}
    if isinstance(node, list):
        return [interpolated(value) for value in node]
    if isinstance(node, str):
        return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", node).replace("$$", "$")
    return node


COMPOSE = interpolated(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
SERVICES = COMPOSE["services"]


def test_the_file_fits_the_compose_specification():
    # Merge keys are YAML's, not the specification's: the parser is given what they make.
    PyCompose.from_yaml(json.dumps(COMPOSE)).validate()


def test_the_specification_refuses_a_misspelt_key():
    broken = json.loads(json.dumps(COMPOSE))
    broken["services"]["redis"]["helthcheck"] = broken["services"]["redis"].pop("healthcheck")
    with pytest.raises(ValueError, match="helthcheck"):
        PyCompose.from_yaml(json.dumps(broken))


def test_every_part_of_a_deployment_is_there():
    assert set(SERVICES) == {"db", "redis", "odoo", "pacer", "worker"}
    assert SERVICES["db"]["image"] == "postgres:16"
    assert SERVICES["redis"]["image"] == "redis:7"


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_tells_whether_it_is_well(name):
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= set(check)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_only_for_services_that_tell_their_health(name):
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        assert wait == {"condition": "service_healthy"}
        assert "healthcheck" in SERVICES[other]


@pytest.mark.parametrize("name", SIDECAR)
def test_the_entry_points_are_commands_of_the_sidecar(name):
    service = SERVICES[name]
    assert service["entrypoint"] == ["lockgate"]
    assert service["command"][0] in main.commands


def test_the_sidecars_image_starts_what_its_package_installs():
    dockerfile = (ROOT / "sidecar/Dockerfile").read_text()
    scripts = tomllib.loads((ROOT / "sidecar/pyproject.toml").read_text())["project"]["scripts"]
    assert 'ENTRYPOINT ["lockgate"]' in dockerfile
    assert scripts["lockgate"] == f"{main.callback.__module__}:main"


def test_the_pacers_health_is_a_command_of_the_sidecar():
    _, program, command = SERVICES["pacer"]["healthcheck"]["test"]
    assert program == "lockgate"
    assert command in main.commands


@pytest.mark.parametrize("name", SIDECAR)
def test_the_sidecar_takes_the_environment_as_it_is_given(name, monkeypatch, tmp_path):
    for known in [known for known in os.environ if known.startswith(settings.PREFIX)]:
        monkeypatch.delenv(known)
    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, str(value))
    monkeypatch.setenv("LOCKGATE_ODOO_UUID", "the-databases-uuid")
    key = tmp_path / "odoo_key"
    key.write_text("a-key\n")
    monkeypatch.setenv("LOCKGATE_ODOO_KEY_FILE", str(key))

    loaded = settings.load()

    assert loaded.key() == "a-key"
    assert loaded.odoo_uuid == "the-databases-uuid"
    assert loaded.redis_url == SERVICES["odoo"]["environment"]["LOCKGATE_REDIS_URL"]


@pytest.mark.parametrize("name", SIDECAR)
def test_a_database_that_is_not_named_yet_is_said_in_words(name, monkeypatch):
    for known in [known for known in os.environ if known.startswith(settings.PREFIX)]:
        monkeypatch.delenv(known)
    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, str(value))
    with pytest.raises(settings.SettingsError, match="LOCKGATE_ODOO_UUID is not set"):
        settings.load()


def test_odoo_is_given_redis_under_the_name_that_the_add_on_reads():
    wake = (ROOT / "odoo_addons/lockgate/wake.py").read_text()
    names = [name for name in SERVICES["odoo"]["environment"] if name.startswith(settings.PREFIX)]
    assert names == ["LOCKGATE_REDIS_URL"]
    assert f'environ.get("{names[0]}")' in wake


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_built_or_mounted_from_the_checkout_exists(name):
    service = SERVICES[name]
    if "build" in service:
        assert (ROOT / service["build"] / "Dockerfile").is_file()
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (ROOT / source).is_dir()
            assert volume.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_secret_is_a_file_and_never_a_value(name):
    service = SERVICES[name]
    for secret in service.get("secrets", []):
        assert secret in COMPOSE["secrets"]
    for variable, value in service.get("environment", {}).items():
        if re.search("PASSWORD|KEY|TOKEN|SECRET", variable):
            assert variable.endswith("_FILE")
            assert str(value).removeprefix("/run/secrets/") in service["secrets"]


def test_workers_can_be_scaled():
    worker = SERVICES["worker"]
    assert "container_name" not in worker
    assert "ports" not in worker


def test_redis_evicts_nothing_and_keeps_nothing():
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options == {"--save": "", "--appendonly": "no", "--maxmemory-policy": "noeviction"}


def test_odoos_image_has_the_packages_that_the_add_ons_ask_for_as_tested():
    """The versions are those that the tests run with."""
    pinned = dict(
        re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "stack/requirements.txt").read_text(), re.MULTILINE)
    )
    installed = dict(re.findall(r"([\w.-]+)==([\w.]+)", (ROOT / "deploy/odoo/Dockerfile").read_text()))
    asked = set()
    for manifest in ROOT.glob("odoo_addons/*/__manifest__.py"):
        asked |= set(re.findall(r'"python": \[([^]]*)\]', manifest.read_text()))
    names = {name.strip(' "') for group in asked for name in group.split(",")}
    assert names == set(installed)
    assert all(pinned[name] == version for name, version in installed.items())


def test_secrets_of_a_deployment_are_not_committed():
    for folder in ("secrets", "credentials"):
        assert (ROOT / "deploy" / folder / ".gitignore").read_text().splitlines()[1:] == ["*", "!.gitignore"]
