import hashlib
import json

from odoo import api, fields, models
from odoo.tools import SQL, split_every

# A row's content as the database itself shows it. Empty columns are left out, so that a column added
# later changes no hash of an earlier row.
CONTENT = SQL("(jsonb_strip_nulls(to_jsonb(row)) - 'previous_hash' - 'chain_hash')::text")
# So many rows go to PostgreSQL at a time: its work on one value of JSON grows faster than the value.
SLICE = 5000


class PriceEvidence(models.AbstractModel):
    """What may be appended and never changed: the ORM refuses, a trigger refuses, a hash chain finds.

    Rows are appended by `_append` alone, in SQL.
    """

    _name = "lockgate.price.evidence"
    _description = "Append-Only Evidence"
    _inherit = ["lockgate.price.append.only"]
    _log_access = False

    previous_hash = fields.Char(readonly=True, help="The chain hash of the row before this one.")
    chain_hash = fields.Char(
        readonly=True, help="SHA-256 of the row before this one and of all that this row holds."
    )

    def _append(self, rows):
        """Append `rows` ({column: value as in JSON}) and chain them; returns the new records.

        Ids grow in the order of commit: the chain's head is one row, which the second of two
        transactions fails to update (and Odoo runs it again).
        """
        head, numbers = self._lock_head(), []
        for some in split_every(SLICE, rows, list):
            chained = self._chained(some, head)
            self._insert(chained)
            head = chained[-1]["chain_hash"]
            numbers += [row["id"] for row in chained]
        self.env.cr.execute("UPDATE lockgate_price_chain SET head = %s WHERE name = %s", [head, self._table])
        self.env.invalidate_all()
        return self.browse(numbers)

    def _chained(self, rows, head):
        """These rows with their numbers and hashes, the first of them after the hash `head`."""
        self.env.cr.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [self._table, len(rows)],
        )
        rows = [{**row, "id": number} for (number,), row in zip(self.env.cr.fetchall(), rows, strict=True)]
        self.env.cr.execute(
            SQL(
                "SELECT %s FROM jsonb_populate_recordset(NULL::%s, %s::jsonb) AS row ORDER BY row.id",
                CONTENT,
                SQL.identifier(self._table),
                json.dumps(rows),
            )
        )
        for (content,), row in zip(self.env.cr.fetchall(), rows, strict=True):
            row["previous_hash"], head = head, self._link(head, content)
            row["chain_hash"] = head
        return rows

    def _insert(self, rows):
        self.env.cr.execute(
            SQL(
                "INSERT INTO %(table)s (%(columns)s)"
                " SELECT %(columns)s FROM jsonb_populate_recordset(NULL::%(table)s, %(rows)s::jsonb)",
                table=SQL.identifier(self._table),
                columns=SQL(", ").join(SQL.identifier(name) for name in rows[0]),
                rows=json.dumps(rows),
            )
        )

    def _lock_head(self):
        self.env.flush_all()
        self.env.cr.execute(
            "INSERT INTO lockgate_price_chain (name, head) VALUES (%s, '')"
            " ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING head",
            [self._table],
        )
        return self.env.cr.fetchone()[0]

    @staticmethod
    def _link(previous, content):
        return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()

    @api.model
    def _broken_links(self, known=None):
        """What does not hold in the chain: a list of (number of the row, what is wrong), in its order.

        'changed': the row itself; 'gone': rows before it are missing or stand in another order; 'end':
        rows after the last one are gone, or were added past the chain; 'unknown': the chain holds, but
        the hash `known`, kept from an earlier check, is not in it: it was computed anew. The last has
        the number of the last row.
        """
        broken, head, number, seen = [], "", 0, known in (None, "")
        for number, previous, chain_hash, content in self._chain():
            if previous != head:
                broken.append((number, "gone"))
            if chain_hash != self._link(previous, content):
                broken.append((number, "changed"))
            head = chain_hash
            seen = seen or head == known
        if head != self._head():
            broken.append((number, "end"))
        if not seen and not broken:
            broken.append((number, "unknown"))
        return broken

    @api.model
    def _chain(self, rows=10_000):
        """Yields (id, previous hash, chain hash, content) of every row, a slice at a time."""
        number = 0
        while True:
            self.env.cr.execute(
                SQL(
                    "SELECT row.id, row.previous_hash, row.chain_hash, %s FROM %s AS row"
                    " WHERE row.id > %s ORDER BY row.id LIMIT %s",
                    CONTENT,
                    SQL.identifier(self._table),
                    number,
                    rows,
                )
            )
            slice_ = self.env.cr.fetchall()
            yield from slice_
            if len(slice_) < rows:
                return
            number = slice_[-1][0]

    @api.model
    def _head(self):
        self.env.flush_all()
        self.env.cr.execute("SELECT head FROM lockgate_price_chain WHERE name = %s", [self._table])
        row = self.env.cr.fetchone()
        return row[0] if row else ""


class PriceChain(models.Model):
    """The last hash of each chain of evidence: one row a table, the lock that puts its rows in order."""

    _name = "lockgate.price.chain"
    _description = "Head of a Chain of Evidence"
    _inherit = ["lockgate.facts"]
    _log_access = False

    name = fields.Char(required=True, readonly=True)
    head = fields.Char(readonly=True)

    _name_unique = models.UniqueIndex("(name)")
