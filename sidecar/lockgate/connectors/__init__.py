"""The connectors this sidecar has: a visible dict, plus what other packages register.

Another package offers a connector with an entry point in the group `lockgate.connectors`:

    [project.entry-points."lockgate.connectors"]
    myshop = "my_package.myshop:MyShopConnector"
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from lockgate.connectors.base import Connector
from lockgate.contract import ConnectorDescription
from lockgate.errors import NeedsAttention

CONNECTORS: dict[str, str] = {
    "demo": "lockgate.connectors.demo:DemoConnector",
    "vendure": "lockgate.connectors.vendure:VendureConnector",
}
"""Code of a connector → where it is. Imported when it is asked for."""

GROUP = "lockgate.connectors"


@cache  # looking through the installed packages takes milliseconds
def addresses() -> dict[str, str]:
    """Every connector's code and where it is; our own win over an outsider's of the same code."""
    return {**{point.name: point.value for point in entry_points(group=GROUP)}, **CONNECTORS}


@cache
def find(code: str) -> type[Connector]:
    """Raises NeedsAttention when there is none of that code, it cannot be imported, or is not described."""
    known = addresses()
    if code not in known:
        raise NeedsAttention(
            f"This sidecar has no connector {code!r}, only {', '.join(sorted(known))}. Install the "
            "package that brings it, or choose another connector on the channel's form."
        )
    module, _, name = known[code].partition(":")
    try:
        connector = cast(type[Connector], getattr(import_module(module), name))
        _check_described(connector, code)
    except (Exception, SystemExit) as error:  # an outsider's module may fail in any way
        raise NeedsAttention(
            f"The connector {code!r} cannot be loaded from {known[code]}: {error}. "
            "Reinstall the package it is in, or ask its author."
        ) from error
    return connector


def _check_described(connector: type[Connector], code: str) -> None:
    """Raises when Odoo could not be told of it: a copy of a message is not checked when it is made."""
    description: object = connector.description
    if not isinstance(description, ConnectorDescription):
        raise TypeError("its `description` is not a ConnectorDescription")
    ConnectorDescription.model_validate_json(description.model_dump_json())
    if description.code != code:
        raise ValueError(f"it describes itself as {description.code!r}")
