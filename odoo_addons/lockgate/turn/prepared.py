"""Statements by plans that PostgreSQL keeps for a connection.

For the few rows of a usual turn, planning a statement took three to twelve times as long as running it.
See docs/decisions/0023-plans-are-kept.md.
"""

import hashlib
import re
from functools import cache
from types import MethodType

# What the parameters of prepared statements are, wherever they are named.
TYPES = {
    "answered": "boolean",
    "answers": "text[]",
    "aspect": "text",
    "aspects": "text[]",
    "bulk_first": "boolean",
    "can_read_back": "boolean",
    "category": "text",
    "ceiling": "integer",
    "channel": "integer",
    "channels": "integer[]",
    "classes": "text[]",
    "code": "text",
    "counted": "integer",
    "counted_classes": "text[]",
    "every_class": "text[]",
    "exchange": "text",
    "falls": "integer",
    "held": "integer[]",
    "in_trouble": "boolean",
    "inside": "integer[]",
    "lag": "integer",
    "listings": "integer[]",
    "look_after": "integer",
    "moment": "timestamp",
    "most": "integer",
    "most_hours": "integer",
    "most_tries": "integer",
    "now": "timestamp",
    "placed": "boolean",
    "pause": "double precision",
    "places": "text[]",
    "reconciliation": "integer",
    "reported": "integer[]",
    "results": "jsonb",
    "rows": "jsonb",
    "settled": "timestamp",
    "slice": "integer",
    "sold_products": "integer[]",
    "sold_quantities": "numeric[]",
    "states": "text[]",
    "token": "text",
    "turn": "integer",
    "until": "timestamp",
    "window": "integer",
}
PARAMETER = re.compile(r"%\((\w+)\)s")
# Planned once for tables of any size, also for those that are still empty, where a scan would look cheapest,
# and for one row as for many: what is read by its key in an order is read no further than it takes.
# Sent with the question what the connection knows, which costs one round trip for all of it.
PLANNED = """
    SET LOCAL plan_cache_mode = force_generic_plan;
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_bitmapscan = off;
    SELECT name FROM pg_prepared_statements
"""
# Where a transaction keeps the names of the statements that its connection knows.
KNOWN = "lockgate.prepared"


def execute(cr, statement, parameters):
    """As `cr.execute`, with parameters by name; the plan is made once, without looking at their values.

    PostgreSQL is asked what the connection knows: a pool may have changed it between two transactions.
    """
    name, prepare, run = _prepared(statement)
    known = cr.cache.get(KNOWN)
    if known is None:
        cr.execute(PLANNED)
        known = cr.cache[KNOWN] = {row[0] for row in cr.fetchall()}
    if name not in known:
        cr.execute(prepare)
        known.add(name)
        cr.connection.reset = MethodType(_reset_but_plans, cr.connection)
    cr.execute(run, parameters)


@cache
def _prepared(statement):
    names = list(dict.fromkeys(PARAMETER.findall(statement)))
    name = f"lockgate_{hashlib.sha256(statement.encode()).hexdigest()[:16]}"
    body = statement % {parameter: f"${place}" for place, parameter in enumerate(names, 1)}
    types, values = (", ".join(each) for each in zip(*((TYPES[n], f"%({n})s") for n in names), strict=True))
    return name, f"PREPARE {name} ({types}) AS {body}", f"EXECUTE {name} ({values})"


# What DISCARD ALL does, as its manual page spells it out, but for DEALLOCATE ALL and DISCARD PLANS.
RESET_BUT_PLANS = """
    CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *;
    SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES
"""


def _reset_but_plans(connection):
    """How Odoo's pool cleans this connection before it lends it again, which discarded its plans as well."""
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute(RESET_BUT_PLANS)
    connection.commit()
