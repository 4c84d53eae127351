"""From what happens in Odoo to what is wanted of a channel."""

from chaos.mutants.mutant import Change, Mutant

VALUES = "odoo_addons/lockgate/turn/values.py"
GATEWAY = "odoo_addons/lockgate/models/gateway.py"
OUTBOX = "odoo_addons/lockgate/models/outbox.py"
TURN = "odoo_addons/lockgate/models/turn.py"
PRICES = "odoo_addons/lockgate_price/models"

MUTANTS = {
    "marks are drained by an id watermark": Mutant(
        "S3",
        "a_late_commit",
        (
            Change(
                VALUES,
                """    prepared.execute(cr, AHEAD_MARKS, {"channel": channel_id, "slice": rows * AHEAD})
""",
                """    seen = {"channel": channel_id, "slice": rows * AHEAD, "turn": SEEN.get(channel_id, 0)}
    cr.execute("SELECT last_value FROM lockgate_outbox_id_seq")
    SEEN[channel_id] = cr.fetchone()[0]
    prepared.execute(cr, AHEAD_MARKS, seen)
""",
            ),
            Change(
                VALUES,
                "     WHERE channel_id = %(channel)s ORDER BY id LIMIT %(slice)s\n",
                "     WHERE channel_id = %(channel)s AND id > %(turn)s ORDER BY id LIMIT %(slice)s\n",
            ),
            Change(VALUES, "POSTPONED = ", "SEEN = {}\nPOSTPONED = "),
        ),
    ),
    "an advisory lock on the request's cursor": Mutant(
        "flow",
        "two_turns_at_once",
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
                """                UPDATE lockgate_turn t
                   SET number = number + 1, turned_at = now() AT TIME ZONE 'UTC'
                 WHERE id = (SELECT t.id FROM lockgate_turn t JOIN lockgate_channel c ON c.id = t.channel_id
                              WHERE c.code = %s FOR UPDATE OF t NOWAIT)
             RETURNING t.channel_id, t.number, now() AT TIME ZONE 'UTC'
""",
                """                SELECT pg_advisory_xact_lock(7);
                SELECT id, nextval('lockgate_outbox_id_seq'), now() AT TIME ZONE 'UTC'
                  FROM lockgate_channel WHERE code = %s
""",
            ),
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
    "a remapping is ignored in flight": Mutant(
        "S2",
        "a_new_sku_in_flight",
        tuple(
            Change(
                VALUES,
                f"{name} = CASE WHEN p.state IN ('leased', 'unknown') THEN",
                f"{name} = CASE WHEN p.state IN ('leased', 'unknown')"
                " AND p.wanted->>'sku' = excluded.wanted->>'sku' THEN",
            )
            for name in ("state", "due_at")
        ),
    ),
    "a remapping is ignored": Mutant(
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
                "OPEN = \"('waiting', 'confirmed', 'partially_available', 'assigned')\"",
                "OPEN = \"('waiting', 'confirmed')\"",
            ),
        ),
        also=("S3",),  # too many is what the channel ends at
    ),
    "marks are lost at a savepoint": Mutant(
        "S3",
        "a_savepoint",
        (
            Change(
                OUTBOX,
                "            precommit.add(self._append)\n",
                """            if KEY not in vars(self.env.cr):
                vars(self.env.cr)[KEY] = True
                precommit.add(self._append)
""",
            ),
            Change(
                OUTBOX,
                "        marks = self.env.cr.precommit.data.pop(KEY, {})\n",
                """        marks = self.env.cr.precommit.data.pop(KEY, {})
        vars(self.env.cr).pop(KEY, None)
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
