"""What is tried, as a table: who, by which ways, which call, and why it must lead nowhere.

An attempt is made by each of its roles over each transport. It has to be refused with a clear error, or
(`harmless`) may be answered, but either way nothing of what is protected has changed afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.security.attempt import ROLES, Attempt
from tests.security.side_doors import side_doors
from tests.security.transports import TRANSPORTS
from tests.security.world import APPROVER, EMERGENCY, World

# Who could try at all to write a state, or to open a door with a key: the others meet the first check.
WRITERS = ("employee", "analyst", "approver", "rights", "admin")
CHANGE, LINE = "lockgate.price.change", "lockgate.price.change.line"
ADDONS = Path(__file__).parents[2] / "odoo_addons"
# Core's own keys that prices and records look at, and those that other add-ons use to open a door.
CORE_KEYS = {
    "allowed_company_ids": [1],
    "uom": 2,
    "no_variant_attributes_price_extra": [-700],
    "active_test": False,
    "default_state": "approved",
    "default_kind": "baseline",
    "default_request_hash": "0" * 64,
    "default_approved_at": "2020-01-01 00:00:00",
    "import_file": True,
    "install_mode": True,
    "module": "lockgate_price",
    "tracking_disable": True,
    "mail_create_nosubscribe": True,
    "skip_validation_check": True,
    "force_write": True,
    "bypass": True,
    "su": True,
    "uid": 1,
}


def context_keys() -> list[str]:
    """Every key of a context that the add-ons' code reads."""
    read = re.compile(r"""context\.get\(\s*["'](\w+)|context\[["'](\w+)["']\]""")
    found: set[str] = set()
    for path in ADDONS.glob("*/**/*.py"):
        if "tests" not in path.parts:
            found |= {first or second for first, second in read.findall(path.read_text())}
    return sorted(found)


def attempts(world: World) -> list[Attempt]:
    """All of them, aimed at the ids of `world`."""
    return [
        *_approve(world),
        *_decide(world),
        *_edit(world),
        *_forge_states(world),
        *_evidence(world),
        *_contexts(world),
        *_private(world),
        *_commands(world),
        *_policies(world),
        *_companies(world),
        *_rights(world),
        *_actions(world),
        *_costs(world),
        *_gateway(world),
        *_delete(world),
        *_files_and_words(world),
        *_uninstall(world),
        *side_doors(world),
    ]


def _approve(world: World) -> Iterable[Attempt]:
    a_person = frozenset({("approver", "web")})
    yield Attempt(
        "approve", "approve a change", CHANGE, "action_approve", [world.asked], but=a_person, ways=TRANSPORTS
    )
    yield Attempt(
        "approve",
        "approve with the revision that was asked for",
        CHANGE,
        "action_approve",
        [world.asked],
        {"revision": 3},
        but=a_person,
        ways=TRANSPORTS,
    )
    yield Attempt(
        "approve",
        "approve what one asked for",
        CHANGE,
        "action_approve",
        [world.asked_by_both],
        roles=("both",),
        ways=TRANSPORTS,
    )
    yield Attempt(
        "approve",
        "approve a second tier as the first one's approver",
        CHANGE,
        "action_approve",
        [world.two_tiers],
        roles=("approver",),
        ways=("json2", "jsonrpc"),
    )
    yield Attempt(
        "approve",
        "approve a second tier with a key, or without confirming who one is",
        CHANGE,
        "action_approve",
        [world.two_tiers],
        roles=("director",),
        ways=TRANSPORTS,
        harmless=True,
    )
    for name, change in (("a draft", world.draft), ("an approved change", world.approved)):
        yield Attempt("approve", f"approve {name}", CHANGE, "action_approve", [change])
    yield Attempt("approve", "approve a change that is not there", CHANGE, "action_approve", [2**31 - 2])
    forged = json.dumps([{}, CHANGE, [world.asked], "_approve_confirmed", [], {}])
    for name in ("create", "write"):
        values = {"request": forged}
        yield Attempt(
            "approve",
            f"{name} an identity check that approves",
            "res.users.identitycheck",
            name,
            None if name == "create" else [1],
            {"vals_list": [values]} if name == "create" else {"vals": values},
        )


