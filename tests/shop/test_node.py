"""What a person is told when the real shop can't be had."""

from pathlib import Path

import pytest

from stack.console import Missing
from stack.shop import node_modules


def program(folder: Path, name: str, says: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {says}\n")
    file.chmod(0o755)


def test_a_machine_without_node_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match=r"Node\.js 20 or later with npm, and node is not found: install it"):
        node_modules()


def test_a_machine_with_an_older_node_is_told_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "node", "v18.20.4")
    program(tmp_path, "npm", "9.2.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Missing, match=r"this is v18\.20\.4: install a newer one"):
        node_modules()
