"""The mutants still fit the code that they change; `python -m chaos.hunt` plays them, by hand."""

import ast

import pytest

from chaos.checker import CHECKS
from chaos.mutants import MUTANTS, Change, Mutant, mutated
from chaos.scenes import SCENES
from stack.paths import ROOT


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_changes_the_real_code_and_can_run(name):
    mutant = MUTANTS[name]
    assert mutant.property in CHECKS
    assert mutant.scene in SCENES
    for file, text in mutated(mutant).items():
        assert text != (ROOT / file).read_text()
        ast.parse(text)


def test_a_mutant_of_code_that_has_changed_is_refused():
    with pytest.raises(ValueError, match="0 times"):
        mutated(Mutant("S3", "a_change", (Change("chaos/mutants.py", "no such" + " code", ""),)))


def test_every_scene_shows_a_mutant():
    assert {mutant.scene for mutant in MUTANTS.values()} == set(SCENES)
