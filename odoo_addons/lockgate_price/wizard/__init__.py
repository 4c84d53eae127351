from . import ledger_check, price_bulk, price_decision, price_moment, price_paste
