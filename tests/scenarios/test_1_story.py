"""The story that `make demo` plays. Its steps build on one another, so they run in this order."""

import pytest

STEPS = ["first_sync", "price_change", "stock_moves", "burst", "outage", "refusal", "kill"]


def test_every_step_of_the_demo_is_played_here(story):
    assert [step.__name__ for _title, step in story.steps] == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_the_step_holds(story, step):
    getattr(story, step)()
