"""What a channel should show and hold ahead, and what seals change just now."""

from dataclasses import replace
from decimal import Decimal

from chaos import ends
from chaos.records import Key, Seal

PRICE = Key("A", "price", None)
SEAL = Seal(7, PRICE, Decimal("12.50"), starts=100, ends=200, approved=90, revoked=None)
COMING = replace(SEAL, number=8, amount=Decimal(13), starts=150, ends=170)
HELD = {"amount": "13.00", "starts": "1970-01-01T00:02:30+00:00"}


def test_a_price_turns_shortly_after_its_seal_begins_or_ends_and_no_longer():
    turns = {now: ends.turning(now, [SEAL]) == {PRICE} for now in (98, 99.5, 105, 115, 205, 215)}
    assert turns == {98: False, 99.5: True, 105: True, 115: False, 205: True, 215: False}


def test_a_channel_is_to_hold_each_price_that_takes_over_and_the_one_underneath_again():
    assert list(ends.ahead(110, [SEAL, COMING])) == [(150, Decimal(13)), (170, Decimal("12.50"))]


def test_a_channel_is_not_to_hold_what_was_taken_back_or_never_comes_to_the_top():
    assert list(ends.ahead(110, [SEAL, replace(COMING, revoked=105)])) == []
    assert list(ends.ahead(110, [SEAL, replace(COMING, number=6)])) == []


def price(seals, coming, dated=True):
    (found,) = ends.prices(110, {"A": {"price": "12.50", "coming": coming}}, seals, dated)
    return ends.end(*found, pushes=[], blocked=set())


def test_a_price_that_is_held_ahead_though_it_was_taken_back_is_seen():
    assert price([SEAL, replace(COMING, revoked=105)], [HELD]).wrong
    assert not price([SEAL, replace(COMING, revoked=105)], []).wrong


def test_a_price_that_never_came_to_be_held_ahead_is_seen():
    back = {"amount": "12.50", "starts": "1970-01-01T00:02:50+00:00"}
    assert price([SEAL, COMING], [HELD]).wrong
    assert not price([SEAL, COMING], [HELD, back]).wrong


def test_a_channel_without_dated_prices_holds_nothing_ahead():
    assert not price([SEAL, COMING], [], dated=False).wrong
