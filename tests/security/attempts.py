"""What is tried, as a table: who, by which ways, which call, and why it must lead nowhere.

An attempt is made by each of its roles, by those with most to gain over each transport. It has to be refused
with a clear error, or (`harmless`) may be answered, but either way nothing of what is protected has changed
afterwards.
"""

from __future__ import annotations

from tests.security.attempt import Attempt
from tests.security.buttons import buttons
from tests.security.decisions import decisions
from tests.security.governed import governed
from tests.security.rollbacks import rollbacks
from tests.security.side_doors import side_doors
from tests.security.surroundings import surroundings
from tests.security.takeovers import takeovers
from tests.security.world import World


def attempts(world: World) -> list[Attempt]:
    """All of them, aimed at the ids of `world`."""
    return [
        *decisions(world), *buttons(world), *surroundings(world), *takeovers(world), *governed(world),
        *side_doors(world), *rollbacks(world),
    ]  # fmt: skip
