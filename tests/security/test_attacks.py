"""Every attempt of the table, against a running Odoo: refused in words, and no trace."""

from __future__ import annotations

import pytest

from stack.stack import Stack
from tests.security.attempts import Attempt, attempts
from tests.security.listing import BEGIN, DOCUMENT, END, listing
from tests.security.world import PROTECTED, World, attacked

GROUPS = list(dict.fromkeys(attempt.group for attempt in attempts(World())))


@pytest.fixture(scope="module")
def running():
    with attacked() as (stack, world):
        yield stack, world


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
                    {"changes": world.changes},
                )
                found[table] = cursor.fetchone()[0]
            return found
    finally:
        connection.close()


def made(world: World, attempt: Attempt) -> list[str]:
    """Make an attempt by all its roles and ways; returns a line for each that was not refused clearly."""
    wrong = []
    for role, way in attempt.calls():
        outcome = world.callers[role].call(
            way, attempt.model, attempt.method, attempt.ids, attempt.kwargs, attempt.context
        )
        told = f"{role} by {way}: {attempt.what}"
        if not outcome.refused and not attempt.harmless:
            wrong.append(f"{told}: went through, with {str(outcome.result)[:80]}")
        elif outcome.refused and not outcome.clear:
            wrong.append(f"{told}: {outcome.error}: {outcome.message[:160]}")
    return wrong


@pytest.mark.parametrize("group", GROUPS)
def test_every_attempt_is_refused_in_words_and_leaves_no_trace(running, group):
    stack, world = running
    wrong: list[str] = []
    before = digest(stack, world)
    for attempt in attempts(world):
        if attempt.group == group:
            wrong += made(world, attempt)
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


def test_the_documentation_lists_the_attempts_with_their_number():
    text = DOCUMENT.read_text()
    told = text[text.index(BEGIN) : text.index(END)]
    assert told == BEGIN + listing(), "write it anew: python -m tests.security.listing"
