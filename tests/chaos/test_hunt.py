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


def test_a_mutant_breaks_the_property_that_it_names(arenas):
    found = hunt(arenas, "everything is blocked")
    assert set(found["broke"]) == {found["property"]}
    assert found["good"]
