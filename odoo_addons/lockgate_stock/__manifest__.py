{
    "name": "Lockgate Stock",
    "summary": "What each sales channel may sell, from Odoo's quants and open moves",
    "version": "19.0.1.0.0",
    "category": "Sales",
    "author": "Lockgate",
    "license": "LGPL-3",
    "depends": ["lockgate", "stock"],
    "data": [
        "views/lockgate_channel_views.xml",
        "views/lockgate_listing_views.xml",
    ],
    "demo": ["demo/lockgate_stock_demo.xml"],
    "uninstall_hook": "uninstall_hook",
}
