{
    "name": "Lockgate Stock: Point of Sale",
    "summary": "What open POS sessions have sold is not sold a second time by channels",
    "version": "19.0.1.0.0",
    "category": "Sales",
    "author": "Lockgate",
    "license": "LGPL-3",
    "depends": ["lockgate_stock", "point_of_sale"],
    "data": [],
    "auto_install": True,
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
