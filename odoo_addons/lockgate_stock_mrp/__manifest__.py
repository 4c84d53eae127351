{
    "name": "Lockgate Stock: Kits",
    "summary": "A kit sells as often as its scarcest part allows, and moves with each of its parts",
    "version": "19.0.1.0.0",
    "category": "Sales",
    "author": "Lockgate",
    "license": "LGPL-3",
    "depends": ["lockgate_stock", "mrp"],
    "data": ["views/lockgate_listing_views.xml"],
    "auto_install": True,
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
