"""What the bench of limits counts in its worst minute."""

import pytest

from bench.flow import fewest

EVEN = [float(n) for n in range(1, 181)]
"""One each second of three minutes."""


@pytest.mark.parametrize(
    ("times", "worst"),
    [
        (EVEN, 60),
        (EVEN[:85] + EVEN[95:], 50),  # a gap in the middle, as a flush leaves it
        (EVEN[10:], 50),  # a late start
        (EVEN[:-10], 50),  # an early end
        (EVEN[:59] + EVEN[60:120] + EVEN[121:], 59),  # two gaps, 61 seconds apart: in no minute both
        ([], 0),
    ],
)
def test_the_worst_minute_is_any_sliding_one_of_the_whole_run(times, worst):
    assert fewest(times, 0.0, 180.0, 60.0) == worst


def test_it_is_found_between_tenths_of_a_second():
    times = [0.05, *(1.0 + n for n in range(59)), 60.07]
    assert fewest([*times, *(61.0 + n for n in range(60))], 0.0, 121.0, 60.0) == 59


def test_a_run_that_is_shorter_than_a_minute_is_one_span():
    assert fewest(EVEN[:20], 0.0, 20.0, 20.0) == 20
