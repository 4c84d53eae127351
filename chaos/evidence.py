"""Reads what a run left behind: the channel's history, Odoo's tables and the journal of business."""

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
from psycopg2.extras import RealDictCursor

from chaos import approvals, ends
from chaos.records import Attempt, Freeze, Key, Push, Records, Sale, Seal
from chaos.warehouse import BEGINNING

Json = dict[str, Any]
# From when on others could see a row; a server that does not keep that says nothing.
SEEN = "CASE current_setting('track_commit_timestamp') WHEN 'on' THEN pg_xact_commit_timestamp({}.xmin) END"
EVIDENCE = ("lockgate_price_approval", "lockgate_price_seal")


def read(connection, fake_url: str, journal: list[Json], channels: list[int]) -> Records:
    """What these channels were told and what Odoo keeps of them. The parts must have come to rest."""
    cr = connection.cursor(cursor_factory=RealDictCursor)
    history = httpx.get(f"{fake_url}/history", params={"since": 0}, timeout=60).json()["entries"]
    shown = httpx.get(f"{fake_url}/listings", timeout=60).json()
    sales = httpx.get(f"{fake_url}/sales", timeout=60).json()
    limit = httpx.get(f"{fake_url}/limit", timeout=60).json() or {"answered": 0, "refused": 0}
    names = _names(cr, channels)
    history = [entry for entry in history if entry["sku"] in names]
    pushes = [_push(entry, names) for entry in history if not entry["repeated"]]
    seals = list(_seals(cr, channels))
    cr.execute("SELECT extract(epoch FROM clock_timestamp())::float AS now")
    now = cr.fetchone()["now"]
    _keep_operations(cr, journal)
    can = _capabilities(cr, channels)
    last = [*ends.stock(cr, channels, shown), *ends.prices(now, shown, seals, can["dated"])]
    blocked = _blocked(cr, channels)
    return Records(
        pushes=pushes,
        attempts=list(_attempts(cr, channels)),
        seals=seals,
        freezes=list(_freezes(journal, _skus(cr, channels))),
        broken_evidence=[table for table in EVIDENCE if not _chained(cr, table)],
        ends=[ends.end(*each, pushes, blocked) for each in last],
        sales=list(_sales(sales, names, journal)),
        repeats=[_push(entry, names) for entry in history if entry["repeated"]],
        turning=ends.turning(now, seals),
        read=time.time(),
        readable=can["readable"],
        limited=(limit["answered"], limit["refused"]),
    )


def at_rest(connection, channels: list[int]) -> bool:
    """Whether none of these channels that runs has anything due, in flight, to verify or to look at again."""
    cr = connection.cursor()
    cr.execute(
        """SELECT NOT EXISTS (SELECT FROM lockgate_outbox WHERE channel_id = ANY(%(channels)s))
              AND NOT EXISTS (
                  SELECT FROM lockgate_publication p JOIN lockgate_channel c ON c.id = p.channel_id
                   WHERE c.id = ANY(%(channels)s) AND c.state = 'running'
                     AND (p.state NOT IN ('settled', 'blocked') OR p.due_at IS NOT NULL))""",
        {"channels": channels},
    )
    return cr.fetchone()[0]


def _skus(cr, channels: list[int]) -> dict[int, set[str]]:
    """What each channel lists in the end."""
    cr.execute(
        """SELECT channel_id, array_agg(sku) AS skus FROM lockgate_listing
            WHERE channel_id = ANY(%s) GROUP BY channel_id""",
        [channels],
    )
    return {row["channel_id"]: set(row["skus"]) for row in cr.fetchall()}


def _names(cr, channels: list[int]) -> dict[str, str]:
    """What each listing is called in the end, by every SKU that it was ever leased with."""
    cr.execute(
        """
        SELECT sku, sku AS last FROM lockgate_listing WHERE channel_id = ANY(%(channels)s)
         UNION
        SELECT a.value->>'sku', l.sku
          FROM lockgate_attempt a
          JOIN lockgate_publication p ON p.id = a.publication_id
          JOIN lockgate_listing l ON l.id = p.listing_id
         WHERE a.channel_id = ANY(%(channels)s)
        """,
        {"channels": channels},
    )
    return {row["sku"]: row["last"] for row in cr.fetchall()}


def _capabilities(cr, channels: list[int]) -> dict[str, bool]:
    """Whether all of these channels tell what they show, and keep dated prices."""
    cr.execute(
        """SELECT bool_and(k.can_read_back) AS readable,
                  bool_and((k.capabilities->>'scheduled_prices')::boolean) AS dated
             FROM lockgate_channel c JOIN lockgate_connector k ON k.id = c.connector_id
            WHERE c.id = ANY(%s)""",
        [channels],
    )
    return cr.fetchone()


def _push(entry: Json, names: dict[str, str]) -> Push:
    offset = entry["received_at"] - entry["received_monotonic"]
    return Push(
        key=_key(entry, names),
        value=entry["value"],
        received=entry["received_at"],
        applied=entry["applied_monotonic"] and entry["applied_monotonic"] + offset,
        refused=entry["reason"] is not None,
    )


def _key(entry: Json, names: dict[str, str]) -> Key:
    return Key(names[entry["sku"]], entry["aspect"], entry["value"].get("book"))


def _sales(sales: list[Json], names: dict[str, str], journal: list[Json]) -> Iterator[Sale]:
    told = {line["order"]: line["time"] for line in journal if "order" in line}
    for sale in sales:
        if sale["sku"] in names:
            key, order = Key(names[sale["sku"]], "stock", None), sale["order"]
            moments = {"sold": sale["at"], "told": told.get(order)}
            yield Sale(key, sale["quantity"], allocates=sale["allocates"], order=order, **moments)


