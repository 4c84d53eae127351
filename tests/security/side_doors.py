"""Ways that lead past the price change itself: automations, crons, files of imports, translations, x2many.

The first half is what people set up; the second what they then try with it. Both belong to the table of
`attempts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stack.user import User
from tests.security.attempt import ROLES, Attempt
from tests.security.world import World

CHANGE, LINE = "lockgate.price.change", "lockgate.price.change.line"
BUT_ADMIN = tuple(role for role in ROLES if role != "admin")
IMPORT = "base_import.import"


def set_up_side_doors(admin: User, analyst: User, world: World) -> None:
    """What an administrator may set up to approve in another's session, and an import that is under way."""
    module = admin.find("ir.module.module", [("name", "=", "base_automation")], "id")[0]["id"]
    admin.call("ir.module.module", "button_immediate_install", [module])
    code = f"env['lockgate.price.change'].browse({world.asked}).action_approve()"
    users = admin.find("ir.model", [("model", "=", "res.users")], "id")[0]["id"]
    action = {"name": "Approve", "model_id": users, "state": "code", "code": code}
    world.automation = admin.create(
        "base.automation",
        name="Approve for whoever writes their own name",
        model_id=users,
        trigger="on_create_or_write",
        filter_domain=f"[('id', '=', {world.user('approver')})]",
        action_server_ids=[(0, 0, {**action, "usage": "base_automation"})],
    )
    changes = admin.find("ir.model", [("model", "=", CHANGE)], "id")[0]["id"]
    world.cron = admin.create(
        "ir.cron", name="Approve", model_id=changes, state="code", code=code, interval_number=100,
        interval_type="months", user_id=world.user("approver"),
    )  # fmt: skip
    world.import_file = analyst.create(
        IMPORT, res_model=LINE, file="product_id,price\nx,1", file_name="prices.csv", file_type="text/csv"
    )


def side_doors(world: World) -> list[Attempt]:
    """All of them, aimed at the ids of `world`."""
    return [*_automations(world), *_imports(world), *_translations(world), *_many(world)]


def _automations(world: World) -> Iterable[Attempt]:
    group = "run a server action"
    values: dict[str, Any] = {"name": "x", "model_id": 1, "trigger": "on_create_or_write"}
    yield Attempt(group, "make an automation", "base.automation", "create", None, {"vals_list": [values]},
                  roles=BUT_ADMIN)  # fmt: skip
    for what, kwargs in (("write", {"vals": {"filter_domain": "[]"}}), ("unlink", {})):
        yield Attempt(group, f"{what} an automation", "base.automation", what, [world.automation], kwargs,
                      roles=BUT_ADMIN)  # fmt: skip
    yield Attempt(
        group, "approve by an automation on what the approver writes of themself", "res.users", "write",
        [world.user("approver")], {"vals": {"signature": "<p>Regards</p>"}}, roles=("approver",),
        ways=("json2", "jsonrpc", "web"),
    )  # fmt: skip
    for role in ("admin", "rights", "approver", "analyst", "employee"):
        yield Attempt(
            group, f"approve by a cron that runs as the approver, started by {role}", "ir.cron",
            "method_direct_trigger", [world.cron], roles=(role,), harmless=role == "admin",
        )  # fmt: skip
    yield Attempt(group, "write a cron's code", "ir.cron", "write", [world.cron], {"vals": {"code": "1"}},
                  roles=BUT_ADMIN)  # fmt: skip


