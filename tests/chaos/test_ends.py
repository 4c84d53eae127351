"""What a request that comes again changed, and what seals change just now."""

from decimal import Decimal

from chaos import ends
from chaos.records import Key, Seal

A = Key("A", "stock", None)
PRICE = Key("A", "price", None)


def told(applied, repeated=False):
    return A, {"repeated": repeated, "applied": applied is not None, "applied_monotonic": applied}


def test_what_came_again_last_is_known():
    assert ends.repeated([told(9.0, repeated=True), told(2.0)]) == {A}


def test_what_was_sent_after_something_came_again_stands_by_itself():
    assert ends.repeated([told(5.0, repeated=True), told(6.0)]) == set()


def test_what_came_again_and_had_no_effect_changed_nothing():
    assert ends.repeated([told(2.0), told(None, repeated=True)]) == set()


def test_a_price_turns_shortly_after_its_seal_begins_or_ends_and_no_longer():
    seal = Seal(7, PRICE, Decimal("12.50"), starts=100, ends=200, approved=90, revoked=None)
    turns = {now: ends.turning(now, [seal]) == {PRICE} for now in (98, 99.5, 105, 115, 205, 215)}
    assert turns == {98: False, 99.5: True, 105: True, 115: False, 205: True, 215: False}
