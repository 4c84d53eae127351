"""Every button of another's: pressed by who may not, and by who may with a key instead of their hands."""

from __future__ import annotations

from collections.abc import Iterable

from tests.security.attempt import ROLES, Attempt
from tests.security.transports import TRANSPORTS
from tests.security.world import World

CHANGE, LINE, DECISION = "lockgate.price.change", "lockgate.price.change.line", "lockgate.price.decision"
KEYS = ("json2", "jsonrpc")


def but(*roles: str) -> tuple[str, ...]:
    return tuple(role for role in ROLES if role not in roles)


def buttons(world: World) -> Iterable[Attempt]:
    yield from _others(world)
    yield from _keys(world)
    yield from _wizards(world)
    yield from _set_up(world)


def _others(world: World) -> Iterable[Attempt]:
    mapping, publication, book = "lockgate.mapping.change", "lockgate.publication", "lockgate.price.book"
    no_analyst, no_operator = but("analyst"), but("operator", "admin")
    for model, method, ids, roles in (
        (CHANGE, "action_stop", [world.approved], but("approver")),
        (CHANGE, "action_roll_back", [world.approved], no_analyst),
        (CHANGE, "action_compute_impact", [world.draft], but("analyst", "rights", "admin")),
        ("lockgate.price.drift", "action_adopt", [1], no_analyst),
        ("lockgate.price.drift", "action_put_back", [1], no_analyst),
        (book, "action_compare", [world.book], no_analyst),
        (book, "action_draft_baseline", [world.book], no_analyst),
        ("lockgate.exception", "action_use_channel_price", [1], no_analyst),
        ("lockgate.price.ledger", "verify", None, but("admin")),
        (mapping, "action_approve", [world.mapping], ROLES),
        (mapping, "action_reject", [world.mapping], no_operator),
        (publication, "action_push_again", [world.publication], no_operator),
        *(
            ("lockgate.channel", f"action_{name}", [world.channel], no_operator)
            for name in ("start", "freeze", "resume", "reconcile", "refresh")
        ),
    ):  # fmt: skip
        # The administrator operates channels too, and had no part in the mapping.
        hands = (
            frozenset({("admin", "web")}) if (model, method) == (mapping, "action_approve") else frozenset()
        )
        yield Attempt("press another's button", f"{model}.{method}", model, method, ids, roles=roles,
                      ways=TRANSPORTS, but=hands)  # fmt: skip
    event = {"contract": 1, "events": []}
    yield Attempt("press another's button", "ingest what happened outside", "lockgate.gateway", "ingest",
                  None, {"message": event}, ways=TRANSPORTS)  # fmt: skip


def _keys(world: World) -> Iterable[Attempt]:
    """Who may decide, with a key: nothing is decided."""
    reason = {"reason": "x"}
    for what, model, method, ids, kwargs, role in (
        ("reject", CHANGE, "action_reject", [world.asked], reason, "approver"),
        ("send back", CHANGE, "action_send_back", [world.asked], reason, "approver"),
        ("reject a line", LINE, "action_reject", [world.asked_line], reason, "approver"),
        ("revoke", CHANGE, "action_cancel", [world.approved], {}, "approver"),
        ("stop a release", CHANGE, "action_stop", [world.approved], {}, "approver"),
        ("release what is held", CHANGE, "action_release", [world.approved], reason, "approver"),
        ("review an emergency", CHANGE, "action_review", [world.emergency], {"note": "x"}, "approver"),
        ("put in force", CHANGE, "action_put_in_force", [world.draft], reason, "emergency"),
        ("confirm a decision", DECISION, "action_confirm", [world.decision], {}, "approver"),
        ("reject a mapping", "lockgate.mapping.change", "action_reject", [world.mapping], {}, "operator"),
        ("approve a mapping", "lockgate.mapping.change", "action_approve", [world.mapping], {}, "admin"),
    ):  # fmt: skip
        yield Attempt("decide with a key alone", what, model, method, ids, kwargs, roles=(role,), ways=KEYS)
    groups = {"group_ids": [[4, world.group("lockgate_price.lockgate_price_group_approver"), 0]]}
    yield Attempt("decide with a key alone", "give the approvers' role", "res.users", "write",
                  [world.user("employee")], {"vals": groups}, roles=("admin",), ways=KEYS)  # fmt: skip


def _wizards(world: World) -> Iterable[Attempt]:
    """A wizard is who opened it's: nobody else fills it in, goes on with it or takes it away."""
    for model, number, owner, values, button in (
        (DECISION, world.decision, "approver",
         {"change_ids": [[6, 0, [world.two_tiers]]], "decision": "sent_back"}, "action_confirm"),
        ("lockgate.price.paste", world.paste, "analyst", {"rows": "x\t1"}, "action_add"),
        ("lockgate.price.bulk", world.bulk, "analyst", {"percent": -99}, "action_draft"),
        ("lockgate.integration.key", world.key, "admin", {"days": 365}, "action_issue"),
        ("lockgate.incarnation", world.incarnation, "admin", {}, "action_start"),
        ("lockgate.ledger.check", world.ledger_check, "admin", {"known_seals": "x"}, "action_verify"),
    ):  # fmt: skip
        name = model.removeprefix("lockgate.")
        for method, kwargs in (
            ("write", {"vals": values}),
            ("web_save", {"vals": values, "specification": {}}),
            ("unlink", {}),
            (button, {}),
        ):
            if values or method == button:
                yield Attempt("go on with another's wizard", f"{method} of {name}", model, method, [number],
                              kwargs, roles=but(owner))  # fmt: skip


def _set_up(world: World) -> Iterable[Attempt]:
    for name, value in {
        "price_lead": 604_800,
        "price_ahead": 8760,
        "settings": {"url": "http://elsewhere.example"},
        "credential": "another",
        "connector_id": world.connector + 1,
        "code": "other",
        "name": "Other",
        "late_bound": 0,
        "company_id": world.foreign_company,
        "active": False,
        "owner_id": 2,
    }.items():
        for method, kwargs in (
            ("write", {"vals": {name: value}}),
            ("web_save", {"vals": {name: value}, "specification": {}}),
        ):
            yield Attempt("set up a channel", f"{method} {name}", "lockgate.channel", method,
                          [world.channel], kwargs, roles=but("admin"))  # fmt: skip
