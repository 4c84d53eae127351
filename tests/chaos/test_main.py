"""Many runs, one after the other, and their sum."""

from chaos.__main__ import seeds, total


def found(seed, **parts):
    usual = {"seconds": 15.0, "pushes": 10, "operations": {"order": 2}, "faults": {"lose": 1}}
    return {"seed": seed, **usual, "violations": {}, "converged_in": 1.5, **parts}


def test_seeds_are_named_one_by_one_or_as_ranges():
    assert seeds("7") == [7]
    assert seeds("3,8-10") == [3, 8, 9, 10]


def test_a_sum_counts_what_many_runs_did():
    both = total([found(1), found(2, pushes=5, faults={"lose": 1, "late": 2}, converged_in=4.0)])
    assert (both["seeds"], both["seconds"], both["pushes"]) == (2, 30.0, 15)
    assert (both["operations"], both["faults"]) == ({"order": 4}, {"lose": 2, "late": 2})
    assert (both["broke"], both["converged_in"]) == ([], 4.0)


def test_a_sum_names_the_seeds_that_broke_something_and_what_never_came_to_rest():
    both = total([found(1), found(2, violations={"S3": [{}, {}]}, converged_in=None)])
    assert (both["broke"], both["violations"], both["converged_in"]) == ([2], {"S3": 2}, None)
