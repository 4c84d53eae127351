"""A mutant is caught where the real code keeps its promises; `python -m chaos.hunt` plays them all."""

import pytest

from chaos.hunt import Arenas, hunt, real


@pytest.fixture(scope="module")
def arenas():
    with Arenas("test_arenas") as running:
        yield running


def test_the_code_as_it_is_breaks_nothing(arenas):
    (found,) = real(arenas, ["a_change"])
    assert found["broke"] == {}


# The plainest, and two that lose one value of one listing, each on another way: what Odoo makes of a result,
# and what the sidecar makes of an answer.
@pytest.mark.parametrize(
    "mutant",
    ["everything is blocked", "a confirmation erases a newer wanted value", "a batch is matched by position"],
)
def test_a_mutant_breaks_the_property_that_it_names(arenas, mutant):
    found = hunt(arenas, mutant)
    assert set(found["broke"]) == {found["property"]}
    assert found["good"]
