"""What the person at the terminal sees, and the one way to say that something is missing."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Missing(Exception):
    """This machine lacks something; the message says what to install. Ends a command with exit code 2."""


class Failed(Exception):
    """A part of the stack did not do what it should; the message tells. Ends a command with exit code 1."""


def say(text: str) -> None:
    """Print one line of progress to standard error, so that standard output stays the command's own."""
    print(f"stack: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a long step, and say how many seconds it took when it is done."""
    say(f"{text} …")
    began = time.monotonic()
    yield
    say(f"{text}: {time.monotonic() - began:.0f} s")
