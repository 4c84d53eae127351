"""Leases, results and tries."""

from chaos.mutants.mutant import Change, Mutant

LEASES = "odoo_addons/lockgate/turn/leases.py"
RESULTS = "odoo_addons/lockgate/turn/results.py"
VALUES = "odoo_addons/lockgate/turn/values.py"
DISPATCH = "sidecar/lockgate/dispatch.py"
OWN_LEASE = "AND p.id = a.publication_id AND p.lease_token = a.token AND p.state = 'leased'"
# Heals some of what else would stand.
NO_SECOND_LOOK = Change("odoo_addons/lockgate/models/turn.py", "        doubts.look(cr, channel)\n", "")

MUTANTS = {
    "the value is fixed when the channel is nudged": Mutant(
        "S5",
        "news_before_a_retry",
        (
            Change(
                DISPATCH,
                "run.held.extend(Held(lease, answer.token, asked + answer.send_by)"
                " for lease in answer.leases)",
                """for lease in answer.leases:
            fixed = FIXED.setdefault((lease.publication, lease.tries > 1), lease.value)
            FIXED[lease.publication, True] = fixed
            lease = lease.model_copy(update={"value": fixed})
            run.held.append(Held(lease, answer.token, asked + answer.send_by))""",
            ),
            Change(DISPATCH, "PATIENCE = 2.0", "FIXED = {}\nPATIENCE = 2.0"),
        ),
        also=("S3",),  # the old value is what the channel ends at
    ),
    "a lease is shorter than the deadline": Mutant(
        "S2",
        "no_answer",
        (Change(VALUES, "return self.send_within + self.deadline + self.late_bound", "return 1"),),
    ),
    "what may have landed late is not looked at again": Mutant(
        "S2",
        "far_too_late",
        (NO_SECOND_LOOK,),
        also=("S3",),  # what landed late is what the channel ends at
    ),
    "a lease that ends becomes due": Mutant(
        "S2",
        "a_dead_worker",
        (
            Change(
                LEASES,
                "WHEN {spent} THEN 'blocked' ELSE 'unknown' END,",
                "WHEN {spent} THEN 'blocked' ELSE 'due' END,",
            ),
        ),
    ),
    "the deadline is on the wall clock": Mutant(
        "S5",
        "a_stopped_worker",
        (Change(DISPATCH, "return time.clock_gettime(time.CLOCK_BOOTTIME)", "return time.time()"),),
    ),
    "an old token's result frees a lease": Mutant(
        "S2",
        "a_result_that_comes_late",
        (Change(RESULTS, OWN_LEASE, "AND p.id = a.publication_id"),),
    ),
    "a result is counted twice": Mutant(
        "S2",
        "a_result_that_is_told_twice",
        (
            Change(RESULTS, "WHERE a.id = r.id AND a.outcome IS NULL", "WHERE a.id = r.id"),
            Change(RESULTS, OWN_LEASE, "AND p.id = a.publication_id AND p.state = 'leased'"),
        ),
    ),
    "an equal read-back confirms while an unknown is out": Mutant(
        "S3",
        "out_and_back",
        (Change(RESULTS, "due_at = greatest(a.until, %(now)s)", "due_at = %(now)s"), NO_SECOND_LOOK),
    ),
    "a confirmation erases a newer wanted value": Mutant(
        "S3",
        "news_before_a_confirmation",
        (
            Change(
                RESULTS,
                "WHEN p.wanted IS NULL THEN 'settled' WHEN {OUTDATED} THEN 'due' ELSE {{state}} END",
                "WHEN p.wanted IS NULL THEN 'settled' ELSE {{state}} END",
            ),
            Change(
                RESULTS,
                "WHEN p.wanted IS NULL THEN NULL WHEN {OUTDATED} THEN {NEWER_DUE} ELSE {{due_at}} END",
                "WHEN p.wanted IS NULL THEN NULL ELSE {{due_at}} END",
            ),
        ),
    ),
    "tries are counted at the result": Mutant(
        "S3",
        "a_killer",
        (
            Change(LEASES, "due_at = NULL, tries = p.tries + 1,", "due_at = NULL,"),
            Change(
                LEASES,
                "RETURNING p.id, p.version, p.tries, p.wanted,",
                "RETURNING p.id, p.version, p.tries + 1 AS tries, p.wanted,",
            ),
            Change(RESULTS, "ELSE {tries} END, {RELEASE}", "ELSE {tries} + 1 END, {RELEASE}"),
        ),
    ),
}