def _imports(world: World) -> Iterable[Attempt]:
    group, others = "replace the file of an import", tuple(role for role in ROLES if role != "analyst")
    columns = ["product_id", "price"]
    run = {"fields": columns, "columns": columns, "options": {"has_headers": True, "quoting": '"'}}
    for what, method, kwargs in (
        ("write the file", "write", {"vals": {"file": "cHJvZHVjdF9pZCxwcmljZQp4LDk5OQ=="}}),
        ("write what it imports into", "write", {"vals": {"res_model": "lockgate.price.approval"}}),
        ("read the file", "read", {"fields": ["file"]}),
        ("run it", "execute_import", run),
        ("delete it", "unlink", {}),
    ):
        yield Attempt(group, what, IMPORT, method, [world.import_file], kwargs, roles=others)
    yield Attempt(
        group, "import over an approved line by its change", CHANGE, "load", None,
        {"fields": [".id", "line_ids/.id", "line_ids/price"],
         "data": [[str(world.approved), str(world.approved_line), "1"]]},
        {"import_file": True, "lockgate_take_good_rows": True}, harmless=True,
    )  # fmt: skip
    for model in ("lockgate.price.approval", "lockgate.price.seal", "lockgate.price.job"):
        yield Attempt(group, f"import into {model}", model, "load", None,
                      {"fields": ["change_id/.id"], "data": [[str(world.asked)]]},
                      {"import_file": True}, harmless=True)  # fmt: skip
    for key in ("lockgate_take_good_rows", "_import_limit", "import_flush", "import_cache"):
        yield Attempt(
            group, f"import a line into what is approved, with {key}", LINE, "load", None,
            {"fields": ["change_id/.id", "product_id/.id", "price"],
             "data": [[str(world.approved), str(world.product), "1"]]},
            {key: 1}, harmless=True,
        )  # fmt: skip


def _translations(world: World) -> Iterable[Attempt]:
    for model, number, name in (
        ("lockgate.price.policy", world.policy, "name"),
        ("lockgate.price.tier", world.tier, "name"),
        ("lockgate.price.book", world.book, "name"),
        ("lockgate.channel", world.channel, "name"),
        (LINE, world.approved_line, "breaks"),
        ("lockgate.price.seal", world.seal, "breaks"),
    ):
        yield Attempt(
            "write by translations", f"update_field_translations of {model}.{name}", model,
            "update_field_translations", [number],
            {"field_name": name, "translations": {"en_US": "forged"}}, roles=BUT_ADMIN, harmless=True,
        )  # fmt: skip


def _many(world: World) -> Iterable[Attempt]:
    group, channel, change = "go by another record", "lockgate.channel", CHANGE
    later = {"channel_id": world.channel, "delay": 1}
    for what, context in (("without its change", {}), ("by default", {"default_change_id": world.approved})):
        yield Attempt(group, f"create a later release {what}", "lockgate.price.release", "create", None,
                      {"vals_list": [later]}, context)  # fmt: skip
    for what, model, number, values, roles in (
        ("a listing's SKU by its channel", channel, world.channel,
         {"listing_ids": [[1, world.listing, {"sku": "forged"}]]}, BUT_ADMIN),
        ("a listing's product by its channel", channel, world.channel,
         {"listing_ids": [[1, world.listing, {"product_id": world.product + 1}]]}, BUT_ADMIN),
        ("a publication by its listing", "lockgate.listing", world.listing,
         {"publication_ids": [[1, world.publication, {"state": "settled"}]]}, ROLES),
        ("a reconciliation by its channel", channel, world.channel,
         {"reconciliation_ids": [[0, 0, {}]]}, ROLES),
        ("progress by its change", change, world.approved, {"progress_ids": [[5, 0, 0]]}, ROLES),
        ("a seal through a line", LINE, world.approved_line, {"change_id": world.draft}, ROLES),
        ("what a change that is asked for stands above", change, world.asked,
         {"above_ids": [[4, world.draft, 0]]}, ROLES),
        ("a later release of what is asked for", change, world.asked,
         {"release_ids": [[0, 0, {"channel_id": world.channel, "delay": 1}]]}, ROLES),
        ("when what is asked for begins", change, world.asked, {"requested_from": False}, ROLES),
    ):  # fmt: skip
        yield Attempt(group, f"write {what}", model, "write", [number], {"vals": values}, roles=roles)
