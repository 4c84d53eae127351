"""What becomes of a channel's answers, its limit and its freeze."""

from chaos.mutants.mutant import Change, Mutant

VALUES = "odoo_addons/lockgate/turn/values.py"
DEMO = "sidecar/lockgate/connectors/demo.py"
BY_KEY = "return {each.key: _outcome(each, answer) for each in told}"

MUTANTS = {
    "blocked ignores a newer value": Mutant(
        "S3",
        "refused_and_changed",
        (
            Change(
                VALUES,
                "state = CASE WHEN p.state IN ('leased', 'unknown') THEN p.state ELSE excluded.state END",
                "state = CASE WHEN p.state IN ('leased', 'unknown', 'blocked') THEN p.state"
                " ELSE excluded.state END",
            ),
            Change(
                VALUES,
                "due_at = CASE WHEN p.state IN ('leased', 'unknown') THEN p.due_at",
                "due_at = CASE WHEN p.state IN ('leased', 'unknown', 'blocked') THEN p.due_at",
            ),
        ),
    ),
    "a batch is taken as one success": Mutant(
        "S3",
        "one_of_two_refused",
        (Change(DEMO, BY_KEY, 'return {item.key: Accepted(answer="") for item in items}'),),
    ),
    "a batch is matched by position": Mutant(
        "S3",
        "one_of_two_refused_in_another_order",
        (
            Change(
                DEMO,
                BY_KEY,
                "return {item.key: _outcome(each, answer) for item, each in zip(items, told, strict=True)}",
            ),
        ),
    ),
    "a budget is kept by process": Mutant(
        "flow",
        "two_workers_at_a_limit",
        (
            Change(
                "sidecar/lockgate/budget.py",
                'key = f"lockgate:budget:{_scope(session, each)}:{number}"',
                'key = f"lockgate:budget:{id(self)}:{_scope(session, each)}:{number}"',
            ),
        ),
    ),
    "a freeze is ignored": Mutant(
        "S6",
        "a_freeze",
        (Change(VALUES, "c.active AND c.state = 'running' AS running", "c.active AS running"),),
    ),
    "a freeze is ignored in flight": Mutant(
        "S6",
        "a_freeze_in_the_middle_of_a_run",
        (
            Change(
                "sidecar/lockgate/dispatch.py",
                "run.frozen, run.falls = answer.state == TurnState.FROZEN, answer.falls",
                "run.frozen, run.falls = False, answer.falls",
            ),
        ),
    ),
    "versions are not told": Mutant(
        "S2",
        "far_too_late_for_one_that_compares",
        (Change(DEMO, '{"version": item.version}', '{"version": 1}'),),
    ),
    "a value is confirmed without being sent": Mutant(
        "S3",
        "a_change_that_cannot_be_read_back",
        (
            Change(
                DEMO,
                '        path = "/prices" if',
                """        return {item.key: Accepted(answer="") for item in items}
        path = "/prices" if""",
            ),
        ),
    ),
}
