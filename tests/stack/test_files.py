"""Folders appear whole or not at all, and one run at a time holds a lock."""

import subprocess
import sys

import pytest

from stack.console import Failed
from stack.files import built, digest, locked
from stack.paths import ROOT

HOLD = """
import signal, sys
from pathlib import Path
from stack.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    signal.pause()
"""


def test_a_build_that_fails_leaves_nothing(tmp_path):
    def build():
        with built(tmp_path / "target") as folder:
            (folder / "half").touch()
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        build()

    assert not list(tmp_path.iterdir())


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path):
    (tmp_path / "target.building-1" / "half").mkdir(parents=True)

    with built(tmp_path / "target") as folder:
        (folder / "whole").touch()

    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_a_lock_that_another_process_holds_is_told_and_ends_with_that_process(tmp_path):
    lock = tmp_path / "demo.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, lock], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Failed, match="already runs"), locked(lock, "a demo already runs here"):
            pass
    finally:
        holder.kill()
        holder.communicate()

    with locked(lock, "a demo already runs here"):
        assert lock.exists()


def test_a_digest_changes_with_a_files_content_and_name_but_not_with_compiled_code(tmp_path):
    (tmp_path / "module.py").write_text("a = 1")
    first = digest([tmp_path])

    (tmp_path / "module.pyc").write_text("compiled")
    assert digest([tmp_path]) == first

    (tmp_path / "module.py").write_text("a = 2")
    second = digest([tmp_path])
    (tmp_path / "module.py").rename(tmp_path / "other.py")

    assert len({first, second, digest([tmp_path])}) == 3
