"""Rollbacks that a policy lets through on their own, for people that it names: tried by everybody else."""

from __future__ import annotations

from collections.abc import Iterable

from stack.user import User
from tests.security.attempt import Attempt
from tests.security.buttons import but
from tests.security.transports import TRANSPORTS
from tests.security.world import ANALYST, World

CHANGE, POLICY = "lockgate.price.change", "lockgate.price.policy"


def set_up_rollbacks(people: dict[str, User], world: World) -> None:
    """A price that is in force above another one, and a rollback of it that one who is named has drafted."""
    admin, analyst, both = people["admin"], people["analyst"], people["both"]
    line = (0, 0, {"product_id": world.third_product, "price": 105})
    world.effective = analyst.create(CHANGE, book_ids=[(6, 0, [world.book])], line_ids=[line])
    analyst.call(CHANGE, "action_request", [world.effective])
    people["approver"].call(CHANGE, "action_approve", [world.effective])
    world.groups[ANALYST] = admin.reference(ANALYST)
    world.on_call = admin.create("res.groups", name="On Call", user_ids=[(6, 0, [world.user("both")])])
    world.rollback_policy = admin.create(
        POLICY, name="On call", kind="rollback", effect="pass", group_id=world.on_call
    )
    drafted = both.call(CHANGE, "action_roll_back", [world.effective])
    [[_field, _in, [world.rollback]]] = drafted["domain"]


def rollbacks(world: World) -> Iterable[Attempt]:
    group = "roll back against a policy"
    for what, method, number in (
        ("draft a rollback", "action_roll_back", world.effective),
        ("ask for a rollback that another drafted", "action_request", world.rollback),
        ("approve a rollback that nobody asked for", "action_approve", world.rollback),
    ):
        yield Attempt(group, what, CHANGE, method, [number], ways=TRANSPORTS)
    of = {"rollback_of_id": world.effective}
    for what, method, ids, kwargs in (
        ("make of a draft a rollback", "write", [world.draft], {"vals": of}),
        ("make of a rollback one of another", "write", [world.rollback], {"vals": of}),
        ("create a rollback", "create", None, {"vals_list": [of]}),
        ("copy into a rollback", "copy", [world.draft], {"default": of}),
    ):
        yield Attempt(group, what, CHANGE, method, ids, kwargs)
    for what, values in (
        ("let more through", {"category_id": False, "channel_id": False, "active": True}),
        ("name everybody", {"group_id": False}),
        ("make of another policy one that lets rollbacks through", {"kind": "rollback", "effect": "pass"}),
    ):
        number = world.policy if "kind" in values else world.rollback_policy
        yield Attempt(group, what, POLICY, "write", [number], {"vals": values}, roles=but("admin"))
    named = [[4, world.on_call, 0], [4, world.group(ANALYST), 0]]
    for what, model, ids, values in (
        ("name oneself", "res.users", [world.user("rights")], {"group_ids": named}),
        ("name an analyst", "res.users", [world.user("analyst")], {"group_ids": named[:1]}),
        ("name an analyst by the group", "res.groups", [world.on_call],
         {"user_ids": [[4, world.user("analyst"), 0]]}),
        ("name every analyst by their role", "res.groups", [world.group(ANALYST)],
         {"implied_ids": [[4, world.on_call, 0]]}),
    ):  # fmt: skip
        yield Attempt(group, what, model, "write", ids, {"vals": values}, roles=but("admin"))
