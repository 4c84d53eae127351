from . import (
    lockgate_channel,
    lockgate_listing,
    lockgate_outbox,
    lockgate_turn,
    product_product,
    product_template,
    stock_location,
    stock_move,
    stock_quant,
    stock_warehouse,
)
