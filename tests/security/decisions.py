"""What is tried on price changes, their approvals, their seals and their lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.security.attempt import ROLES, WRITERS, Attempt
from tests.security.transports import TRANSPORTS
from tests.security.world import World

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


def decisions(world: World) -> Iterable[Attempt]:
    """Whatever would decide on a price change, or make it look decided."""
    yield from _approve(world)
    yield from _decide(world)
    yield from _edit(world)
    yield from _forge_states(world)
    yield from _evidence(world)
    yield from _contexts(world)
    yield from _private(world)
    yield from _commands(world)


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
        "lockgate.price.taken": 1,
        "lockgate.price.chain": 1,
        "lockgate.price.impact": world.impact,
        "lockgate.price.job": 1,
        "lockgate.price.left.out": 1,
        "lockgate.mapping.change": 1,
        "lockgate.event": 1,
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
        if model == "lockgate.price.taken":
            values = {"seal_id": world.seal}
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
        for what, method, ids, kwargs, who in (
            ("request", "action_request", world.draft, {}, "analyst"),
            ("put in force", "action_put_in_force", world.draft, {"reason": "x"}, "emergency"),
            ("roll back", "action_roll_back", world.approved, {}, "analyst"),
            ("stop", "action_stop", world.approved, {}, "approver"),
        ):
            yield Attempt(
                "pass a context key", f"{key}: {what}", CHANGE, method, [ids], kwargs, context,
                roles=tuple(role for role in WRITERS if role != who),
            )  # fmt: skip
        yield Attempt(
            "pass a context key", f"{key}: adopt", "lockgate.price.drift", "action_adopt", [1], {}, context,
            roles=tuple(role for role in WRITERS if role != "analyst"),
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
            "_put_in_force", "_put_one_in_force", "_create_draft", "_raise_revision", "_clean", "_do", "_ask",
            "_seal_approved", "_seal_drift", "_approve_drift", "_give_back",
        ),
        "lockgate.price.job": ("_queue", "_run", "_step", "_fail"),
        "lockgate.mapping.change": ("_decide", "_put_in_force", "_propose"),
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