def _attempts(cr, channels: list[int]) -> Iterator[Attempt]:
    cr.execute(
        """
        SELECT l.sku, p.aspect, b.reference AS book, a.purpose, a.version, a.value, a.token,
               extract(epoch FROM a.leased_at AT TIME ZONE 'UTC')::float AS leased,
               CASE WHEN a.outcome <> 'unknown'
                    THEN extract(epoch FROM a.reported_at AT TIME ZONE 'UTC')::float END AS answered,
               CASE WHEN p.aspect = 'stock' THEN %s + coalesce((
                   SELECT sum(o.delta) FROM chaos_operation o
                    WHERE o.product_id = l.product_id
                      AND pg_visible_in_snapshot(o.transaction, a.snapshot::pg_snapshot)), 0) END AS visible,
               ARRAY(SELECT o."order" FROM chaos_operation o
                      WHERE o.product_id = l.product_id AND o."order" IS NOT NULL
                        AND pg_visible_in_snapshot(o.transaction, a.snapshot::pg_snapshot)) AS seen
          FROM lockgate_attempt a
          JOIN lockgate_publication p ON p.id = a.publication_id
          JOIN lockgate_listing l ON l.id = p.listing_id
     LEFT JOIN lockgate_price_book b ON b.id = p.scope AND p.aspect = 'price'
         WHERE a.channel_id = ANY(%s)
      ORDER BY a.id
        """,
        [BEGINNING, channels],
    )
    for row in cr.fetchall():
        key = Key(row.pop("sku"), row.pop("aspect"), row.pop("book"))
        visible, seen = row.pop("visible"), frozenset(row.pop("seen"))
        yield Attempt(key=key, visible=None if visible is None else int(visible), seen=seen, **row)


def _blocked(cr, channels: list[int]) -> set[Key]:
    """What waits for a person."""
    cr.execute(
        """
        SELECT l.sku, p.aspect, b.reference AS book
          FROM lockgate_publication p JOIN lockgate_listing l ON l.id = p.listing_id
     LEFT JOIN lockgate_price_book b ON b.id = p.scope AND p.aspect = 'price'
         WHERE p.channel_id = ANY(%s) AND p.state = 'blocked'
        """,
        [channels],
    )
    return {Key(**row) for row in cr.fetchall()}


def _keep_operations(cr, journal: list[Json]) -> None:
    """The journal's operations that were committed, as a table: whether they were, PostgreSQL knows."""
    cr.execute(
        """
        DROP TABLE IF EXISTS chaos_operation;
        CREATE TEMP TABLE chaos_operation (product_id int, delta int, transaction xid8, "order" text)
        """
    )
    stock = [line for line in journal if "transaction" in line]
    cr.execute(
        """
        INSERT INTO chaos_operation
        SELECT product, delta, transaction::xid8, "order"
          FROM jsonb_to_recordset(%s::jsonb) AS o(product int, delta int, transaction text, "order" text)
         WHERE pg_xact_status(transaction::xid8) = 'committed'
        """,
        [json.dumps(stock)],
    )


def _seals(cr, channels: list[int]) -> Iterator[Seal]:
    """With the moments from which on others could see them: a slow transaction dates them before."""
    cr.execute(
        f"""
        SELECT s.id, s.approval_id, l.sku, b.reference AS book, s.amount,
               extract(epoch FROM s.date_from AT TIME ZONE 'UTC')::float AS starts,
               extract(epoch FROM s.date_to AT TIME ZONE 'UTC')::float AS ends,
               CASE WHEN a.decision = 'approved' AND a.change_id = s.change_id
                    THEN extract(epoch FROM greatest(a.date AT TIME ZONE 'UTC', {SEEN.format("s")}))::float
                    END AS approved,
               extract(epoch FROM greatest(r.date_from AT TIME ZONE 'UTC', {SEEN.format("r")}))::float
                   AS revoked
          FROM lockgate_price_seal s
          JOIN lockgate_listing l ON l.id = s.listing_id
          JOIN lockgate_price_book b ON b.id = s.book_id
          JOIN lockgate_price_approval a ON a.id = s.approval_id
     LEFT JOIN lockgate_price_seal r ON r.revokes_id = s.id
         WHERE s.revokes_id IS NULL AND s.channel_id = ANY(%s)
        """,
        [channels],
    )
    rows = cr.fetchall()
    changed = approvals.unlike_their_seals(cr, channels)
    for row in rows:
        key = Key(row.pop("sku"), "price", row.pop("book"))
        as_approved = row.pop("approval_id") not in changed
        yield Seal(number=row.pop("id"), key=key, as_approved=as_approved, **row)


def _chained(cr, table: str) -> bool:
    """Whether each row carries the hash of the row before it and of all that it holds itself."""
    cr.execute(
        f"""SELECT previous_hash, chain_hash,
                   (jsonb_strip_nulls(to_jsonb(row)) - 'previous_hash' - 'chain_hash')::text AS content
              FROM {table} AS row ORDER BY id"""
    )
    head = ""
    for row in cr.fetchall():
        linked = hashlib.sha256(f"{head}\n{row['content']}".encode()).hexdigest()
        if (row["previous_hash"], row["chain_hash"]) != (head, linked):
            return False
        head = linked
    return True


def _freezes(journal: list[Json], skus: dict[int, set[str]]) -> Iterator[Freeze]:
    began: dict[int, float] = {}
    for line in journal:
        if line["kind"] == "frozen":
            began.setdefault(line["channel"], line["time"])
        elif line["kind"] == "resumed" and line["channel"] in began:
            yield Freeze(frozenset(skus[line["channel"]]), began.pop(line["channel"]), line["time"])
    for channel, moment in began.items():
        yield Freeze(frozenset(skus[channel]), moment, None)