def _decide(world: World) -> Iterable[Attempt]:
    asked = [world.asked]
    not_approvers = tuple(role for role in ROLES if role != "approver")
    for method in ("action_reject", "action_send_back"):
        yield Attempt(
            "decide", method, CHANGE, method, asked, {"reason": "x"}, roles=not_approvers, ways=TRANSPORTS
        )
    yield Attempt(
        "decide",
        "reject a line",
        LINE,
        "action_reject",
        [world.asked_line],
        {"reason": "x"},
        roles=not_approvers,
    )
    yield Attempt(
        "decide", "revoke", CHANGE, "action_cancel", [world.approved], roles=not_approvers, ways=TRANSPORTS
    )
    yield Attempt("decide", "take an approved change back", CHANGE, "action_back_to_draft", [world.approved])
    yield Attempt("decide", "ask again for what is approved", CHANGE, "action_request", [world.approved])
    yield Attempt("decide", "release what is not held", CHANGE, "action_release", asked, {"reason": "x"})
    yield Attempt("decide", "review what is no emergency", CHANGE, "action_review", asked, {"note": "x"})
    for roles, ways in ((ROLES, TRANSPORTS), (("emergency",), ("json2", "jsonrpc"))):
        yield Attempt(
            "decide",
            "put a draft in force at once" if roles == ROLES else "put a draft in force with a key",
            CHANGE,
            "action_put_in_force",
            [world.draft],
            {"reason": "now"},
            roles=roles,
            ways=ways,
            harmless=roles != ROLES,
        )
    for decision in ("rejected", "emergency", "released", "reviewed"):
        values = {"change_ids": [[6, 0, asked]], "decision": decision, "reason": "x"}
        yield Attempt(
            "decide",
            f"fill in the wizard of “{decision}”",
            "lockgate.price.decision",
            "create",
            None,
            {"vals_list": [values]},
            roles=tuple(role for role in ROLES if role != "approver"),
            harmless=True,
        )


def _edit(world: World) -> Iterable[Attempt]:
    for name, change, line in (
        ("asked for", world.asked, world.asked_line),
        ("approved", world.approved, world.approved_line),
    ):
        group = f"edit what is {name}"
        yield Attempt(group, "write a price", LINE, "write", [line], {"vals": {"price": 1}})
        yield Attempt(group, "delete a line", LINE, "unlink", [line])
        new = {"change_id": change, "product_id": world.product, "price": 1}
        yield Attempt(group, "add a line", LINE, "create", None, {"vals_list": [new]})
        yield Attempt(
            group, "add a line by import", LINE, "load", None,
            {"fields": ["change_id/.id", "product_id/.id", "price"],
             "data": [[str(change), str(world.product), "1"]]},
            harmless=True,
        )  # fmt: skip
        yield Attempt(
            group, "write a price by web_save", LINE, "web_save", [line],
            {"vals": {"price": 1}, "specification": {}},
        )  # fmt: skip
        yield Attempt(
            group, "write a price by web_save_multi", LINE, "web_save_multi", [line],
            {"vals_list": [{"price": 1}], "specification": {}},
        )  # fmt: skip
        for values in (
            {"reason": "x"},
            {"effective_from": "2030-01-01 00:00:00"},
            {"book_ids": [[5, 0, 0]]},
            {"line_ids": [[1, line, {"price": 1}]]},
            {"line_ids": [[2, line, 0]]},
            {"currency_id": 2},
            {"company_id": world.foreign_company},
        ):
            what = f"write {next(iter(values))}"
            yield Attempt(group, what, CHANGE, "write", [change], {"vals": values})


