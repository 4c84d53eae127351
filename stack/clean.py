"""Ends what the stacks of this checkout left running, and removes them. Run by the system's own Python."""

import shutil

from stack.console import say
from stack.paths import ROOT, STACK
from stack.processes import end_leftovers

if __name__ == "__main__":
    for records in STACK.glob("*/processes"):
        for name in end_leftovers(records):
            say(f"ended {name} of {records.parent.name}")
        sockets = records.parent / "sockets"
        if sockets.is_symlink():
            shutil.rmtree(sockets.readlink(), ignore_errors=True)
    for folder in (STACK, ROOT / "dist"):
        shutil.rmtree(folder, ignore_errors=True)
