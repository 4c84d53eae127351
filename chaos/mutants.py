"""Mutants of the real code: each breaks one promise, and names the property that must be seen to fail.

A change is a search and a replacement: where the code no longer has what it looks for, once, it fails loudly.
`chaos.hunt` plays the scene of each on it, once.
"""

from typing import NamedTuple

from stack.paths import ROOT


class Change(NamedTuple):
    file: str
    old: str
    new: str


class Mutant(NamedTuple):
    property: str
    scene: str
    changes: tuple[Change, ...]


def mutated(mutant: Mutant) -> dict[str, str]:
    """The mutant's files; raises ValueError when the real code no longer has what it changes, once."""
    texts: dict[str, str] = {}
    for file, old, new in mutant.changes:
        text = texts.get(file) or (ROOT / file).read_text()
        if text.count(old) != 1:
            raise ValueError(f"{file} has {text.count(old)} times: {old}")
        texts[file] = text.replace(old, new)
    return texts


LEASES = "odoo_addons/lockgate/turn/leases.py"
RESULTS = "odoo_addons/lockgate/turn/results.py"
VALUES = "odoo_addons/lockgate/turn/values.py"
GATEWAY = "odoo_addons/lockgate/models/gateway.py"
OUTBOX = "odoo_addons/lockgate/models/outbox.py"
TURN = "odoo_addons/lockgate/models/turn.py"
PRICES = "odoo_addons/lockgate_price/models"
DEMO = "sidecar/lockgate/connectors/demo.py"
DISPATCH = "sidecar/lockgate/dispatch.py"

OWN_LEASE = "AND p.id = a.publication_id AND p.lease_token = a.token AND p.state = 'leased'"
BY_KEY = "return {key: _outcome(each, answer) for key, each in _by_key(answer).items()}"

