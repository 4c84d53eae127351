"""Ways to another's powers: code where only data is meant, another's sign-in, the chatter."""

from __future__ import annotations

from collections.abc import Iterable

from tests.security.attempt import ROLES, Attempt
from tests.security.world import APPROVER, World

BUT_ADMIN = tuple(role for role in ROLES if role != "admin")


def takeovers(world: World) -> Iterable[Attempt]:
    yield from _code(world)
    yield from _companies(world)
    yield from _chatter(world)


def _code(world: World) -> Iterable[Attempt]:
    group, me = "write code as a manager of access rights", world.user("rights")
    grant = f"{{'group_ids': [(4, {world.group(APPROVER)})]}}"
    harmless = "[(1, '=', 1)]"
    for what, expression in (
        ("writes its author", f"user.write({grant})"),
        ("writes its author as another", f"user.with_user(2).browse({me}).write({grant})"),
        ("hands the writing on", f"list(map(user.write, [{grant}]))"),
        ("runs SQL", "user.env.cr.execute('UPDATE lockgate_price_change SET state = state')"),
    ):
        values = {"name": "x", "model_id": world.model, "domain_force": f"{harmless} if {expression} else []"}
        yield Attempt(group, f"a rule whose domain {what}", "ir.rule", "create", None,
                      {"vals_list": [values]}, roles=BUT_ADMIN)  # fmt: skip
        yield Attempt(group, f"a rule that is there, whose domain then {what}", "ir.rule", "write",
                      [world.record_rule], {"vals": {"domain_force": values["domain_force"]}},
                      roles=BUT_ADMIN)  # fmt: skip
    field = {
        "name": "x_forged", "model_id": world.model, "ttype": "char", "store": False, "depends": "name",
        "compute": f"for record in self: record['x_forged'] = self.env.user.write({grant})",
    }  # fmt: skip
    yield Attempt(group, "a field whose compute writes", "ir.model.fields", "create", None,
                  {"vals_list": [field]}, roles=BUT_ADMIN)  # fmt: skip


def _companies(world: World) -> Iterable[Attempt]:
    """By an approver who manages access rights too."""
    me, group = world.user("chief"), "grant oneself a role"
    for what, model, ids, values in (
        ("a tier's group, by one's user", "res.users", [me], {"group_ids": [[4, world.board, 0]]}),
        ("a tier's group, by the group", "res.groups", [world.board], {"user_ids": [[4, me, 0]]}),
        ("a tier's group, by a group that implies it", "res.groups", [world.group(APPROVER)],
         {"implied_ids": [[4, world.board, 0]]}),
        ("another company", "res.users", [me], {"company_ids": [[4, world.foreign_company, 0]]}),
        ("another company, by the company", "res.company", [world.foreign_company],
         {"user_ids": [[4, me, 0]]}),
    ):  # fmt: skip
        for method, kwargs in (
            ("write", {"vals": values}),
            ("web_save", {"vals": values, "specification": {}}),
        ):
            yield Attempt(group, f"{what}, {method}", model, method, ids, kwargs, roles=("chief",))


def _chatter(world: World) -> Iterable[Attempt]:
    """The chatter's own routes, which work with the superuser's rights."""
    group, route = "change files and words", {"roles": ("analyst", "approver", "admin"), "ways": ("route",)}
    update = {"message_id": world.words, "update_data": {"body": "Approved", "attachment_ids": []}}
    yield Attempt(group, "edit the chatter by its route", "/mail/message/update_content", "", None, update,
                  **route)  # fmt: skip
    gone = {"message_id": world.words, "update_data": {"body": "", "attachment_ids": []}}
    yield Attempt(group, "delete from the chatter by its route", "/mail/message/update_content", "", None,
                  gone, **route)  # fmt: skip
    yield Attempt(group, "delete a file by the chatter's route", "/mail/attachment/delete", "", None,
                  {"attachment_id": world.attachment}, **route)  # fmt: skip
