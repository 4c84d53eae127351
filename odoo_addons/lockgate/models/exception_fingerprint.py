"""Which failures have the same cause: the same category, and the same words but for names and numbers."""

import hashlib
import re

from .exception_category import OF_THE_CHANNEL

TOKEN = re.compile(r"[\w.:/#+-]+")
# A shorter name is looked for as a whole word only: it would riddle every text.
LONG_ENOUGH = 4


def normalise(message, names=()):
    """The words of a message, without the listing's own names and without anything that holds a digit."""
    for name in names:
        if len(name) >= LONG_ENOUGH:
            message = message.replace(name, "…")
    return TOKEN.sub(lambda found: _plain(found[0], names), message)


def _plain(token, names):
    bare = token.strip(".:/")
    return "…" if bare in names or any(letter.isdigit() for letter in bare) else token


def fingerprint(category, message, names=()):
    """A key of the cause within one channel. `names`: what the message may call the listing."""
    if category in OF_THE_CHANNEL:
        return category
    words = normalise(message or "", [name for name in names if name])
    return f"{category}:{hashlib.sha256(words.encode()).hexdigest()[:32]}"
