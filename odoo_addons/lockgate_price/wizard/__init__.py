from . import price_decision
