"""What is tried on all that stands around price changes: policies, people, costs, channels, the gateway."""

from __future__ import annotations

from collections.abc import Iterable

from tests.security.attempt import ROLES, Attempt
from tests.security.world import APPROVER, EMERGENCY, World

CHANGE, LINE = "lockgate.price.change", "lockgate.price.change.line"


def surroundings(world: World) -> Iterable[Attempt]:
    """Whatever would decide without touching a price change, or read what is not shown."""
    yield from _policies(world)
    yield from _companies(world)
    yield from _rights(world)
    yield from _actions(world)
    yield from _costs(world)
    yield from _gateway(world)
    yield from _delete(world)
    yield from _files_and_words(world)
    yield from _uninstall(world)


def _policies(world: World) -> Iterable[Attempt]:
    others = tuple(role for role in ROLES if role != "admin")
    for model, number, values in (
        ("lockgate.price.policy", world.policy, {"percent": 90}),
        ("lockgate.price.tier", world.tier, {"user_ids": [[4, world.user("employee"), 0]]}),
    ):
        group = "loosen what policies say"
        yield Attempt(group, f"write {model}", model, "write", [number], {"vals": values}, roles=others)
        yield Attempt(group, f"delete {model}", model, "unlink", [number], roles=others)
        yield Attempt(group, f"copy {model}", model, "copy", [number], roles=others)
        yield Attempt(
            group, f"archive {model}", model, "action_archive", [number], roles=others,
        )  # fmt: skip
        create = {"name": "x", "kind": "margin", "effect": "pass", "percent": -0.9}
        yield Attempt(
            group, f"create {model}", model, "create", None,
            {"vals_list": [create if model.endswith("policy") else {"name": "x"}]}, roles=others,
        )  # fmt: skip


def _companies(world: World) -> Iterable[Attempt]:
    for context in ({}, {"allowed_company_ids": [1]}, {"allowed_company_ids": [1, world.foreign_company]}):
        named = "with allowed_company_ids" if context else "as one is"
        for what, model, method, ids, kwargs in (
            ("approve", CHANGE, "action_approve", [world.asked], {}),
            ("reject", CHANGE, "action_reject", [world.asked], {"reason": "x"}),
            ("revoke", CHANGE, "action_cancel", [world.approved], {}),
            ("read", CHANGE, "read", [world.asked], {"fields": ["reason"]}),
            ("read an approval", "lockgate.price.approval", "read", [world.approval], {"fields": ["hash"]}),
            ("read a seal", "lockgate.price.seal", "read", [world.seal], {"fields": ["amount"]}),
            ("write a price", LINE, "write", [world.line], {"vals": {"price": 1}}),
            ("request", CHANGE, "action_request", [world.draft], {}),
        ):
            yield Attempt(
                "reach another company", f"{what}, {named}", model, method, ids, kwargs, context,
                roles=("stranger",),
            )  # fmt: skip


def _rights(world: World) -> Iterable[Attempt]:
    me = world.user("rights")
    group = "grant oneself a role"
    for name in (APPROVER, EMERGENCY, "lockgate.lockgate_group_manager"):
        number = world.group(name)
        for what, model, method, ids, kwargs in (
            ("by one's user", "res.users", "write", [me], {"vals": {"group_ids": [[4, number, 0]]}}),
            ("by a colleague", "res.users", "write", [world.user("employee")],
             {"vals": {"group_ids": [[4, number, 0]]}}),
            ("by a new user", "res.users", "create", None,
             {"vals_list": [{"name": "x", "login": "puppet", "group_ids": [[6, 0, [number]]]}]}),
            ("by the group", "res.groups", "write", [number], {"vals": {"user_ids": [[4, me, 0]]}}),
            ("by a group that implies it", "res.groups", "write", [world.group("base.group_user")],
             {"vals": {"implied_ids": [[4, number, 0]]}}),
            ("by a new group that implies it", "res.groups", "create", None,
             {"vals_list": [{"name": "x", "implied_ids": [[6, 0, [number]]], "user_ids": [[6, 0, [me]]]}]}),
            ("by the role's name", "ir.model.data", "write", [world.names.get(name, 0)],
             {"vals": {"res_id": world.group("base.group_user")}}),
            ("by taking the role's name away", "ir.model.data", "unlink", [world.names.get(name, 0)], {}),
        ):  # fmt: skip
            role = name.rpartition("_")[2]
            yield Attempt(
                group, f"{role} {what}", model, method, ids, kwargs,
                roles=tuple(role for role in ROLES if role != "admin"),
            )  # fmt: skip
    for what, values in (
        ("password", {"password": "taken"}),
        ("login", {"login": "taken"}),
    ):
        yield Attempt(
            group, f"take over an approver by their {what}", "res.users", "write", [world.user("approver")],
            {"vals": values}, roles=tuple(r for r in ROLES if r not in ("admin", "approver")),
        )  # fmt: skip
    for name in (APPROVER, EMERGENCY):
        yield Attempt(
            group, f"{name.rpartition('_')[2]}, to oneself as an administrator", "res.users", "write",
            [world.user("admin")], {"vals": {"group_ids": [[4, world.group(name), 0]]}}, roles=("admin",),
        )  # fmt: skip


