from .common import LockgateCase

PRICE = {
    "aspect": "price",
    "sku": "TUG",
    "reference": "p-7",
    "book": "b2b",
    "amount": "12.50",
    "currency": "USD",
    "tax_included": False,
    "unit": "Units",
    "breaks": [{"minimum": "10", "amount": "11.00"}],
    "compare_at": "15.00",
    "seal": 7,
    "starts": "2026-03-01T12:00:00+00:00",
    "ends": "2026-03-31T22:00:00Z",
    "coming": [
        {
            "amount": "13.00",
            "currency": "USD",
            "tax_included": False,
            "breaks": [],
            "compare_at": None,
            "seal": 8,
            "starts": "2026-03-31T22:00:00+00:00",
            "ends": None,
        }
    ],
}


class TestAttemptWords(LockgateCase):
    """The timeline of tries says all that was sent, not the amount alone."""

    def sent(self, value):
        self.env.user.tz = "UTC"
        return self.env["lockgate.attempt"].new({"value": value}).sent_text

    def test_a_price_with_its_names_breaks_dates_and_what_comes(self):
        words = self.sent(PRICE)
        for expected in (
            "TUG / p-7 / b2b: 12.50 USD",
            "from 10: 11.00",
            "instead of 15.00",
            "from 3/1/26, 12:00",
            "until 3/31/26, 10:00",
            "then 13.00 USD; from 3/31/26",
        ):
            self.assertIn(expected, words.replace("\u202f", " "))

    def test_stock_with_its_sku(self):
        self.assertEqual(
            self.sent({"aspect": "stock", "sku": "TUG", "reference": None, "quantity": 7}), "TUG: 7"
        )

    def test_an_attempt_without_a_value_says_nothing(self):
        self.assertFalse(self.sent(None))
