from . import (
    test_approval,
    test_at_once,
    test_drift,
    test_guard,
    test_impact,
    test_ledger,
    test_price_book,
    test_price_change,
    test_progress,
    test_seal,
    test_security,
    test_wanted_price,
)
