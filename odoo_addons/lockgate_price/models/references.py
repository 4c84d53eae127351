"""What people name in files and pasted rows, found in sets: a few statements, however many rows there are."""

from odoo.fields import Domain

HIGHEST_ID = 2**31 - 1


def find_products(env, companies, references):
    """{reference: products} that the user may read and `companies` may sell.

    A reference is a product's internal reference or its barcode; where it is neither, the SKU of a listing
    on one of the companies' channels. One that names nothing is left out; one may name several products.
    """
    of_company = Domain("company_id", "in", [False, *companies.ids])
    names = list(references)
    products = env["product.product"].search_fetch(
        of_company & (Domain("default_code", "in", names) | Domain("barcode", "in", names)),
        ["default_code", "barcode"],
    )
    found = {}
    for product in products:
        for name in {product.default_code, product.barcode} & references:
            found.setdefault(name, set()).add(product.id)
    unknown = list(references - set(found))
    listings = env["lockgate.listing"].search_fetch(
        of_company & Domain("sku", "in", unknown) & Domain("product_id", "any", of_company),
        ["sku", "product_id"],
    )
    for listing in listings:
        found.setdefault(listing.sku, set()).add(listing.product_id.id)
    return {name: products.browse(sorted(ids)) for name, ids in found.items()}


def find_references(records, companies, subfield, references):
    """{reference: ids of records of that model} for what a column of an import names.

    `subfield` is ".id" (a number of the database), "id" (an external id) or None (a name; of a product what
    `find_products` knows). What is not found here is left out: Odoo's own import then says so.
    """
    if subfield == ".id":
        numbers = {int(each): each for each in references if each.isdecimal() and int(each) <= HIGHEST_ID}
        return {numbers[number]: [number] for number in records.browse(numbers).exists().ids}
    if subfield == "id":
        return _find_external(records, references)
    if records._name in ("product.product", "product.template"):
        found = find_products(records.env, companies, references)
        if records._name == "product.template":
            found = {name: products.product_tmpl_id for name, products in found.items()}
        return {name: products.ids for name, products in found.items()}
    found = {each: records.name_search(each, operator="=", limit=2) for each in references}
    return {each: [number for number, _name in named] for each, named in found.items() if named}


def _find_external(records, references):
    module = records.env.context.get("_import_current_module", "")
    full = {each if "." in each else f"{module}.{each}": each for each in references}
    records.env.cr.execute(
        f"""
        SELECT name.module || '.' || name.name, name.res_id
          FROM ir_model_data name JOIN {records._table} record ON record.id = name.res_id
         WHERE name.model = %s AND (name.module, name.name) IN (
               SELECT split_part(each, '.', 1), substr(each, strpos(each, '.') + 1) FROM unnest(%s) each)
        """,
        [records._name, list(full)],
    )
    return {full[name]: [number] for name, number in records.env.cr.fetchall()}
