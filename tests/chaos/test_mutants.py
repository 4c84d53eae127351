"""The mutants still fit the code that they change; whether the checker sees them is run by hand."""

import pytest

from chaos.mutants import MUTANTS, mutated
from stack.paths import ROOT


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_changes_one_place_of_the_real_code(name):
    mutant = MUTANTS[name]
    text = (ROOT / mutant.file).read_text()
    assert mutated(mutant, text) != text