def _forge_states(world: World) -> Iterable[Attempt]:
    forged: dict[str, Any] = {
        "state": "approved",
        "kind": "emergency",
        "revision": 99,
        "request_hash": world.approved_hash,
        "request_revision": 0,
        "requester_id": 2,
        "editor_ids": [[5, 0, 0]],
        "approver_ids": [[6, 0, [world.user("employee")]]],
        "approved_at": "2020-01-01 00:00:00",
        "due_at": "2020-01-01 00:00:00",
        "review_due_at": "2020-01-01 00:00:00",
        "reviewed_at": "2020-01-01 00:00:00",
        "name": "PC/1999/0001",
        "approval_ids": [[0, 0, {"hash": world.approved_hash, "decision": "approved"}]],
        "seal_ids": [[0, 0, {"amount": 1}]],
        "check_ids": [[0, 0, {"answer": "released"}]],
        "impact_ids": [[5, 0, 0]],
        "create_uid": 1,
    }
    for name, value in forged.items():
        group, values = "forge a state", {name: value}
        yield Attempt(group, f"write {name}", CHANGE, "write", [world.asked], {"vals": values}, roles=WRITERS)
        yield Attempt(
            group, f"create with {name}", CHANGE, "create", None, {"vals_list": [values]}, roles=WRITERS
        )
        yield Attempt(
            group, f"copy an approved change with {name}", CHANGE, "copy", [world.approved],
            {"default": values}, roles=WRITERS,
        )  # fmt: skip
        yield Attempt(
            group, f"web_save {name}", CHANGE, "web_save", [world.asked],
            {"vals": values, "specification": {}}, roles=WRITERS,
        )  # fmt: skip
        yield Attempt(
            group, f"web_save_multi {name}", CHANGE, "web_save_multi", [world.asked],
            {"vals_list": [values], "specification": {}}, roles=WRITERS,
        )  # fmt: skip
    yield Attempt(
        "forge a state", "copy an approved change", CHANGE, "copy", [world.approved],
        roles=tuple(role for role in ROLES if role != "analyst"), harmless=True,
    )  # fmt: skip
    yield Attempt(
        "forge a state", "import into a later state", CHANGE, "load", None,
        {"fields": ["reason", "state"], "data": [["x", "approved"]]}, harmless=True,
    )  # fmt: skip
    yield Attempt(
        "forge a state", "import over a change with a later state", CHANGE, "load", None,
        {"fields": [".id", "state"], "data": [[str(world.asked), "approved"]]}, harmless=True,
    )  # fmt: skip
    yield Attempt(
        "forge a state", "onchange to a later state", CHANGE, "onchange", [world.asked],
        {"values": {"state": "approved"}, "field_names": ["state"], "fields_spec": {"state": {}}},
        harmless=True,
    )  # fmt: skip
    yield Attempt(
        "forge a state", "default to a later state", "ir.default", "set", None,
        {"model_name": CHANGE, "field_name": "state", "value": "approved"}, harmless=True,
    )  # fmt: skip
    yield Attempt(
        "forge a state", "name_create", CHANGE, "name_create", None, {"name": "approved"},
    )  # fmt: skip


def _evidence(world: World) -> Iterable[Attempt]:
    rows = {
        "lockgate.price.approval": world.approval,
        "lockgate.price.seal": world.seal,
        "lockgate.price.check": world.check,
        "lockgate.price.chain": 1,
        "lockgate.price.impact": world.impact,
        "lockgate.price.job": 1,
        "lockgate.publication": world.publication,
        "lockgate.attempt": world.attempt,
        "lockgate.outbox": 1,
        "lockgate.turn": 1,
    }
    for model, number in rows.items():
        group, ids, values = "write evidence and facts", [number], {"change_id": world.asked}
        if not model.startswith("lockgate.price"):
            values = {"channel_id": world.channel}
        if model == "lockgate.price.chain":
            values = {"name": "forged"}
        for method, on, kwargs in (
            ("create", None, {"vals_list": [values]}),
            ("write", ids, {"vals": values}),
            ("unlink", ids, {}),
            ("copy", ids, {}),
            ("web_save", ids, {"vals": values, "specification": {}}),
            ("web_save_multi", ids, {"vals_list": [values], "specification": {}}),
        ):
            yield Attempt(group, f"{method} {model}", model, method, on, kwargs)
        yield Attempt(
            group, f"name_create {model}", model, "name_create", None, {"name": "x"}, harmless=True,
        )  # fmt: skip
        yield Attempt(
            group, f"load {model}", model, "load", None,
            {"fields": list(values), "data": [[str(number)]]}, harmless=True,
        )  # fmt: skip
    yield Attempt(
        "write evidence and facts", "create an approval with the hash of another", "lockgate.price.approval",
        "create", None,
        {"vals_list": [{"change_id": world.asked, "hash": world.approved_hash, "decision": "approved",
                        "user_id": world.user("approver"), "revision": 2}]},
    )  # fmt: skip
    for model, name in (("lockgate.price.approval", "note"), ("lockgate.price.change", "reason")):
        yield Attempt(
            "write evidence and facts", f"update_field_translations of {model}", model,
            "update_field_translations", [world.approval if name == "note" else world.asked],
            {"field_name": name, "translations": {"en_US": "forged"}}, harmless=True,
        )  # fmt: skip


