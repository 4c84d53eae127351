"""The sidecar's settings: environment variables `LOCKGATE_*`, or a file that LOCKGATE_SETTINGS_FILE names.

The file is `.env` (the same names) or `.toml` (names without the prefix, in lower case). The environment
wins over the file. A name that is no setting is an error: a typo must not be a silent default.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lockgate.contract import Aspect, Cause
from lockgate.errors import NeedsAttention

PREFIX = "LOCKGATE_"
FILE = "LOCKGATE_SETTINGS_FILE"
CREDENTIAL = "LOCKGATE_CREDENTIAL_"


class SettingsError(Exception):
    """In words, for the person who starts the sidecar."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    odoo_url: str = Field(pattern="^https?://[^/]", description="address of the Odoo server, without a path")
    odoo_database: str | None = Field(None, description="name of the database, where a server has several")
    odoo_uuid: str = Field(min_length=1, description="database.uuid of the database that is meant")
    odoo_incarnation: int = Field(1, ge=1, description="raised in Odoo when the database was restored")
    odoo_key: SecretStr | None = Field(None, description="API key of the integration user")
    odoo_key_file: Path | None = Field(None, description="file that holds the key; read anew at each start")
    odoo_transport: Literal["json2", "odoorpc"] = "json2"
    odoo_login: str | None = Field(None, description="login of the integration user, for odoorpc")
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="a database number for each Odoo database")
    credentials_dir: Path | None = Field(None, description="folder of NAME.json or NAME.toml, string values")
    poll_seconds: float = Field(1.0, gt=0, le=60, description="how often Odoo is asked what is due")
    ceiling: int = Field(2000, ge=1, le=5000, description="rows leased for a channel at once, at most")
    concurrency: int = Field(8, ge=2, description="runs at once in one worker")
    channel_concurrency: int = Field(2, ge=1, description="runs at once of one channel, in all workers")
    metrics_port: int | None = Field(None, ge=1, le=65535, description="where a worker shows its metrics")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("odoo_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _a_redis(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Settings:
        if (self.odoo_key is None) == (self.odoo_key_file is None):
            raise ValueError("give one of LOCKGATE_ODOO_KEY and LOCKGATE_ODOO_KEY_FILE")
        if self.odoo_transport == "odoorpc" and not (self.odoo_login and self.odoo_database):
            raise ValueError("odoorpc needs LOCKGATE_ODOO_LOGIN and LOCKGATE_ODOO_DATABASE")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings  # what `load` read from the file comes second

    def key(self) -> str:
        """The API key. Raises SettingsError when its file cannot be read."""
        if self.odoo_key is not None:
            return self.odoo_key.get_secret_value()
        assert self.odoo_key_file is not None
        try:
            return self.odoo_key_file.read_text().strip()
        except OSError as error:
            raise SettingsError(f"LOCKGATE_ODOO_KEY_FILE cannot be read: {error}") from None


def load() -> Settings:
    """Raises SettingsError that names every setting that is wrong."""
    _known(os.environ, "the environment")
    file = os.environ.get(FILE)
    try:
        return Settings(**(_from_file(Path(file)) if file else {}))
    except ValidationError as error:
        raise SettingsError("\n".join(_words(each) for each in error.errors())) from None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        if path.suffix == ".toml":
            values = tomllib.loads(path.read_text())
            return _known({PREFIX + name.upper(): value for name, value in values.items()}, str(path))
        return _known({name: value or "" for name, value in dotenv_values(path).items()}, str(path))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{FILE}={path} cannot be read: {error}") from None


def _known(values: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The settings among `values`, by their own names, without empty ones. Refuses unknown names."""
    known: dict[str, Any] = {}
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    for name, value in values.items():
        if name in names:
            if value != "":
                known[names[name]] = value
        elif name.startswith(PREFIX) and name != FILE and not name.startswith(CREDENTIAL):
            near = difflib.get_close_matches(name, names, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise SettingsError(f"{name} in {place} is no setting of the sidecar.{hint}")
    return known


def _words(error: Any) -> str:
    if not error["loc"]:
        return str(error["msg"]).removeprefix("Value error, ")
    name = PREFIX + str(error["loc"][0]).upper()
    if error["type"] == "missing":
        return f"{name} is not set: {Settings.model_fields[error['loc'][0]].description}"
    return f"{name}: {str(error['msg']).removeprefix('Value error, ')}"


PARSERS: dict[str, Callable[[str], Any]] = {".json": json.loads, ".toml": tomllib.loads}
OF_AN_ASPECT = tuple(f"{aspect}_" for aspect in Aspect)


def _prefix(name: str) -> str:
    return CREDENTIAL + re.sub(r"[.-]", "_", name).upper() + "_"


class Credentials:
    """Secrets of channels by the name that Odoo knows them by.

    LOCKGATE_CREDENTIAL_<NAME>_<KEY> in the environment, or NAME.json / NAME.toml in the credentials folder;
    read when a run needs them, so that a changed secret needs no restart. Where there is a NAME.price or a
    NAME.stock, prices or stock go with that instead.
    """

    def __init__(self, folder: Path | None, environment: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._environment = environment

    def named(self, name: str | None, aspect: Aspect) -> str | None:
        """The name of the credential that this aspect goes with."""
        own = f"{name}.{aspect}"
        return own if name and (self._variables(own) or self._files(own)) else name

    def find(self, name: str | None) -> Mapping[str, str]:
        """Raises NeedsAttention that names the credential and both places where it may be put."""
        if not name:
            return {}
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", name) or name.startswith("."):
            raise NeedsAttention(
                f"{name!r} is no credential's name: use letters, digits, '_', '-' and '.'.",
                cause=Cause.CREDENTIALS,
            )
        if found := self._variables(name):
            return found
        for path in self._files(name):
            return self._strings(name, path)
        raise NeedsAttention(
            f"The sidecar has no credential {name!r}. Put {name}.json into the folder that "
            f"LOCKGATE_CREDENTIALS_DIR names, or set {_prefix(name)}… in its environment.",
            cause=Cause.CREDENTIALS,
        )

    def _variables(self, name: str) -> Mapping[str, str]:
        """What the environment holds of it, without what it holds for one aspect alone."""
        prefix = _prefix(name)
        found = {k[len(prefix) :].lower(): v for k, v in self._environment.items() if k.startswith(prefix)}
        return {key: value for key, value in found.items() if not key.startswith(OF_AN_ASPECT)}

    def _files(self, name: str) -> list[Path]:
        if self._folder is None:
            return []
        return [path for suffix in PARSERS if (path := self._folder / (name + suffix)).exists()]

    @staticmethod
    def _strings(name: str, path: Path) -> Mapping[str, str]:
        try:
            values = PARSERS[path.suffix](path.read_text())
        except (OSError, ValueError):  # the parser's words could repeat a secret
            raise NeedsAttention(
                f"The file of credential {name!r} ({path.name}) cannot be read.", cause=Cause.CREDENTIALS
            ) from None
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise NeedsAttention(
                f"The file of credential {name!r} ({path.name}) must hold named strings.",
                cause=Cause.CREDENTIALS,
            )
        return values
