from . import (
    test_bad_input,
    test_channel,
    test_expiry,
    test_exposure,
    test_hooks,
    test_ledger,
    test_marks,
    test_movements,
    test_places,
    test_policy,
    test_turn,
)
