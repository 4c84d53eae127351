from __future__ import annotations

import pytest

from lockgate.contract import Cause, Outcome
from lockgate.errors import (
    ChannelDown,
    ChannelError,
    LockedOut,
    NeedsAttention,
    Rejected,
    RetryLater,
    Unknown,
)
from lockgate.retry import Policy, decide, may_be_of_one

LONGEST = Policy(draw=lambda _, most: most)

TABLE = [
    # error                                   tries  falls  outcome            after
    (RetryLater("slow down", after=7.0), 1, 0, Outcome.RETRY, 7.0),
    (RetryLater("Retry-After: -5", after=-5.0), 1, 0, Outcome.RETRY, 1.0),
    (RetryLater("a date of 1970", after=0.0), 3, 0, Outcome.RETRY, 4.0),
    (RetryLater("in 10 years", after=10 * 31_557_600.0), 1, 0, Outcome.RETRY, 900.0),
    (RetryLater("not now"), 1, 0, Outcome.RETRY, 1.0),
    (RetryLater("not now"), 2, 0, Outcome.RETRY, 2.0),
    (RetryLater("not now"), 7, 0, Outcome.RETRY, 64.0),
    (RetryLater("not now"), 100, 0, Outcome.RETRY, 300.0),
    (RetryLater("not now"), 2, 9, Outcome.RETRY, 2.0),
    (RetryLater("HTTP 503", cause=Cause.CHANNEL_DOWN), 1, 0, Outcome.RETRY, 1.0),
    (RetryLater("HTTP 503", cause=Cause.CHANNEL_DOWN), 3, 1, Outcome.RETRY, 4.0),
    (RetryLater("HTTP 503", cause=Cause.CHANNEL_DOWN), 1, 4, Outcome.RETRY, 16.0),
    (RetryLater("HTTP 503", cause=Cause.CHANNEL_DOWN), 1, 99, Outcome.RETRY, 60.0),
    (RetryLater("HTTP 503", after=7.0, cause=Cause.CHANNEL_DOWN), 1, 99, Outcome.RETRY, 7.0),
    (RetryLater("no answer", cause=Cause.NO_ANSWER), 1, 4, Outcome.RETRY, 16.0),
    (RetryLater("HTTP 429", cause=Cause.RATE_LIMIT), 1, 4, Outcome.RETRY, 16.0),
    (ChannelDown("no route"), 1, 0, Outcome.DOWN, 1.0),
    (ChannelDown("no route"), 1, 4, Outcome.DOWN, 16.0),
    (ChannelDown("no route"), 1, 100, Outcome.DOWN, 60.0),
    (ChannelDown("maintenance", after=600.0), 1, 0, Outcome.DOWN, 600.0),
    (ChannelDown("a date of 1970", after=0.0), 1, 0, Outcome.DOWN, 1.0),
    (ChannelDown("in 10 years", after=1e9), 1, 0, Outcome.DOWN, 900.0),
    (Rejected("a price below cost"), 1, 0, Outcome.REJECTED, None),
    (Rejected("a price below cost"), 9, 9, Outcome.REJECTED, None),
    (NeedsAttention("wrong key"), 1, 0, Outcome.ATTENTION, None),
    (NeedsAttention("wrong key", cause=Cause.CREDENTIALS), 1, 4, Outcome.ATTENTION, None),
    (LockedOut("wrong key"), 1, 0, Outcome.ATTENTION, 1.0),
    (LockedOut("wrong key"), 1, 4, Outcome.ATTENTION, 16.0),
    (LockedOut("wrong key"), 9, 99, Outcome.ATTENTION, 900.0),
    (Unknown("no answer"), 1, 0, Outcome.UNKNOWN, 1.0),
    (Unknown("no answer"), 1, 4, Outcome.UNKNOWN, 16.0),
    (ChannelError("something"), 1, 0, Outcome.RETRY, 1.0),
    (ZeroDivisionError(), 3, 9, Outcome.RETRY, 4.0),
]


@pytest.mark.parametrize(("error", "tries", "falls", "outcome", "after"), TABLE)
def test_an_error_means_one_thing(
    error: Exception, tries: int, falls: int, outcome: Outcome, after: float | None
) -> None:
    decision = decide(error, tries, falls, LONGEST, "demo")
    assert (decision.outcome, decision.retry_after) == (outcome, after)


def test_waits_are_capped_however_often_it_was_tried() -> None:
    assert decide(RetryLater("not now"), 5000, 0, LONGEST).retry_after == LONGEST.cap
    assert decide(Unknown("silence"), 5000, 5000, LONGEST).retry_after == LONGEST.trouble_cap


@pytest.mark.parametrize(
    ("error", "tries", "falls", "most"),
    [
        (RetryLater("not now"), 1, 0, 1.0),
        (RetryLater("not now"), 4, 0, 8.0),
        (RetryLater("not now"), 100, 0, 300.0),
        (ChannelDown("no route"), 1, 99, 60.0),
        (LockedOut("wrong key"), 1, 99, 900.0),
    ],
)
def test_waits_are_drawn_from_all_between_nothing_and_the_backoff(
    error: Exception, tries: int, falls: int, most: float
) -> None:
    """Workers that failed together come again apart; of 400 draws none in a quarter is one time in 10^50."""
    waits = [decide(error, tries, falls, Policy()).retry_after or 0.0 for _ in range(400)]
    assert all(0.0 <= wait <= most for wait in waits)
    for quarter in range(4):
        assert any(quarter / 4 <= wait / most <= (quarter + 1) / 4 for wait in waits)


def test_an_internal_error_names_the_connector_and_keeps_its_words_to_the_log() -> None:
    decision = decide(KeyError("a secret"), 1, 0, Policy(), "myshop")
    assert (
        decision.message == "Internal error in connector 'myshop': KeyError. The worker's log has the rest."
    )


SPLITS = [
    (RetryLater("HTTP 500"), True),
    (NeedsAttention("HTTP 400", cause=Cause.BAD_ANSWER), True),
    (Rejected("HTTP 422"), True),
    (Rejected("no such product", cause=Cause.UNKNOWN_PRODUCT), True),
    (KeyError("a bug"), True),
    (RetryLater("HTTP 500", after=1.0), False),
    (RetryLater("HTTP 429", cause=Cause.RATE_LIMIT), False),
    (RetryLater("HTTP 503", cause=Cause.CHANNEL_DOWN), False),
    (RetryLater("time-out", cause=Cause.NO_ANSWER), False),
    (NeedsAttention("no such shop"), False),
    (NeedsAttention("wrong key", cause=Cause.CREDENTIALS), False),
    (Unknown("silence"), False),
    (ChannelDown("no route"), False),
]


@pytest.mark.parametrize(("error", "split"), SPLITS)
def test_an_error_of_a_whole_request_may_be_of_one_item_or_not(error: Exception, split: bool) -> None:
    assert may_be_of_one(error) is split
