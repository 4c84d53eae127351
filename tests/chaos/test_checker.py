"""The checker sees each property fail, and nothing else, in the shortest history that breaks it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chaos.checker import Bounds, check
from chaos.records import Attempt, End, Freeze, Key, Push, Records, Seal
from chaos.warehouse import NEVER

BOUNDS = Bounds(send_within=3, deadline=3, late_bound=2)
PRICE, STOCK = Key("A", "price", None), Key("A", "stock", None)
SEAL = Seal(7, PRICE, Decimal("12.50"), starts=100, ends=200, approved=90, revoked=None)
PRICE_VALUE = {"aspect": "price", "sku": "A", "amount": "12.50", "seal": 7}


def stock(quantity, sku="A"):
    return {"aspect": "stock", "sku": sku, "quantity": quantity}


def push(key=STOCK, value=None, received=110.0, **values):
    return Push(key, value or stock(5), received, received, refused=False, **values)


def attempt(key=STOCK, value=None, leased=109.0, **values):
    known = {"purpose": "push", "version": 1, "answered": leased + 2, "visible": None}
    return Attempt(key=key, value=value or stock(5), leased=leased, **{**known, **values})


def records(**parts):
    empty = {name: [] for name in ("pushes", "attempts", "seals", "freezes", "ends")}
    return Records(**{**empty, **parts})


def broken(**parts):
    return {violation.property for violation in check(records(**parts), BOUNDS)}


def test_a_run_that_kept_its_promises_has_no_violation():
    assert not broken(
        pushes=[push(), push(PRICE, PRICE_VALUE)],
        attempts=[attempt(visible=5), attempt(PRICE, PRICE_VALUE)],
        seals=[SEAL],
        ends=[End(STOCK, "5", "5", exempt=False)],
        freezes=[Freeze(frozenset({"A"}), 120, 130)],
    )


@pytest.mark.parametrize(
    "seal",
    [
        None,
        replace(SEAL, amount=Decimal("12.40")),
        replace(SEAL, key=Key("B", "price", None)),
        replace(SEAL, approved=None),
        replace(SEAL, approved=115),
        replace(SEAL, starts=115),
        replace(SEAL, ends=105),
        replace(SEAL, revoked=105),
    ],
)
def test_a_price_without_its_seal_in_force_breaks_s1(seal):
    sent = {"pushes": [push(PRICE, PRICE_VALUE)], "attempts": [attempt(PRICE, PRICE_VALUE)]}
    assert broken(**sent, seals=[seal] if seal else []) == {"S1"}


def test_a_price_that_was_superseded_long_ago_breaks_s1():
    newer = replace(SEAL, number=8, amount=Decimal("13"), starts=101, approved=101)
    sent = {"pushes": [push(PRICE, PRICE_VALUE)], "attempts": [attempt(PRICE, PRICE_VALUE)]}
    assert broken(**sent, seals=[SEAL, newer]) == {"S1"}
    assert not broken(**sent, seals=[SEAL, replace(newer, starts=108)])


def test_a_broken_chain_of_evidence_breaks_s1():
    assert broken(broken_evidence=["lockgate_price_seal"]) == {"S1"}


def test_an_older_version_after_a_newer_one_breaks_s2():
    assert broken(
        pushes=[push(value=stock(6), received=110), push(value=stock(5), received=113)],
        attempts=[
            attempt(value=stock(6), leased=109, version=2),
            attempt(value=stock(5), leased=112, version=1),
        ],
    ) == {"S2"}


def test_a_send_while_the_earlier_one_may_still_land_breaks_s2():
    pushes = [push(value=stock(5), received=110), push(value=stock(6), received=113)]
    second = attempt(value=stock(6), leased=112, version=2)
    unanswered = attempt(value=stock(5), leased=109, answered=None)
    assert broken(pushes=pushes, attempts=[unanswered, second]) == {"S2"}
    assert not broken(pushes=pushes, attempts=[replace(unanswered, answered=111.0), second])


def test_a_push_that_nobody_leased_breaks_s2():
    assert broken(pushes=[push()]) == {"S2"}


def test_a_push_under_a_name_that_nobody_leased_breaks_s2():
    assert broken(pushes=[push(value=stock(5, sku="OLD"))], attempts=[attempt()]) == {"S2"}


def test_a_value_sent_again_before_anybody_asked_what_came_of_it_breaks_s2():
    lost, again = attempt(leased=100, answered=None), attempt(leased=120)
    read = attempt(leased=110, purpose="read")
    assert broken(attempts=[lost, again]) == {"S2"}
    assert not broken(attempts=[lost, read, again])
    assert not broken(attempts=[lost, again], readable=False)
    assert not broken(attempts=[lost, replace(again, version=2)])


def test_a_channel_that_ends_at_another_value_breaks_s3():
    assert broken(ends=[End(STOCK, "5", "6", exempt=False)]) == {"S3"}
    assert broken(ends=[End(STOCK, None, "6", exempt=False)]) == {"S3"}
    assert not broken(ends=[End(STOCK, "5", "6", exempt=True)])


def test_channels_that_never_come_to_rest_break_s3():
    assert {each.property for each in check(records(converged_in=None), BOUNDS)} == {"S3"}


def test_a_value_that_was_rolled_back_breaks_s4():
    value = stock(NEVER + 12)
    assert broken(pushes=[push(value=value)], attempts=[attempt(value=value)]) == {"S4"}


def test_a_number_that_its_snapshot_does_not_show_breaks_s5():
    assert broken(attempts=[attempt(visible=4)]) == {"S5"}
    assert not broken(attempts=[attempt(value=stock(0), visible=-3)])


def test_a_number_that_is_sent_long_after_its_lease_breaks_s5():
    assert broken(pushes=[push(received=114.0)], attempts=[attempt(leased=109.0)]) == {"S5"}


def test_a_push_to_a_frozen_channel_breaks_s6():
    sent = {"pushes": [push(received=110)], "attempts": [attempt()]}
    assert broken(**sent, freezes=[Freeze(frozenset({"A"}), 100, None)]) == {"S6"}
    assert not broken(**sent, freezes=[Freeze(frozenset({"A"}), 108, None)])
    assert not broken(**sent, freezes=[Freeze(frozenset({"A"}), 100, 109)])
    assert not broken(**sent, freezes=[Freeze(frozenset({"B"}), 100, None)])


def test_a_limit_that_refuses_more_than_a_hundredth_breaks_the_flow():
    assert broken(limited=(100, 4)) == {"flow"}
    assert not broken(limited=(100, 3))
