"""Whether what was sealed is what was approved, computed from the seals' own rows by code of our own.

A run has no price policies, no releases to channels one after the other and no tax positions: what approvals
hash of these is what they hash of none.
"""

import hashlib
import json
from typing import Any

Json = dict[str, Any]


def unlike_their_seals(cr, channels: list[int]) -> set[int]:
    """The approvals whose hash is not that of the prices which were sealed by them."""
    cr.execute(
        """
        SELECT a.id, a.hash, c.id AS change, c.kind, c.company_id AS company,
               to_char(c.requested_from, 'YYYY-MM-DD"T"HH24:MI:SS') AS "from",
               to_char(c.effective_to, 'YYYY-MM-DD"T"HH24:MI:SS') AS "to",
               (SELECT string_agg(other_id::text, ',' ORDER BY other_id)
                  FROM lockgate_price_change_above_rel WHERE change_id = c.id) AS above
          FROM lockgate_price_approval a JOIN lockgate_price_change c ON c.id = a.change_id
         WHERE a.decision = 'approved'
           AND a.id IN (SELECT approval_id FROM lockgate_price_seal WHERE channel_id = ANY(%s))
        """,
        [channels],
    )
    return {row["id"] for row in cr.fetchall() if row["hash"] != _hash(row, _prices(cr, row["id"]))}


def _prices(cr, approval: int) -> list[Json]:
    cr.execute(
        """
        SELECT s.listing_id AS listing, s.product_id AS product, s.book_id AS book, s.line_id AS line,
               s.amount::text AS amount, y.name AS currency, s.tax_included,
               s.uom_id AS unit, s.breaks,
               ARRAY[trim_scale(s.rounding::numeric)::text, s.rounding_method] AS rounding,
               s.compare_at::text AS compare_at
          FROM lockgate_price_seal s JOIN res_currency y ON y.id = s.currency_id
         WHERE s.approval_id = %s AND s.revokes_id IS NULL
      ORDER BY s.listing_id, s.book_id
        """,
        [approval],
    )
    return [dict(row) for row in cr.fetchall()]


def _hash(row: Json, prices: list[Json]) -> str:
    content = {name: row[name] or False for name in ("change", "kind", "company", "from", "to")}
    digest = _sha256(_canonical({**content, "prices": prices}))
    if row["above"]:
        digest = _sha256(f"{digest}\n{row['above']}")
    return _sha256(_canonical({"change": digest, "plan": [[False, False]], "policies": []}))


def _canonical(content: Json) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
