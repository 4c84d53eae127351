from . import (
    test_bad_input,
    test_channel,
    test_expiry,
    test_exposure,
    test_hooks,
    test_ledger,
    test_mapping,
    test_marks,
    test_policy,
    test_random,
    test_reduction,
    test_turn,
)
