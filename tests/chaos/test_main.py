"""Many runs, one after the other, and their sum."""

from chaos.__main__ import seeds, total
from chaos.run import unplayed
from stack.console import Failed


def found(seed, **parts):
    usual = {"seconds": 15.0, "pushes": 10, "operations": {"order": 2}, "faults": {"lose": 1}}
    usual["offered_again"] = {"times": 1, "units": seed, "seconds": 2.5}
    return {"seed": seed, **usual, "violations": {}, "converged_in": 1.5, **parts}


def test_seeds_are_named_one_by_one_or_as_ranges():
    assert seeds("7") == [7]
    assert seeds("3,8-10") == [3, 8, 9, 10]


def test_a_sum_counts_what_many_runs_did():
    both = total([found(1), found(2, pushes=5, faults={"lose": 1, "late": 2}, converged_in=4.0)])
    assert (both["seeds"], both["seconds"], both["pushes"]) == (2, 30.0, 15)
    assert (both["operations"], both["faults"]) == ({"order": 4}, {"lose": 2, "late": 2})
    assert (both["broke"], both["converged_in"]) == ([], 4.0)
    assert both["offered_again"] == {"times": 2, "units": 2, "seconds": 2.5}


def test_a_run_that_could_not_be_played_to_its_end_broke_its_promise():
    left = unplayed({"seed": 2, "seconds": 15.0}, Failed("Odoo did not come back"))
    both = total([found(1), left])
    assert (both["broke"], both["violations"], both["converged_in"]) == ([2], {"run": 1}, None)


def test_a_sum_names_the_seeds_that_broke_something_and_what_never_came_to_rest():
    both = total([found(1), found(2, violations={"S3": [{}, {}]}, converged_in=None)])
    assert (both["broke"], both["violations"], both["converged_in"]) == ([2], {"S3": 2}, None)
