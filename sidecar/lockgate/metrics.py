"""What a worker counts, for Prometheus. One process, one registry: the worker's runs are threads."""

from __future__ import annotations

from prometheus_client import Counter, Histogram, start_http_server

RESULTS = Counter(
    "lockgate_results", "Leases answered, by what came of them", ["channel", "purpose", "outcome"]
)
RUNS = Counter("lockgate_runs", "Runs, by how they began", ["channel", "work_class", "began"])
REQUESTS = Histogram("lockgate_request_seconds", "Requests to a channel", ["channel", "purpose"])
EXCHANGES = Histogram("lockgate_exchange_seconds", "Exchanges with Odoo", ["state"])
LOST = Counter(
    "lockgate_results_lost", "Results that Odoo could not be told; their leases end as unknown", ["channel"]
)

BUDGET = Counter("lockgate_budget", "Requests that asked for their channel's budget", ["channel", "answer"])
HOLDS = Counter("lockgate_holds", "Times that a channel asked for a pause", ["channel"])
SPLITS = Counter("lockgate_splits", "Requests sent again in halves, to find the item to blame", ["channel"])


def serve(port: int) -> None:
    """Raises OSError when the port is taken."""
    start_http_server(port)
