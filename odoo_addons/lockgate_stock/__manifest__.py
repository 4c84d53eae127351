{
    "name": "Lockgate Stock",
    "summary": "What each sales channel may sell, from Odoo's quants and open moves",
    "version": "19.0.1.0.0",
    "category": "Sales",
    "author": "Lockgate",
    "license": "LGPL-3",
    "depends": ["lockgate", "stock"],
    "data": [
        "security/ir.model.access.csv",
        "security/lockgate_stock_rules.xml",
        "views/lockgate_exposure_policy_views.xml",
        "views/lockgate_channel_views.xml",
        "views/lockgate_listing_views.xml",
        "views/stock_location_views.xml",
    ],
    "demo": ["demo/lockgate_stock_demo.xml", "demo/lockgate_exposure_policy_demo.xml"],
    "uninstall_hook": "uninstall_hook",
}
