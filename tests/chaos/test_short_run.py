"""Real parts under random faults keep S1 to S6; `make chaos` plays longer runs."""

from chaos.run import runs


def test_a_short_run_breaks_no_property():
    (found,) = runs(seconds=30, seeds=[11])
    assert found["pushes"] > 0
    assert found["faults"]
    assert found["violations"] == {}
