from . import (
    channel,
    company,
    evidence,
    exception_price,
    price_approval,
    price_book,
    price_change,
    price_change_decision,
    price_change_line,
    price_impact,
    price_progress,
    price_seal,
    pricelist_item,
    product,
    turn,
)

# These build on the ones above.
from . import (  # isort: skip
    price_capture,
    price_guard,
    ledger,
    pending,
    price_doors,
    price_drift,
    price_period,
    price_release,
    price_rollback,
)
