from . import ledger_check, price_decision, price_moment
