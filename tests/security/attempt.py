"""One attempt: which call is made, by whom and over which ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from tests.security.transports import TRANSPORTS

ROLES = ("none", "employee", "analyst", "approver", "operator", "integration", "rights", "admin")
# Who could try at all to write a state, or to open a door with a key: the others meet the first check.
WRITERS = ("employee", "analyst", "approver", "rights", "admin")
# Who has most to gain makes each attempt over every transport; of the others each takes one.
THOROUGH = ("analyst", "approver", "integration")


@dataclass(frozen=True)
class Attempt:
    """One call. `ids` is None for a method of the model.

    `ways` are the transports it is made over; without any these are all for the `THOROUGH`, while each other
    role takes one of the three in turn, so that a kind of attempt meets every transport with every role. By
    the way `route` the model is the path of a controller that a signed-in browser calls, and the arguments
    are its parameters.
    """

    group: str
    what: str
    model: str
    method: str
    ids: list[int] | None = None
    kwargs: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ROLES
    ways: tuple[str, ...] = ()
    but: frozenset[tuple[str, str]] = frozenset()
    harmless: bool = False

    def calls(self) -> Iterator[tuple[str, str]]:
        """Who makes it how: (role, transport). The integration user has no session to use."""
        for role in self.roles:
            possible = [
                way
                for way in self.ways or TRANSPORTS
                if (role, way) not in self.but and (role, way) != ("integration", "web")
            ]
            if not (self.ways or role in THOROUGH):
                turn = crc32(f"{role} {self.group} {self.what}".encode())
                possible = [possible[turn % len(possible)]]
            yield from ((role, way) for way in possible)
