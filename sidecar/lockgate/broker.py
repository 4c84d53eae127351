"""One Redis address, as redis-py and as Celery write it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect(url: str, timeout: float = 2.0) -> Redis:
    """A client whose every wait is bounded. Connects when it is first used."""
    alive = {} if url.startswith("unix:") else {"socket_keepalive": True}
    # one more try, for a connection closed while idle; the default's backoff would hold a run for seconds
    retry = Retry(NoBackoff(), 1)
    return Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=2.0, retry=retry, **alive)


def broker_url(url: str) -> str:
    """Celery's own way to write a Redis on a socket: redis+socket:///path?virtual_host=0."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"
