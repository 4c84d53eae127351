from . import pos_config, pos_order, pos_order_line, res_company, stock_location, stock_picking_type
