"""Folders that appear whole or not at all, and locks between processes."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.console import Failed, say


@contextmanager
def locked(path: Path, busy: str | None = None) -> Iterator[None]:
    """Hold an exclusive lock on a file; the kernel lets go of it when the process ends, however it ends.

    With `busy`, a lock that another process holds raises `Failed` with that text. Without it, this waits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if busy:
                raise Failed(busy) from None
            say(f"waiting for another run that holds {path}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def built(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder` and rename it into place when the block ends well.

    A build that is killed leaves a folder under another name, which the next build of it removes.
    The caller holds a lock, so that there is one builder at a time.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(f"{folder.name}.building-*"):
        shutil.rmtree(leftover)
    temporary = Path(tempfile.mkdtemp(prefix=f"{folder.name}.building-", dir=folder.parent))
    temporary.chmod(0o755)
    try:
        yield temporary
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder with owners and times, sharing blocks where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


def digest(paths: Iterable[Path], *words: str) -> str:
    """Return a short hash of the words, and of the names and contents of the files below the paths."""
    sha = hashlib.sha256("\0".join(words).encode())
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                sha.update(os.fsencode(file.relative_to(path.parent)))
                sha.update(file.read_bytes())
    return sha.hexdigest()[:12]
