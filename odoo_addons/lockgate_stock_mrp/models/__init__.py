from . import (
    lockgate_listing,
    lockgate_standing,
    mrp_bom,
    mrp_bom_line,
    product_product,
    product_template,
    uom_uom,
)
