from __future__ import annotations

import pytest

from lockgate.contract import Outcome
from lockgate.errors import ChannelDown, ChannelError, NeedsAttention, Rejected, RetryLater, Unknown
from lockgate.retry import Policy, decide

LONGEST = Policy(draw=lambda _, most: most)

TABLE = [
    # error                                   tries  outcome            after
    (RetryLater("slow down", after=7.0), 1, Outcome.RETRY, 7.0),
    (RetryLater("slow down", after=0.0), 1, Outcome.RETRY, 0.0),
    (RetryLater("not now"), 1, Outcome.RETRY, 1.0),
    (RetryLater("not now"), 2, Outcome.RETRY, 2.0),
    (RetryLater("not now"), 7, Outcome.RETRY, 64.0),
    (RetryLater("not now"), 8, Outcome.ATTENTION, None),
    (RetryLater("slow down", after=7.0), 8, Outcome.ATTENTION, None),
    (ChannelDown("no route"), 1, Outcome.DOWN, 1.0),
    (ChannelDown("no route"), 5, Outcome.DOWN, 16.0),
    (ChannelDown("no route"), 100, Outcome.DOWN, 60.0),
    (ChannelDown("maintenance", after=600.0), 1, Outcome.DOWN, 600.0),
    (Rejected("a price below cost"), 1, Outcome.REJECTED, None),
    (Rejected("a price below cost"), 9, Outcome.REJECTED, None),
    (NeedsAttention("wrong key"), 1, Outcome.ATTENTION, None),
    (Unknown("no answer"), 1, Outcome.UNKNOWN, None),
    (Unknown("no answer"), 20, Outcome.UNKNOWN, None),
    (ChannelError("something"), 1, Outcome.RETRY, 1.0),
    (ZeroDivisionError(), 3, Outcome.RETRY, 4.0),
    (ZeroDivisionError(), 8, Outcome.ATTENTION, None),
]


@pytest.mark.parametrize(("error", "tries", "outcome", "after"), TABLE)
def test_an_error_means_one_thing(
    error: Exception, tries: int, outcome: Outcome, after: float | None
) -> None:
    decision = decide(error, tries, LONGEST, "demo")
    assert (decision.outcome, decision.retry_after) == (outcome, after)


def test_waits_are_capped_however_often_it_was_tried() -> None:
    patient = Policy(tries=10_000, draw=lambda _, most: most)
    assert decide(RetryLater("not now"), 5000, patient).retry_after == patient.cap


def test_waits_are_drawn_between_nothing_and_the_backoff() -> None:
    waits = [decide(RetryLater("not now"), 4, Policy()).retry_after or 0.0 for _ in range(200)]
    assert all(0.0 <= wait <= 8.0 for wait in waits)
    assert len(set(waits)) > 1


def test_giving_up_says_what_happened_how_often_and_what_to_do() -> None:
    message = decide(RetryLater("The shop is in trouble."), 8, Policy()).message
    assert message == "The shop is in trouble. Given up after 8 tries; press Retry when it is mended."


def test_an_internal_error_names_the_connector_and_keeps_its_words_to_the_log() -> None:
    decision = decide(KeyError("a secret"), 1, Policy(), "myshop")
    assert (
        decision.message == "Internal error in connector 'myshop': KeyError. The worker's log has the rest."
    )