def _actions(world: World) -> Iterable[Attempt]:
    whats = world.actions or dict.fromkeys(ACTIONS, 0)
    for what, number in whats.items():
        yield Attempt(
            "run a server action", what, "ir.actions.server", "run", [number],
            context={"active_model": CHANGE, "active_id": world.asked, "active_ids": [world.asked]},
            roles=("employee", "analyst", "approver", "operator", "admin"),
        )  # fmt: skip
    for what, model, vals in (
        ("server action", "ir.actions.server",
         {"name": "x", "model_id": 1, "state": "code", "code": "env['res.users'].search([])"}),
        ("cron", "ir.cron", {"name": "x", "model_id": 1, "state": "code", "code": "1"}),
    ):  # fmt: skip
        yield Attempt(
            "run a server action", f"make a {what}", model, "create", None, {"vals_list": [vals]},
            roles=tuple(role for role in ROLES if role != "admin"),
        )  # fmt: skip


def _costs(world: World) -> Iterable[Attempt]:
    impact, group = "lockgate.price.impact", "read costs"
    readers = ("none", "employee", "operator", "integration")
    for name in ("cost", "margin", "margin_percent"):
        for what, model, method, ids, kwargs in (
            ("read", impact, "read", [world.impact], {"fields": [name]}),
            ("search", impact, "search", None, {"domain": [[name, ">", 0]]}),
            ("order by", impact, "search", None, {"domain": [], "order": name}),
            ("group by", impact, "formatted_read_group", None, {"domain": [], "groupby": [name]}),
            ("aggregate", impact, "formatted_read_group", None,
             {"domain": [], "groupby": ["channel_id"], "aggregates": [f"{name}:sum"]}),
            ("aggregate by web_read_group", impact, "web_read_group", None,
             {"domain": [], "groupby": ["channel_id"], "aggregates": [f"{name}:sum"]}),
            ("traverse from the change", CHANGE, "search", None,
             {"domain": [[f"impact_ids.{name}", ">", 0]]}),
            ("traverse from a seal", "lockgate.price.seal", "search_count", None,
             {"domain": [[f"change_id.impact_ids.{name}", ">", 0]]}),
            ("traverse from a line", LINE, "search_count", None,
             {"domain": [["change_id.impact_ids", "any", [[name, ">", 0]]]]}),
            ("onchange of the change", CHANGE, "onchange", [world.asked],
             {"values": {}, "field_names": [],
              "fields_spec": {"impact_ids": {"fields": {name: {}}}}}),
            ("search_count", impact, "search_count", None, {"domain": [[name, "<", 3]]}),
            ("web_search_read", impact, "web_search_read", None,
             {"domain": [], "specification": {name: {}}}),
            ("export", impact, "export_data", [world.impact], {"fields_to_export": [name]}),
            ("read from the change", CHANGE, "web_read", [world.asked],
             {"specification": {"impact_ids": {"fields": {name: {}}}}}),
        ):  # fmt: skip
            yield Attempt(group, f"{what} {name}", model, method, ids, kwargs, roles=readers)


