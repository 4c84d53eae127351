"""Connectors of other packages, installed as pip would install them: by an entry point."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lockgate.connectors.demo import DemoConnector

ONE_BY_ONE = "demo_one_by_one"


class OneByOne(DemoConnector):
    """The demo channel, one item a request."""

    description = DemoConnector.description.model_copy(
        update={
            "code": ONE_BY_ONE,
            "name": "Demo channel, one item a request",
            "capabilities": DemoConnector.description.capabilities.model_copy(update={"batch_size": 1}),
        }
    )


ONE_BY_ONE_ALONE = {ONE_BY_ONE: f"{__name__}:{OneByOne.__name__}"}


def install(folder: Path, connectors: Mapping[str, str] = ONE_BY_ONE_ALONE, **modules: str) -> Path:
    """Write a distribution with these connectors, {code: "module:Class"}, and the modules it brings.

    `folder` must not be there yet. Returns it: it goes on PYTHONPATH of the processes that are to find them.
    """
    metadata = folder / "outsiders-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: outsiders\nVersion: 1.0\n")
    points = [f"{code} = {place}" for code, place in connectors.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[lockgate.connectors]", *points]))
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    return folder
