"""The mutants still fit the code that they change; `python -m chaos.hunt` plays them, by hand."""

import ast

import pytest

from chaos.checker import CHECKS
from chaos.mutants import MUTANTS
from chaos.mutants.mutant import Change, Mutant
from chaos.scenes import SCENES
from stack.paths import ROOT


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_changes_the_real_code_and_can_run(name):
    mutant = MUTANTS[name]
    assert {mutant.property, *mutant.also} <= set(CHECKS)
    assert mutant.scene in SCENES
    for file, text in mutant.files().items():
        assert text != (ROOT / file).read_text()
        ast.parse(text)


def test_a_mutant_of_code_that_has_changed_is_refused():
    with pytest.raises(ValueError, match="0 times"):
        Mutant("S3", "a_change", (Change("Makefile", "no such code", ""),)).files()


def test_every_scene_shows_a_mutant():
    assert {mutant.scene for mutant in MUTANTS.values()} == set(SCENES)
