"""Ways around a price change: to edit what a price book stands on, where the company refuses that."""

from __future__ import annotations

from collections.abc import Iterable

from stack.user import User
from tests.security.attempt import Attempt
from tests.security.world import World

TEMPLATE, VARIANT = "product.template", "product.product"
PRICELIST, RULE = "product.pricelist", "product.pricelist.item"


def set_up_governed(admin: User, world: World) -> None:
    """The company refuses direct edits, and the pricelist has the rule of an approved change."""
    admin.call("res.company", "write", [1], {"lockgate_price_edits": "strict"})
    world.rule = admin.find(RULE, [("pricelist_id", "=", world.pricelist)], "id")[0]["id"]


def governed(world: World) -> Iterable[Attempt]:
    """Made by all: the administrator too has to draft a price change."""
    group = "edit governed prices"
    rule = {"applied_on": "3_global", "compute_price": "fixed", "fixed_price": 1}
    for what, model, number, values in (
        ("a list price", TEMPLATE, world.template, {"list_price": 1}),
        ("the price of a variant", VARIANT, world.product, {"lst_price": 1}),
        ("a list price by a variant", VARIANT, world.product, {"list_price": 1}),
        ("a variant's price by its product", TEMPLATE, world.template,
         {"product_variant_ids": [[1, world.product, {"lst_price": 1}]]}),
        ("a new rule by its pricelist", PRICELIST, world.pricelist, {"item_ids": [[0, 0, rule]]}),
        ("a rule by its pricelist", PRICELIST, world.pricelist,
         {"item_ids": [[1, world.rule, {"fixed_price": 1}]]}),
        ("rules away by their pricelist", PRICELIST, world.pricelist, {"item_ids": [[5, 0, 0]]}),
        ("a new rule by its product", TEMPLATE, world.template,
         {"pricelist_rule_ids": [[0, 0, {**rule, "pricelist_id": world.pricelist}]]}),
        ("a pricelist's currency", PRICELIST, world.pricelist, {"currency_id": 2}),
        ("a rule", RULE, world.rule, {"fixed_price": 1}),
        ("when a rule ends", RULE, world.rule, {"date_end": "2020-01-01 00:00:00"}),
        ("a rule into another pricelist", RULE, world.rule, {"pricelist_id": world.pricelist + 1}),
    ):  # fmt: skip
        yield Attempt(group, f"write {what}", model, "write", [number], {"vals": values})
        yield Attempt(
            group, f"web_save {what}", model, "web_save", [number], {"vals": values, "specification": {}}
        )
    yield Attempt(group, "create a rule", RULE, "create", None,
                  {"vals_list": [{**rule, "pricelist_id": world.pricelist}]})  # fmt: skip
    yield Attempt(group, "copy a rule", RULE, "copy", [world.rule], {"default": {"fixed_price": 1}})
    yield Attempt(group, "delete a rule", RULE, "unlink", [world.rule])
    yield Attempt(group, "delete a pricelist", PRICELIST, "unlink", [world.pricelist])
    for model, number, name in ((TEMPLATE, world.template, "list_price"), (RULE, world.rule, "fixed_price")):
        yield Attempt(group, f"import over {model}.{name}", model, "load", None,
                      {"fields": [".id", name], "data": [[str(number), "1"]]}, harmless=True)  # fmt: skip
