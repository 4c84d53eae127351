"""What exceptions are about, in plain words: categories, how grave each is, and what they follow from."""

CATEGORIES = [
    ("mapping", "Mapping Missing"),
    ("unknown_product", "Product Unknown at the Channel"),
    ("price_refused", "Price Refused"),
    ("stock_refused", "Stock Refused"),
    ("credentials", "Credentials"),
    ("permission", "Permission"),
    ("settings", "Settings"),
    ("rate_limit", "Rate Limit for Too Long"),
    ("channel_down", "Channel Down"),
    ("bad_answer", "Bad Answer"),
    ("out_of_policy", "Value out of Policy"),
    ("ungoverned_price", "Ungoverned Price"),
    ("drift", "Drift"),
    ("conflict", "Conflict"),
    ("internal", "Internal"),
]
SEVERITIES = [("0", "Low"), ("1", "Medium"), ("2", "High"), ("3", "Critical")]
SEVERITY = {
    "credentials": "3",
    "channel_down": "3",
    "ungoverned_price": "3",
    "permission": "2",
    "settings": "2",
    "rate_limit": "2",
    "bad_answer": "2",
    "price_refused": "2",
    "stock_refused": "2",
    "out_of_policy": "2",
    "internal": "2",
    "drift": "1",
    "mapping": "1",
    "unknown_product": "1",
    "conflict": "0",
}
# Hours until an exception is due, by its severity.
DUE_HOURS = {"3": 1, "2": 4, "1": 24, "0": 72}
# About the channel as a whole, whatever the words of each answer: one exception, whichever listings it hits.
OF_THE_CHANNEL = {"credentials", "channel_down", "rate_limit"}
# A cause that is no category by the same name.
BY_CAUSE = {"no_answer": "channel_down"}


def category_of(outcome, cause, aspect, reading=None):
    """The category of a publication that is blocked, from what the last attempt brought.

    An attempt without an outcome is a worker's that never came back; a read-back without a reading is of a
    product that the channel does not know.
    """
    if outcome == "read":
        return "drift" if reading else "unknown_product"
    if cause:
        return BY_CAUSE.get(cause, cause)
    if outcome == "rejected":
        return f"{aspect}_refused"
    return "internal"
