"""The checker sees each property fail, and nothing else, in the shortest history that breaks it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chaos.checker import check
from chaos.findings import Bounds
from chaos.records import Attempt, End, Freeze, Key, Push, Records, Sale, Seal
from chaos.warehouse import NEVER

BOUNDS = Bounds(send_within=3, deadline=3, late_bound=2, lag=1, compared=100)
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
        replace(SEAL, as_approved=False),
    ],
)
def test_a_price_without_its_seal_in_force_breaks_s1(seal):
    sent = {"pushes": [push(PRICE, PRICE_VALUE)], "attempts": [attempt(PRICE, PRICE_VALUE)]}
    assert broken(**sent, seals=[seal] if seal else []) == {"S1"}


def test_a_price_may_follow_its_revocation_by_a_lease_and_its_end_not_at_all():
    """The worker knows the end of what it holds, and nothing of what was decided since it was leased."""
    sent = {"pushes": [push(PRICE, PRICE_VALUE)], "attempts": [attempt(PRICE, PRICE_VALUE)]}
    assert not broken(**sent, seals=[replace(SEAL, revoked=107)])
    assert broken(**sent, seals=[replace(SEAL, ends=107)]) == {"S1"}


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


def late(applied, repaired=None, compares=False, repeated=False):
    """An older value lands on a newer one at `applied`; the newer one is sent again at `repaired`."""
    told = {"version": 1} if compares else {}
    leases = [
        attempt(value=stock(5), leased=100, answered=None),
        attempt(leased=108.5, purpose="read", value=stock(5)),
        attempt(value=stock(6), leased=110, version=2),
        attempt(value=stock(6), leased=150, version=2),
    ]
    old = replace(push(value=stock(5) | told, received=101), applied=applied)
    pushes = [push(value=stock(6), received=110.5)]
    if repaired:
        pushes.append(replace(push(value=stock(6), received=150.5), applied=repaired))
    landed = {"repeats": [old]} if repeated else {"pushes": [old, *pushes]}
    return broken(**{"pushes": pushes, **landed, "attempts": leases, "read": 300.0})


def test_an_older_value_that_lands_late_and_is_repaired_within_b_breaks_nothing():
    assert not late(applied=130, repaired=151)
    assert not late(applied=109, repaired=None)


def test_an_older_value_that_lands_late_and_stays_for_longer_than_b_breaks_s2():
    assert late(applied=120, repaired=151) == {"S2"}
    assert late(applied=130) == {"S2"}


def test_what_lands_late_under_a_name_that_the_listing_has_no_more_breaks_nothing():
    old = replace(push(value=stock(5, sku="OLD"), received=101), applied=130)
    leases = [
        attempt(value=stock(5, sku="OLD"), leased=100, answered=None),
        attempt(leased=109, value=stock(6), version=2),
    ]
    pushes = [old, push(value=stock(6), received=110)]
    assert not broken(pushes=pushes, attempts=leases, read=300.0)


def test_what_comes_again_though_nobody_sent_it_may_stay_until_all_is_compared():
    assert not late(applied=190, repeated=True)
    assert late(applied=160, repeated=True) == {"S2"}


def test_an_older_value_that_a_channel_takes_though_it_compares_breaks_s2():
    assert late(applied=130, repaired=131, compares=True) == {"S2"}
    assert not late(applied=None, compares=True)


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


def sold(allocates, told=None, quantity=2, at=105.0):
    return Sale(STOCK, quantity, sold=at, allocates=allocates, order="o-1", told=told)


def test_what_a_channel_sold_and_keeps_apart_is_not_offered_again():
    unseen = {"pushes": [push()], "attempts": [attempt()]}
    assert not broken(**unseen, sales=[sold(allocates=True)])
    shipped = Sale(STOCK, -2, sold=106.0, allocates=True)
    assert broken(**unseen, sales=[sold(allocates=True), shipped]) == {"S5"}
    seen = {"pushes": [push()], "attempts": [attempt(seen=frozenset({"o-1"}))]}
    assert not broken(**seen, sales=[sold(allocates=True), shipped])


def test_what_another_channel_sold_is_offered_again_until_odoo_knows_and_no_longer():
    unseen = {"pushes": [push()], "attempts": [attempt()]}
    assert not broken(**unseen, sales=[sold(allocates=False)])
    assert not broken(**unseen, sales=[sold(allocates=False, told=108.0)])
    assert broken(**unseen, sales=[sold(allocates=False, told=99.0, at=90.0)]) == {"S5"}


def test_a_push_to_a_frozen_channel_breaks_s6():
    sent = {"pushes": [push(received=110)], "attempts": [attempt()]}
    assert broken(**sent, freezes=[Freeze(frozenset({"A"}), 100, None)]) == {"S6"}
    assert not broken(**sent, freezes=[Freeze(frozenset({"A"}), 108, None)])
    assert not broken(**sent, freezes=[Freeze(frozenset({"A"}), 100, 109)])
    assert not broken(**sent, freezes=[Freeze(frozenset({"B"}), 100, None)])


def test_a_push_by_a_worker_that_was_told_of_the_freeze_breaks_s6():
    told = attempt(value=stock(4), leased=109, answered=109.8, token="t")
    sent = attempt(leased=109, answered=111.0, token="t")
    frozen = [Freeze(frozenset({"A"}), 109.5, None)]
    assert broken(pushes=[push(received=110)], attempts=[told, sent], freezes=frozen) == {"S6"}
    other = replace(told, token="u")
    assert not broken(pushes=[push(received=110)], attempts=[other, sent], freezes=frozen)
    before = replace(told, answered=109.4)
    assert not broken(pushes=[push(received=110)], attempts=[before, sent], freezes=frozen)


def test_more_leases_than_workers_asked_for_in_all_break_the_flow():
    out = [attempt(leased=109), attempt(Key("B", "stock", None), leased=110)]
    assert broken(attempts=out, ceiling=(100, 1)) == {"flow"}
    assert not broken(attempts=out, ceiling=(100, 2))
    assert not broken(attempts=[out[0], replace(out[1], leased=112)], ceiling=(100, 1))


def test_a_limit_that_refuses_more_than_a_hundredth_breaks_the_flow():
    assert broken(limited=(100, 4)) == {"flow"}
    assert not broken(limited=(100, 3))
