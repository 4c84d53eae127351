from . import lockgate_listing, lockgate_standing, mrp_bom, mrp_bom_line, product_template, uom_uom
