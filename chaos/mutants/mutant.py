"""A change of the real code that breaks one promise."""

from typing import NamedTuple

from stack.paths import ROOT


class Change(NamedTuple):
    """A search and a replacement: where the code no longer has what it looks for, once, it fails loudly."""

    file: str
    old: str
    new: str


class Mutant(NamedTuple):
    """`property` must be seen to fail when `scene` is played on it, once, and nothing else but what is broken
    by it unavoidably as well: `also`."""

    property: str
    scene: str
    changes: tuple[Change, ...]
    also: tuple[str, ...] = ()

    def files(self) -> dict[str, str]:
        """The changed files; raises ValueError when the real code no longer has what is changed, once."""
        texts: dict[str, str] = {}
        for file, old, new in self.changes:
            text = texts.get(file) or (ROOT / file).read_text()
            if text.count(old) != 1:
                raise ValueError(f"{file} has {text.count(old)} times: {old}")
            texts[file] = text.replace(old, new)
        return texts
