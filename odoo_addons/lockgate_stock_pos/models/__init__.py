from . import pos_order, pos_order_line, stock_location
