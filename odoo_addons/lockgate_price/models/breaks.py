"""Quantity breaks as people type, paste and import them: `10: 9.50; 100: -15%`.

From 10 of the product's own unit on one costs 9.50; from 100 on, 15 % less than the line's price.
"""

import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

BREAK = re.compile(r"(\d+(?:[.,]\d+)?)\s*[:=]\s*(-?\d+(?:[.,]\d+)?)\s*(%?)")
HIGHEST = Decimal(10) ** 12


def parse(text):
    """`[{"minimum", "price"} or {"minimum", "percent"}]`, decimals as text, lowest minimum first.

    Raises ValueError with the part that cannot be read, or that stands twice.
    """
    rows = {}
    for part in filter(None, (part.strip() for part in re.split(r"[;\n]", text or ""))):
        found = BREAK.fullmatch(part)
        if not found:
            raise ValueError(part)
        minimum, number = (Decimal(digits.replace(",", ".")) for digits in found.groups()[:2])
        low, kind = (Decimal(-100), "percent") if found[3] else (Decimal(0), "price")
        if not (0 < minimum <= HIGHEST and low < number <= HIGHEST) or minimum in rows:
            raise ValueError(part)
        rows[minimum] = {"minimum": str(minimum), kind: str(number)}
    return [rows[minimum] for minimum in sorted(rows)]


def written(steps):
    """As people type it, of (minimum, price) of the product's own unit. Minimums are cut off after six
    decimals: what is sealed begins at the next whole unit of a listing."""
    return "; ".join(
        f"{_digits(minimum, ROUND_DOWN)}: {_digits(price, ROUND_HALF_UP)}" for minimum, price in steps
    )


def _digits(number, rounding):
    decimal = Decimal(str(number)).quantize(Decimal("0.000001"), rounding)
    return f"{decimal:f}".rstrip("0").rstrip(".")
