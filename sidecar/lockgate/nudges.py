"""Nudges: "this channel has work of this class", without values. Any may be lost: polling makes it good.

lockgate:wake:{uuid}           pub/sub, from Odoo after a commit: channel codes, or * for "ask"
lockgate:nudged:{channel}:{c}  a nudge is on its way; deleted when a worker starts on it
lockgate:again                 sorted set of "channel class" by when to nudge, on Redis's own clock
lockgate:later                 pub/sub: `again` has something new
"""

from __future__ import annotations

import logging

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

from lockgate.contract import WorkClass

log = logging.getLogger(__name__)

AGAIN = "lockgate:again"
LATER = "lockgate:later"
LOST_AFTER = 5.0
"""Seconds after which a nudge that no worker started on is sent again."""

MOST_WAITING = 1000
"""Nudges in one queue: while no worker takes any, one more every few seconds would fill Redis in days."""

POP = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
if #due > 0 then redis.call('ZREM', KEYS[1], unpack(due)) end
local next = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {due, next[2] and tostring(next[2] - now) or false}
"""
ADD = """
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'LT', time[1] + time[2] / 1000000 + ARGV[2], ARGV[1])
redis.call('PUBLISH', KEYS[2], '')
"""


class Nudges:
    """Raises RedisError or kombu's OperationalError when Redis does not answer, unless said otherwise."""

    def __init__(self, redis: Redis, app: Celery) -> None:
        self._redis = redis
        self._app = app

    def send(self, channel: str, work_class: WorkClass) -> None:
        """Nudge a worker, unless a nudge of this kind is on its way already, or as good as any is lost."""
        first = self._redis.set(self._key(channel, work_class), 1, nx=True, px=int(LOST_AFTER * 1000))
        if first and self._redis.llen(work_class.value) < MOST_WAITING:
            # `queue=` alone: with exchange= or routing_key= messages were dropped in silence after a FLUSHALL
            self._app.send_task("lockgate.push", args=(channel, work_class.value), queue=work_class.value)

    def started(self, channel: str, work_class: WorkClass) -> None:
        """A worker starts: from now on a wake nudges again. Never raises; the key ends by itself."""
        try:
            self._redis.delete(self._key(channel, work_class))
        except RedisError as error:
            log.warning("Redis kept a nudge of %s as on its way: %s", channel, error)

    def again(self, channel: str, work_class: WorkClass, delay: float) -> None:
        """Nudge in `delay` seconds, or at once for 0. Never raises: the poll finds what is lost."""
        try:
            if delay <= 0:
                self.send(channel, work_class)
            else:
                self._redis.eval(ADD, 2, AGAIN, LATER, f"{channel} {work_class.value}", delay)
        except (RedisError, OperationalError) as error:
            log.warning("Redis took no nudge for %s, the pacer's poll will find it: %s", channel, error)

    def send_due(self) -> tuple[int, float | None]:
        """Nudge what was to come again by now. Returns how many, and the seconds until the next, if any."""
        due, following = self._redis.eval(POP, 1, AGAIN)
        for member in due:
            channel, _, work_class = member.decode().rpartition(" ")
            self.send(channel, WorkClass(work_class))
        return len(due), None if following is None else max(0.0, float(following))

    @staticmethod
    def _key(channel: str, work_class: WorkClass) -> str:
        return f"lockgate:nudged:{channel}:{work_class.value}"