def _gateway(world: World) -> Iterable[Attempt]:
    result = {
        "token": "00000000-0000-4000-8000-000000000000",
        "publication": world.publication,
        "outcome": "done",
        "message": "",
        "retry_after": None,
        "reading": None,
        "answer": "",
        "request_id": None,
        "seconds": 0,
    }
    exchange = {
        **(world.gateway or {"contract": 1, "database": "", "incarnation": 1}),
        "channel": "demo",
        "work_class": "routine",
        "exchange_id": "forged-0001",
        "results": [result],
        "ceiling": 0,
    }
    plain = {name: exchange[name] for name in ("contract", "database", "incarnation")}
    connector = {
        "code": "demo", "name": "Forged", "version": "1", "capabilities": {}, "settings_schema": {},
    }  # fmt: skip
    group = "forge results, leases and registrations"
    for what, method, message in (
        ("a result without a lease", "exchange", exchange),
        ("a result of a lease by its number alone", "exchange",
         {**exchange, "results": [{**result, "token": str(world.publication)}]}),
        ("an exchange as another database", "exchange", {**exchange, "database": "0" * 36, "results": []}),
        ("an exchange of another incarnation", "exchange", {**exchange, "incarnation": 99, "results": []}),
        ("an exchange of another contract", "exchange", {**exchange, "contract": 2, "results": []}),
        ("an exchange with more than fits", "exchange", {**exchange, "results": [], "sql": "x"}),
        ("a lease beyond every ceiling", "exchange", {**exchange, "results": [], "ceiling": 10**9}),
        ("an exchange of no channel", "exchange", {**exchange, "results": [], "channel": "nowhere"}),
        ("a registration that does not fit", "register", {**plain, "connectors": [connector]}),
        ("a registration as another database", "register",
         {**plain, "database": "0" * 36, "connectors": []}),
        ("a message that is none", "due", "x"),
    ):  # fmt: skip
        yield Attempt(group, what, "lockgate.gateway", method, None, {"message": message})
    for method, message in (("due", plain), ("register", {**plain, "connectors": []})):
        yield Attempt(
            group, f"call {method} without its role", "lockgate.gateway", method, None, {"message": message},
            roles=tuple(role for role in ROLES if role != "integration"),
        )  # fmt: skip
    yield Attempt(
        group, "issue a key", "lockgate.integration.key", "create", None, {"vals_list": [{"days": 1}]},
        roles=("none", "employee", "analyst", "approver", "operator", "integration"),
    )  # fmt: skip
    for model in (
        CHANGE, "lockgate.price.seal", "lockgate.publication", "lockgate.channel", "product.product",
        "res.users", "ir.config_parameter",
    ):  # fmt: skip
        yield Attempt(
            group, f"read {model} as the integration user", model, "search_read", None,
            {"domain": [], "fields": ["display_name"]}, roles=("integration",),
        )  # fmt: skip


def _delete(world: World) -> Iterable[Attempt]:
    for what, model, number in (
        ("an approved change", CHANGE, world.approved),
        ("a change that was asked for", CHANGE, world.asked),
        ("a listing with seals", "lockgate.listing", world.listing),
        ("a book with seals", "lockgate.price.book", world.book),
        ("a channel with seals", "lockgate.channel", world.channel),
        ("a connector with channels", "lockgate.connector", world.connector),
        ("a product with seals", "product.product", world.product),
        ("a product template with seals", "product.template", world.template),
        ("an approver who decided", "res.users", world.user("approver")),
        ("the company", "res.company", 1),
    ):
        yield Attempt("delete evidence", f"delete {what}", model, "unlink", [number])


def _files_and_words(world: World) -> Iterable[Attempt]:
    group, attachment = "change files and words", "ir.attachment"
    yield Attempt(group, "replace a file of an approved change", attachment, "write", [world.attachment],
                  {"vals": {"raw": "OTk5"}})  # fmt: skip
    yield Attempt(group, "move a file of an approved change", attachment, "write", [world.attachment],
                  {"vals": {"res_id": world.draft}})  # fmt: skip
    yield Attempt(group, "delete a file of an approved change", attachment, "unlink", [world.attachment])
    for what, values in (
        ("words", {"body": "<p>Approved by the board</p>"}),
        ("author", {"author_id": 2}),
        ("date", {"date": "2020-01-01 00:00:00"}),
    ):
        yield Attempt(group, f"edit the {what} of the chatter", "mail.message", "write", [world.message],
                      {"vals": values})  # fmt: skip
    yield Attempt(group, "delete from the chatter", "mail.message", "unlink", [world.message])
    yield Attempt(group, "delete what the chatter tracked", "mail.tracking.value", "search_read", None,
                  {"domain": [], "fields": ["id"]},
                  roles=("none", "employee", "analyst", "approver", "operator", "integration"))  # fmt: skip
    yield Attempt(
        group, "post a message in another's name", CHANGE, "message_post", [world.approved],
        {"body": "Approved", "author_id": 2},
    )  # fmt: skip
    yield Attempt(
        group, "write into the chatter in another's name", "mail.message", "create", None,
        {"vals_list": [{"model": CHANGE, "res_id": world.approved, "body": "ok", "author_id": 2,
                        "message_type": "notification"}]},
    )  # fmt: skip


def _uninstall(world: World) -> Iterable[Attempt]:
    module, group, ids = "ir.module.module", "uninstall", [world.price_module]
    for method in ("button_uninstall", "button_immediate_uninstall", "module_uninstall"):
        yield Attempt(group, method, module, method, ids)
    yield Attempt(group, "write the state of the module", module, "write", ids,
                  {"vals": {"state": "to remove"}})  # fmt: skip


ACTIONS = (
    "approve", "approve as the approver", "approve as superuser", "write the state", "create an approval",
    "delete approvals", "update the state without code",
)  # fmt: skip
