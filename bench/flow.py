"""How much of what a channel allows is used, and how often it answers "too many".

A channel that lets 40 requests a second through, of three kinds, each known to Lockgate by what its vendor
documents and nothing else; a backlog that does not end; one item a request, so that requests are what is
scarce. Real pacer, workers and Redis as processes, the shipped fake channel, and the fake Odoo over HTTP.
Redis is flushed once in the middle, and the start of the run counts too.

Prints JSON: by kind and number of workers the share of the allowance that was used in the worst sliding
minute and in the whole run, counting only requests that brought something new, and the share of 429 among the
answers.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from lockgate.testing.odoo import FakeOdoo
from lockgate.testing.outsiders import ONE_BY_ONE, install
from lockgate.testing.server import OdooHttp, ScriptedServer
from lockgate.testing.values import stock
from stack.processes import Process
from stack.redis_server import Redis
from stack.sidecar import FakeChannel, Sidecar

CALLS = 40
KINDS = ("leaky_bucket", "fixed_window", "sliding_log")
WORKERS = (1, 4)
SECONDS = 180.0
"""Of each of the six runs. The promise is about sliding minutes: start and flush are in some of them."""

MINUTE = 60.0

LISTINGS = 300
"""As many as want something new at any time: some seconds' worth of what the channel allows."""


def measure(kinds: list[str], workers: list[int], seconds: float) -> dict:
    """By kind of limit and number of workers."""
    return {kind: {count: run(kind, count, seconds) for count in workers} for kind in kinds}


def run(kind: str, workers: int, seconds: float) -> dict:
    with tempfile.TemporaryDirectory() as name, running(Path(name), kind, workers) as (redis, channel, odoo):
        stopping = threading.Event()
        threading.Thread(target=want, args=(odoo, stopping), daemon=True).start()
        began = time.monotonic()
        time.sleep(seconds / 2)
        redis.client.flushall()
        time.sleep(seconds / 2)
        ended = time.monotonic()
        stopping.set()
        limit = httpx.get(f"{channel.url}/limit").json()
        entries = httpx.get(f"{channel.url}/history", timeout=60).json()["entries"]
    seen: dict[tuple[str, int], float] = {}
    for entry in entries:
        if entry["applied"]:
            seen.setdefault((entry["sku"], entry["value"]["quantity"]), entry["applied_monotonic"])
    times = sorted(moment for moment in seen.values() if began <= moment <= ended)
    minute = min(MINUTE, ended - began)
    return {
        "worst_minute": round(fewest(times, began, ended, minute) / (CALLS * minute), 4),
        "whole_run": round(len(times) / (CALLS * (ended - began)), 4),
        "answers": limit["answered"],
        "share_of_429": round(limit["refused"] / limit["answered"], 4),
        "exchanges": odoo.exchanges,
    }


def fewest(times: list[float], began: float, ended: float, length: float) -> int:
    """How many of these sorted moments fall into the span of that length in which fewest do.

    Of all spans between `began` and `ended`: one with fewer than its neighbours begins right after a moment.
    """
    starts = [began, *(moment for moment in times if moment + length <= ended)]
    return min(bisect_right(times, start + length) - bisect_right(times, start) for start in starts)


def want(odoo: FakeOdoo, stopping: threading.Event) -> None:
    """Keep the backlog: whatever is confirmed wants the next number."""
    while not stopping.wait(0.2):
        for publication in list(odoo.publications.values()):
            if publication.settled:
                value = publication.wanted
                odoo.want("shop", value.model_copy(update={"quantity": value.quantity + 1}))


@contextmanager
def running(folder: Path, kind: str, workers: int) -> Iterator[tuple[Redis, FakeChannel, FakeOdoo]]:
    """The sidecar, just started, between a backlog and a channel with that limit."""
    os.environ["PYTHONPATH"] = str(install(folder / "outsiders"))
    redis, channel, odoo = Redis(folder), FakeChannel(folder), FakeOdoo()
    with ExitStack() as open_, ScriptedServer(OdooHttp(odoo)) as server:

        def start(process: Redis | FakeChannel | Process) -> None:
            open_.callback(process.stop)
            process.start()

        start(redis)
        start(channel)
        rule = {"kind": "limit", "limit": kind, "calls": CALLS, "seconds": 1}
        httpx.post(f"{channel.url}/script", json=rule).raise_for_status()
        odoo.add_channel("shop", ONE_BY_ONE, url=channel.url, limit=f"{kind} {CALLS}/1")
        settings = {
            "LOCKGATE_ODOO_UUID": odoo.database,
            "LOCKGATE_ODOO_KEY": "a-key",
            "LOCKGATE_ODOO_URL": server.address,
            "LOCKGATE_REDIS_URL": redis.url,
        }
        sidecar = Sidecar(folder, settings, {})
        for number in range(workers):
            start(sidecar.new_worker(f"worker-{number}"))
        for number in range(LISTINGS):
            odoo.want("shop", stock(f"S{number:03}", 0))
        start(sidecar.pacer)
        yield redis, channel, odoo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each run")
    print(json.dumps(measure(**vars(parser.parse_args())), indent=2))


if __name__ == "__main__":
    main()