MUTANTS = {
    "marks are drained by an id watermark": Mutant(
        "S3",
        "a_late_commit",
        (
            Change(
                VALUES,
                """    prepared.execute(cr, CONSUME, {"channel": channel_id, "slice": rows})
""",
                """    seen = SEEN.get(channel_id, 0)
    prepared.execute(cr, CONSUME, {"channel": channel_id, "slice": rows, "turn": seen})
    cr.execute("SELECT last_value FROM lockgate_outbox_id_seq")
    SEEN[channel_id] = cr.fetchone()[0]
""",
            ),
            Change(
                VALUES,
                "FROM lockgate_outbox WHERE channel_id = %(channel)s\n",
                "FROM lockgate_outbox WHERE channel_id = %(channel)s AND id > %(turn)s\n",
            ),
            Change(VALUES, "POSTPONED = ", "SEEN = {}\nPOSTPONED = "),
        ),
    ),
    "an advisory lock on the request's cursor": Mutant(
        "S3",
        "a_poison_row",
        (
            Change(
                GATEWAY,
                """        with self.env.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})
""",
                """        yield api.Environment(self.env.cr, SUPERUSER_ID, {})
""",
            ),
            Change(
                TURN,
                """                UPDATE lockgate_turn t SET number = number + 1
                 WHERE id = (SELECT t.id FROM lockgate_turn t JOIN lockgate_channel c ON c.id = t.channel_id
                              WHERE c.code = %s FOR UPDATE OF t NOWAIT)
""",
                """                SELECT pg_advisory_xact_lock(7);
                UPDATE lockgate_turn t SET number = number + 1
                 WHERE channel_id = (SELECT id FROM lockgate_channel WHERE code = %s)
""",
            ),
        ),
    ),
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
    ),
    "a price is published before its seal is in force": Mutant(
        "S1",
        "a_price_that_begins",
        (
            Change(
                f"{PRICES}/price_seal.py",
                "AND seal.date_from <= %(moment)s AND (seal.date_to",
                "AND (seal.date_to",
            ),
        ),
    ),
    "a seal is written by SQL": Mutant(
        "S1",
        "two_books",
        (
            Change(
                f"{PRICES}/turn.py",
                """        coming = self.env["lockgate.price.seal"]._coming(channel, listings, now)
""",
                """        self.env.cr.execute(
            \"\"\"INSERT INTO lockgate_price_seal
               SELECT (jsonb_populate_record(seal, jsonb_build_object(
                          'amount', seal.amount - 1,
                          'id', nextval('lockgate_price_seal_id_seq')))).*
                 FROM lockgate_price_seal seal WHERE seal.listing_id = ANY(%s) ORDER BY id DESC LIMIT 1\"\"\",
            [listings.ids],
        )
        coming = self.env["lockgate.price.seal"]._coming(channel, listings, now)
""",
            ),
        ),
    ),
    "a seal's end is not marked": Mutant(
        "S3",
        "a_price_that_ends",
        (
            Change(
                f"{PRICES}/turn.py",
                "least(in_force.date_to, coming.date_from) AS recheck_at",
                "coming.date_from AS recheck_at",
            ),
            Change(
                f"{PRICES}/turn.py",
                'later = [row["recheck_at"] and row["recheck_at"] - lead, look_at]',
                'later = [row["recheck_at"] and row["recheck_at"] - lead]',
            ),
        ),
    ),
    "a lease is shorter than the deadline": Mutant(
        "S2",
        "no_answer",
        (Change(VALUES, "return self.send_within + self.deadline + self.late_bound", "return 1"),),
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
        (Change(RESULTS, "due_at = greatest(a.until, %(now)s)", "due_at = %(now)s"),),
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
        ),
    ),
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
                "return {item.key: _outcome(each, answer)"
                ' for item, each in zip(items, answer.data["items"], strict=True)}',
            ),
        ),
    ),
    "tries are counted at the result": Mutant(
        "S3",
        "a_killer",
        (
            Change(LEASES, "due_at = NULL, tries = p.tries + 1,", "due_at = NULL,"),
            Change(RESULTS, "ELSE {tries} END, {RELEASE}", "ELSE {tries} + 1 END, {RELEASE}"),
        ),
    ),
    "a poison row stops the turn": Mutant(
        "S3",
        "a_poison_row",
        (
            Change(
                GATEWAY,
                "                if rows > 1:\n",
                "                raise\n                if rows > 1:\n",
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
    "a remapping is ignored in flight": Mutant(
        "S3",
        "a_new_sku",
        (
            Change(
                VALUES,
                "p.id IS NULL OR p.wanted IS DISTINCT FROM w.wanted\n",
                "p.id IS NULL OR p.wanted - 'sku' IS DISTINCT FROM w.wanted - 'sku'\n",
            ),
        ),
    ),
    "values coalesce across books": Mutant(
        "S3",
        "two_books",
        (
            Change(
                VALUES,
                "            for want in wanted\n",
                "            for want in {want.listing_id: want for want in wanted}.values()\n",
            ),
        ),
    ),
    "reservations are offered again": Mutant(
        "S5",
        "an_order",
        (
            Change(
                "odoo_addons/lockgate_stock/exposure.py",
                """         WHERE m.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
           AND m.location_id = ANY""",
                """         WHERE m.state IN ('waiting', 'confirmed')
           AND m.location_id = ANY""",
            ),
        ),
    ),
    "marks are lost at a savepoint": Mutant(
        "S3",
        "a_savepoint",
        (
            Change(
                OUTBOX,
                "            precommit.add(self._append)\n",
                """            if KEY not in self.env.cr.cache:
                self.env.cr.cache[KEY] = True
                precommit.add(self._append)
""",
            ),
            Change(
                OUTBOX,
                "        marks = self.env.cr.precommit.data.pop(KEY, {})\n",
                """        marks = self.env.cr.precommit.data.pop(KEY, {})
        self.env.cr.cache.pop(KEY, None)
""",
            ),
        ),
    ),
    "a value is confirmed without being sent": Mutant(
        "S3",
        "a_change_that_cannot_be_read_back",
        (
            Change(
                DEMO,
                "        aspect = items[0].value.aspect\n",
                """        return {item.key: Accepted(answer="") for item in items}
        aspect = items[0].value.aspect
""",
            ),
        ),
    ),
    "everything is blocked": Mutant(
        "S3",
        "a_change",
        (
            Change(
                VALUES,
                "CASE WHEN wanted IS NULL THEN 'settled' ELSE 'due' END,",
                "CASE WHEN wanted IS NULL THEN 'settled' ELSE 'blocked' END,",
            ),
            Change(
                VALUES,
                "           CASE WHEN wanted IS NOT NULL THEN due_at END,\n",
                "           NULL::timestamp,\n",
            ),
        ),
    ),
}
