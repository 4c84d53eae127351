{
    "name": "Lockgate Prices: Fiscal Positions",
    "summary": "A price book shows its prices with tax or without, under its fiscal position",
    "version": "19.0.1.0.0",
    "category": "Sales",
    "author": "Lockgate",
    "license": "LGPL-3",
    "depends": ["lockgate_price", "account"],
    "data": ["views/lockgate_price_book_views.xml", "views/lockgate_price_seal_views.xml"],
    "auto_install": True,
}
