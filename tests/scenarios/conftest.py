"""One running stack for all scenarios: real Odoo, PostgreSQL, Redis, workers, shop."""

import pytest

from stack.demo import parts_of
from stack.scene import Parts
from stack.stack import Stack
from stack.story import Story


@pytest.fixture(scope="session")
def stack():
    with Stack("scenarios") as running:
        yield running


@pytest.fixture(scope="session")
def parts(stack) -> Parts:
    return parts_of(stack)


@pytest.fixture(scope="session")
def story(parts) -> Story:
    return Story(parts)