def _contexts(world: World) -> Iterable[Attempt]:
    keys = {**dict.fromkeys(context_keys(), 1), **CORE_KEYS}
    for key, value in keys.items():
        context = {key: value}
        yield Attempt(
            "pass a context key", f"{key}: approve", CHANGE, "action_approve", [world.asked], {}, context,
            but=frozenset({("approver", "web")}),
        )  # fmt: skip
        yield Attempt(
            "pass a context key", f"{key}: write the state", CHANGE, "write", [world.asked],
            {"vals": {"state": "approved"}}, context, roles=WRITERS,
        )  # fmt: skip
        yield Attempt(
            "pass a context key", f"{key}: write an approved price", LINE, "write", [world.approved_line],
            {"vals": {"price": 1}}, context, roles=WRITERS,
        )  # fmt: skip


def _private(world: World) -> Iterable[Attempt]:
    calls = {
        CHANGE: (
            "_approve", "_approve_tier", "_approve_confirmed", "_transition", "_put", "_decide", "_release",
            "_put_in_force", "_put_one_in_force", "_create_draft", "_raise_revision", "_clean",
        ),
        "lockgate.price.approval": ("_append",),
        "lockgate.price.seal": ("_append", "_seal", "_revoke"),
        "lockgate.price.check": ("_check", "_check_begun"),
        "lockgate.price.impact": ("_refresh", "_compute"),
        "lockgate.turn": ("_take", "_make_values"),
        "lockgate.exception": ("_record", "_open", "_catch_up"),
        "lockgate.outbox": ("_mark_listings",),
        "lockgate.integration.key": ("_issue",),
        "product.pricelist.item": ("_write_for",),
    }  # fmt: skip
    for model, methods in calls.items():
        for method in methods:
            on = [world.asked] if model == CHANGE else [1]
            yield Attempt("call a private method", f"{model}.{method}", model, method, on)
    yield Attempt("call a private method", "init", "lockgate.price.approval", "init", [1], harmless=True)


def _commands(world: World) -> Iterable[Attempt]:
    analyst_less = tuple(role for role in ROLES if role not in ("admin",))
    for what, model, ids, values in (
        ("a book by its channel", "lockgate.channel", [world.channel],
         {"book_ids": [[1, world.book, {"tax_included": True}]]}),
        ("a book away by its channel", "lockgate.channel", [world.channel],
         {"book_ids": [[2, world.book, 0]]}),
        ("a channel's state", "lockgate.channel", [world.channel], {"state": "draft"}),
        ("a book's pricelist", "lockgate.price.book", [world.book], {"pricelist_id": 1}),
        ("a connector", "lockgate.connector", [world.connector], {"code": "other"}),
    ):  # fmt: skip
        yield Attempt("go by another record", f"write {what}", model, "write", ids, {"vals": values},
                      roles=analyst_less)  # fmt: skip
    for name in ("seal_ids", "approval_ids", "impact_ids", "check_ids"):
        for command in ([0, 0, {}], [1, 1, {"change_id": world.draft}], [2, 1, 0]):
            yield Attempt(
                "go by another record", f"command {command[0]} on {name}", CHANGE, "write", [world.draft],
                {"vals": {name: [command]}},
            )  # fmt: skip
    for values in (
        {"rule_ids": [[5, 0, 0]]},
        {"change_id": world.asked},
        {"company_id": world.foreign_company},
    ):
        yield Attempt(
            "go by another record", f"write a line's {next(iter(values))}", LINE, "write", [world.line],
            {"vals": values},
        )  # fmt: skip
    yield Attempt(
        "go by another record", "a line of another's change by its product", "product.product", "write",
        [world.product], {"vals": {"lockgate_price_change_count": 0}}, harmless=True,
        roles=("none", "employee", "analyst", "approver", "operator", "integration"),
    )  # fmt: skip


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
    "delete approvals",
)  # fmt: skip
