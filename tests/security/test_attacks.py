"""Every attempt of the table, against a running Odoo: refused in words, and no trace."""

from __future__ import annotations

import pytest

from stack.stack import Stack
from stack.user import User
from tests.security.attempt import Attempt
from tests.security.attempts import attempts
from tests.security.governed import set_up_governed
from tests.security.listing import BEGIN, DOCUMENT, END, listing
from tests.security.rollbacks import set_up_rollbacks
from tests.security.side_doors import set_up_side_doors
from tests.security.world import PROTECTED, World, attacked

GROUPS = list(dict.fromkeys(attempt.group for attempt in attempts(World())))


@pytest.fixture(scope="module")
def running():
    with attacked() as (stack, world):
        people = {
            login: User(stack.odoo.url, stack.odoo.database, login, login)
            for login in ("admin", "analyst", "approver", "both")
        }
        set_up_side_doors(people["admin"], people["analyst"], world)
        set_up_governed(people["admin"], world)
        set_up_rollbacks(people, world)
        yield stack, world


def own(attempt: Attempt) -> bool:
    return attempt.model.startswith("lockgate.")


def digest(stack: Stack, world: World) -> dict[str, str]:
    """{table: a hash of all that is protected in it}."""
    connection = stack.databases.connect(stack.odoo.database)
    try:
        with connection.cursor() as cursor:
            found = {}
            for table, condition in PROTECTED.items():
                cursor.execute(
                    f"SELECT md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), ''))"
                    f" FROM {table} row {condition}",
                    {"changes": world.changes, "decision": world.decision},
                )
                found[table] = cursor.fetchone()[0]
            return found
    finally:
        connection.close()


def made(stack: Stack, world: World, attempt: Attempt) -> list[str]:
    """Make an attempt by all its roles and ways; returns a line for each that was not refused clearly, or
    of which the audit does not tell."""
    wrong = []
    for role, way in attempt.calls():
        begun = stack.odoo.process.log.stat().st_size
        outcome = world.callers[role].call(
            way, attempt.model, attempt.method, attempt.ids, attempt.kwargs, attempt.context
        )
        told = f"{role} by {way}: {attempt.what}"
        if not outcome.refused and not attempt.harmless:
            wrong.append(f"{told}: went through, with {str(outcome.result)[:80]}")
        elif outcome.refused and not outcome.clear:
            wrong.append(f"{told}: {outcome.error}: {outcome.message[:160]}")
        if outcome.refused and role != "none" and (own(attempt) or outcome.error.endswith(".AccessError")):
            line = f"refused: user {world.user(role)}, {attempt.model}.{attempt.method} on "
            with stack.odoo.process.log.open("rb") as log:
                log.seek(begun)
                if way != "route" and line not in log.read().decode():
                    wrong.append(f"{told}: the audit tells nothing of it")
    return wrong


@pytest.mark.parametrize("group", GROUPS)
def test_every_attempt_is_refused_in_words_and_leaves_no_trace(running, group):
    stack, world = running
    wrong: list[str] = []
    before = digest(stack, world)
    for attempt in attempts(world):
        if attempt.group == group:
            wrong += made(stack, world, attempt)
            after = digest(stack, world)
            wrong += [
                f"{attempt.what}: left a trace in {table}"
                for table in before
                if before[table] != after[table]
            ]
            before = after
    assert not wrong, "\n".join(wrong)


def test_the_approver_at_the_web_client_approves_all_the_same(running):
    """The door that is open to a person: the refusals above are not those of a closed house."""
    _stack, world = running
    outcome = world.callers["approver"].call(
        "web", "lockgate.price.change", "action_approve", [world.asked], {}
    )
    assert not outcome.refused, outcome.message
    state = world.callers["approver"].call(
        "web", "lockgate.price.change", "read", [world.asked], {"fields": ["state"]}
    )
    assert state.result[0]["state"] == "approved"


def test_what_an_administrator_does_by_code_is_found_by_verifying_the_ledger(running):
    """Their server action may do anything in SQL: it is not prevented, and the chains tell of it."""
    stack, world = running
    admin = User(stack.odoo.url, stack.odoo.database, "admin", "admin")
    assert admin.call("lockgate.price.ledger", "verify")["holds"]
    model = admin.find("ir.model", [("model", "=", "res.users")], "id")[0]["id"]
    unguarded = (
        "env.cr.execute('ALTER TABLE {0} DISABLE TRIGGER lockgate_price_evidence')\n"
        "env.cr.execute('{1}')\n"
        "env.cr.execute('ALTER TABLE {0} ENABLE TRIGGER lockgate_price_evidence')"
    )
    for table, statement in (
        ("lockgate_price_seal", f"UPDATE lockgate_price_seal SET amount = 1 WHERE id = {world.seal}"),
        (
            "lockgate_price_approval",
            "INSERT INTO lockgate_price_approval"
            " (change_id, company_id, user_id, date, decision, revision, hash, basis)"
            " SELECT change_id, company_id, user_id, date, decision, revision + 9, hash, basis"
            f" FROM lockgate_price_approval WHERE id = {world.approval}",
        ),
        (
            "lockgate_price_check",
            "INSERT INTO lockgate_price_check"
            " (seal_id, change_id, channel_id, company_id, date, answer, policies, approval_id)"
            " SELECT seal_id, change_id, channel_id, company_id, date, $$released$$, $$[]$$,"
            f" {world.approval} FROM lockgate_price_check WHERE id = {world.check}",
        ),
    ):
        code = unguarded.format(table, statement)
        action = admin.create("ir.actions.server", name="x", model_id=model, state="code", code=code)
        admin.call("ir.actions.server", "run", [action])
    found = admin.call("lockgate.price.ledger", "verify")
    assert not found["holds"]
    told = " ".join(found["problems"])
    assert f"Price Seal {world.seal} was changed after it was made" in told
    assert "Price Approval" in told
    assert "is let through by a release that no approval names" in told


def test_the_documentation_lists_the_attempts_with_their_number():
    text = DOCUMENT.read_text()
    told = text[text.index(BEGIN) : text.index(END)]
    assert told == BEGIN + listing(), "write it anew: python -m tests.security.listing"
