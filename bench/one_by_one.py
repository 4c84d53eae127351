"""The demo channel one item a request, registered as an outsider's connector would be: by an entry point."""

from pathlib import Path

from lockgate.connectors.demo import DemoConnector

CODE = "demo_one_by_one"


class OneByOne(DemoConnector):
    description = DemoConnector.description.model_copy(
        update={
            "code": CODE,
            "name": "Demo channel, one item a request",
            "capabilities": DemoConnector.description.capabilities.model_copy(update={"batch_size": 1}),
        }
    )


def distribution(folder: Path) -> Path:
    """Write the metadata of an installed distribution with this connector; its folder goes on PYTHONPATH."""
    metadata = folder / "lockgate_one_by_one-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: lockgate-one-by-one\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[lockgate.connectors]\n{CODE} = bench.one_by_one:OneByOne\n")
    return folder
