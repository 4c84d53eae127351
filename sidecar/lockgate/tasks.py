"""The Celery application and its one task. The logic is in `worker` and `dispatch`."""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery
from kombu.entity import Queue

from lockgate.broker import broker_url
from lockgate.contract import WorkClass
from lockgate.settings import Settings

STOP_SECONDS = 8.0
"""What a stop leaves to the requests that are out. What is unsent goes back to Odoo at once."""


def make_app(settings: Settings, push: Callable[[str, WorkClass], None] | None = None) -> Celery:
    """With `push`, an application that can work; without, one that can only send."""
    app = Celery("lockgate", broker=broker_url(settings.redis_url), set_as_current=False)
    app.conf.update(
        task_queues=[Queue(work_class.value) for work_class in WorkClass],
        task_default_queue=WorkClass.ROUTINE.value,
        task_serializer="json",
        accept_content=["json"],
        # A nudge lost with its worker is made good by the pacer's poll, and Odoo's lease is the only
        # redelivery: a task that Celery brought back would be one more way to send.
        task_acks_late=False,
        task_reject_on_worker_lost=False,
        # Results go to Odoo in the exchange. A result backend would be a second truth.
        task_ignore_result=True,
        result_backend=None,
        # A prefetched nudge would wait behind a busy worker while another is idle.
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        # A Redis that is away comes back: never give up on it, neither at the start nor later.
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # Nor on one that refuses: it is full, say. Celery would end the worker.
        broker_channel_error_retry=True,
        broker_transport_options={
            # A connection that is half open must be noticed, or a worker waits on it for ever.
            "socket_timeout": 5.0,
            "socket_connect_timeout": 2.0,
            "socket_keepalive": True,
            "health_check_interval": 10,
            # No ETA is ever used. A nudge that a worker had taken and not acknowledged comes back after this.
            "visibility_timeout": 3600,
        },
        # Sending a nudge must not hold the pacer up: it fails fast and is sent at the next poll.
        task_publish_retry=True,
        task_publish_retry_policy={
            "max_retries": 2,
            "interval_start": 0.0,
            "interval_step": 0.1,
            "interval_max": 0.2,
        },
        # Nobody listens to events or sends remote commands; without them Redis holds only nudges.
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_timeout=2.0,
    )
    if push is not None:
        app.task(_push(push), name="lockgate.push", shared=False)
    return app


def _push(work: Callable[[str, WorkClass], None]) -> Callable[[str, str], None]:
    def push(channel: str, work_class: str) -> None:
        work(channel, WorkClass(work_class))

    return push
