"""What the checker is given: of a request that comes again, what it changed, and no push of ours."""

from chaos import evidence
from chaos.records import Key

NAMES = {"A": "A", "old A": "A"}


def told(sku, applied, repeated=False):
    return {
        "sku": sku, "aspect": "stock", "value": {"quantity": 5}, "repeated": repeated,
        "applied": applied is not None, "applied_monotonic": applied,
    }  # fmt: skip


def test_what_came_again_last_is_known_under_the_listings_last_name():
    history = [told("A", 2.0), told("old A", 9.0, repeated=True)]
    assert evidence.repeated(history, NAMES) == {Key("A", "stock", None)}


def test_what_was_sent_after_something_came_again_stands_by_itself():
    assert evidence.repeated([told("A", 5.0, repeated=True), told("A", 6.0)], NAMES) == set()


def test_what_came_again_and_had_no_effect_changed_nothing():
    assert evidence.repeated([told("A", 2.0), told("A", None, repeated=True)], NAMES) == set()
