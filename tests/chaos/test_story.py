"""A violation comes with what shows it, and no more."""

from decimal import Decimal

from chaos.checker import Violation
from chaos.findings import Bounds
from chaos.records import Attempt, Freeze, Key, Push, Records, Seal
from chaos.story import shortest

BOUNDS = Bounds(send_within=3, deadline=3, late_bound=2, lag=1)
KEY, OTHER = Key("A", "price", None), Key("B", "price", None)
VALUE = {"aspect": "price", "sku": "A", "amount": "12.50", "seal": 7}
RECORDS = Records(
    pushes=[Push(key, VALUE, at, at, refused=False) for key in (KEY, OTHER) for at in (50, 111)],
    attempts=[Attempt(KEY, "push", 1, VALUE, leased=110, answered=112, token="secret-token")],
    seals=[Seal(7, KEY, Decimal("12.50"), starts=100, ends=109, approved=99, revoked=None)],
    freezes=[Freeze(frozenset({"A"}), 108, None), Freeze(frozenset({"B"}), 108, None)],
    ends=[],
)


def test_it_tells_what_happened_to_the_listing_around_that_moment_in_order():
    told = shortest(Violation("S1", KEY, "sent after it had ended", at=111), RECORDS, BOUNDS)
    assert [(each["at"], each["what"]) for each in told["history"]] == [
        (99, "approved"),
        (100, "begins"),
        (108, "frozen"),
        (109, "ends"),
        (110, "leased"),
        (111, "received"),
        (112, "answered"),
    ]


def test_what_is_of_no_listing_is_told_in_words():
    told = shortest(Violation("flow", None, "the limit refused 4 of 100 requests", at=None), RECORDS, BOUNDS)
    assert told == {"key": None, "words": "the limit refused 4 of 100 requests", "at": None}
