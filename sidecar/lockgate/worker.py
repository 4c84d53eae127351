"""A worker process: Celery's threads, each doing one run at a time.

Threads, because a run waits on the network for nearly all of its time, and threads share what makes a run
fast: kept-alive connections to Odoo and the channels, and one registry of metrics. Celery's other pool,
prefork, would hold one of each for every process and hands a task over through a pipe.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import warnings
from collections.abc import Collection
from typing import Any

from celery.platforms import SecurityWarning
from celery.signals import setup_logging, worker_ready, worker_shutting_down
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

from lockgate import metrics
from lockgate.broker import connect
from lockgate.budget import Budget
from lockgate.contract import WorkClass
from lockgate.dispatch import Dispatch
from lockgate.limits import NO_SLOT, Pace, Refusals, Seats, Slots
from lockgate.nudges import Nudges
from lockgate.odoo import Gateway, OdooError, OdooRefused
from lockgate.sessions import Sessions
from lockgate.settings import Credentials, Settings
from lockgate.tasks import STOP_SECONDS, make_app

log = logging.getLogger(__name__)

ODOO_FAILED = 2.0
"""Seconds after which a run that Odoo did not answer is tried again, beside the pacer's poll."""


class Worker:
    def __init__(self, settings: Settings, redis: Redis, queues: Collection[WorkClass]) -> None:
        self.app = make_app(settings, self.push)
        self.stopping = threading.Event()
        self._nudges = Nudges(redis, self.app)
        pace = Pace(settings.ceiling)
        self.seats = Seats(settings.concurrency, pace, queues)
        self._refusals = Refusals()
        # one channel never takes the last seats of a worker, however high its bound is set
        self._slots = Slots(redis, min(settings.channel_concurrency, max(1, settings.concurrency - 2)))
        self._budget = Budget(redis)
        self._takes_routine = WorkClass.ROUTINE in queues
        self._dispatch = Dispatch(
            Gateway.open(settings),
            Sessions(Credentials(settings.credentials_dir)),
            pace,
            self._budget,
            stopping=self.stopping,
        )

    def push(self, channel: str, work_class: WorkClass) -> None:
        """One nudge: take a seat and a slot, run, pass on what is to come again."""
        self._nudges.started(channel, work_class)
        if wait := self._refusals.wait(channel):
            self._come_again(channel, work_class, "refused", wait)
            return
        seat = self._take_seat(channel, work_class)
        if seat is None:
            self._come_again(channel, work_class, "no seat", 0.1)
            return
        try:
            slot = self._slots.take(channel)
            if slot.pause:
                self._run(channel, seat, slot.pause)
            elif slot.holder is None:
                self._come_again(channel, work_class, "no slot", NO_SLOT)
            else:
                try:
                    self._run(channel, seat)
                finally:
                    self._slots.free(slot.holder)
        finally:
            self.seats.free(channel, seat)

    def _take_seat(self, channel: str, work_class: WorkClass) -> WorkClass | None:
        """Of which class the seat is, and so the run; none: there is no seat.

        What was marked may be critical, so its nudge is. Where a routine seat is free its run leases what is
        routine too, so that an ordinary change takes one run. A limited channel's budget tells them apart.
        """
        wider = self._takes_routine and self._budget.rows(channel, work_class) is None
        if work_class == WorkClass.CRITICAL and wider and self.seats.take(channel, WorkClass.ROUTINE):
            return WorkClass.ROUTINE
        return work_class if self.seats.take(channel, work_class) else None

    def stop(self) -> None:
        """Begin nothing more, and give back what is in hand. Does not wait for requests that are out."""
        self.stopping.set()
        self._dispatch.give_back()

    def _run(self, channel: str, work_class: WorkClass, pause: float = 0.0) -> None:
        metrics.RUNS.labels(channel, work_class, "pause" if pause else "began").inc()
        try:
            nudges = self._dispatch.run(channel, work_class, pause)
        except OdooRefused as error:
            wait = self._refusals.refused(channel)
            log.error("Channel %s is asked for again in %g s: %s", channel, wait, error)
            self._nudges.again(channel, work_class, wait)
            return
        except OdooError as error:
            log.warning("Channel %s: %s", channel, error)
            self._nudges.again(channel, work_class, ODOO_FAILED)
            return
        self._refusals.taken(channel)
        for nudge in nudges:
            self._nudges.again(channel, nudge.work_class, nudge.delay)

    def _come_again(self, channel: str, work_class: WorkClass, began: str, delay: float) -> None:
        metrics.RUNS.labels(channel, work_class, began).inc()
        self._nudges.again(channel, work_class, delay)


def in_words(record: logging.LogRecord) -> bool:
    """Of a broker that fails Celery says where in its own code; a person is helped by what happened."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, RedisError | OperationalError | OSError):
        record.msg, record.args = f"{record.getMessage().strip()} {error}", ()
        record.exc_info = None
    return True


def work(settings: Settings, queues: Collection[WorkClass]) -> int:
    """Work until told to stop; returns the exit code."""
    worker = Worker(settings, connect(settings.redis_url), queues)

    def stop(**_: Any) -> None:
        # A plain SIGTERM makes Celery wait for its tasks, however long; REMAP_SIGTERM with a soft shutdown
        # time-out can end prefork's processes, but no threads. So runs give back what they have not sent and
        # stop after their request; one that still hangs then is left: its leases end by themselves in Odoo.
        worker.stop()
        timer = threading.Timer(STOP_SECONDS, os._exit, (0,))
        timer.daemon = True
        timer.start()

    def ready(**_: Any) -> None:
        log.info("worker: ready, %s runs at once, queues %s", settings.concurrency, ", ".join(queues))

    def keep_our_logging(**_: Any) -> None:
        """Celery sets up no logging of its own when somebody listens to this signal."""

    setup_logging.connect(keep_our_logging, weak=False)
    worker_shutting_down.connect(stop, weak=False)
    worker_ready.connect(ready, weak=False)
    logging.getLogger("celery.worker.consumer.consumer").addFilter(in_words)

    # Celery warns of root because a pickled message could run code; ours are JSON of two words.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    if settings.metrics_port is not None:
        metrics.serve(settings.metrics_port)
    celery_worker = worker.app.Worker(
        hostname=f"lockgate-{os.getpid()}@{socket.gethostname()}",
        pool="threads",
        concurrency=worker.seats.threads,
        queues=[queue.value for queue in queues],
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    celery_worker.start()
    return int(celery_worker.exitcode or 0)
