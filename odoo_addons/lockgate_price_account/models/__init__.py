from . import lockgate_price_book, lockgate_price_change, lockgate_price_seal, lockgate_price_tax
