"""The pacer: turns "something changed" into nudges. One is active, the others stand by.

    listens    Redis tells of a commit ─► a nudge at once
    polls      asks Odoo what is due, every second or when something falls due by time ─► nudges
    repeats    what a worker asked to come again to

It holds no state: whatever it misses while it, Redis or Odoo is away, the next poll finds.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import uuid
from collections.abc import Sequence

from kombu.exceptions import OperationalError
from redis import Redis, RedisError
from redis.client import PubSub

from lockgate import connectors
from lockgate.broker import connect
from lockgate.contract import ConnectorDescription, WorkClass
from lockgate.errors import NeedsAttention
from lockgate.nudges import LATER, Nudges
from lockgate.odoo import Gateway, OdooDown, OdooError, OdooRefused
from lockgate.settings import Settings
from lockgate.tasks import make_app

log = logging.getLogger(__name__)

LEAD_SECONDS = 5.0
"""How long the lead lasts without being renewed; a standby takes over after that."""

RENEW_SECONDS = 1.0
POLL_AT_LEAST = 0.25
"""Seconds between polls for what falls due by time alone: read-backs fall due all the time while much is
sent, and each poll costs Odoo as much as an exchange. What is urgent is told of by Redis."""

REFUSED_MOST = 30.0
"""Seconds between polls, at most, while Odoo refuses them: they double, until somebody has mended it."""

REGISTER_AGAIN = 30.0
"""Seconds after which a connector that Odoo failed to register is offered again."""

LEAD = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class Said:
    """Logs a state when it changes, not each time it is seen."""

    def __init__(self) -> None:
        self._last = ""

    def say(self, level: int, words: str) -> None:
        if words != self._last:
            self._last = words
            log.log(level, "pacer: %s", words)


class Lead:
    """Who is the active pacer of this database: a key in Redis that the active one renews."""

    def __init__(self, redis: Redis, database: str) -> None:
        self._redis = redis
        self._key = f"lockgate:pacer:{database}"
        self._me = uuid.uuid4().hex

    def take(self) -> bool:
        """Take or renew the lead. Raises RedisError."""
        return bool(self._redis.eval(LEAD, 1, self._key, self._me, int(LEAD_SECONDS * 1000)))

    def leave(self) -> None:
        try:
            self._redis.eval(LEAVE, 1, self._key, self._me)
        except RedisError as error:
            log.info("pacer: the lead was not given back, it ends by itself: %s", error)


class Pacer:
    def __init__(self, settings: Settings) -> None:
        self._redis = connect(settings.redis_url)
        self._nudges = Nudges(self._redis, make_app(settings))
        self._gateway = Gateway.open(settings)
        self._wake = f"lockgate:wake:{settings.odoo_uuid}"
        self._lead = Lead(self._redis, settings.odoo_uuid)
        self._poll_seconds = settings.poll_seconds
        self._active = threading.Event()
        self._ask_now = threading.Event()
        self._stopping = threading.Event()
        self._of_redis = Said()
        self._of_odoo = Said()

    def run(self) -> None:
        """Pace until `stop`. Nothing that Redis or Odoo do ends it."""
        poller = threading.Thread(target=self._poll, name="poll", daemon=True)
        poller.start()
        pause = 0.1
        while not self._stopping.is_set():
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as wakes:
                    wakes.subscribe(self._wake, LATER)
                    pause = 0.1
                    self._listen(wakes)
            except (RedisError, OperationalError) as error:
                self._active.clear()
                self._of_redis.say(logging.ERROR, f"Redis does not answer as it should, trying on: {error}")
                self._stopping.wait(pause)
                pause = min(pause * 2, 2.0)
        self._lead.leave()

    def stop(self) -> None:
        self._stopping.set()
        self._ask_now.set()

    def _listen(self, wakes: PubSub) -> None:
        """Nudge as Redis tells. Raises RedisError when the connection is lost."""
        renew_at = again_at = 0.0
        told = expected = False
        while not self._stopping.is_set():
            now = time.monotonic()
            if now >= renew_at:
                self._take_lead()
                renew_at = now + RENEW_SECONDS
            active = self._active.is_set()
            if active and now >= again_at:
                sent, following = self._nudges.send_due()
                if not sent and (expected or (told and following is None)):  # Redis has lost it
                    self._ask_now.set()
                told, expected = False, following is not None
                again_at = time.monotonic() + (RENEW_SECONDS if following is None else following)
            until = min(renew_at, again_at) if active else renew_at
            message = wakes.get_message(timeout=max(0.0, min(until - time.monotonic(), 0.5)))
            if message is None or not self._active.is_set():
                continue
            if message["channel"] == LATER.encode():
                again_at, told, expected = 0.0, True, False
            else:
                self._woken(message["data"].decode())

    def _woken(self, codes: str) -> None:
        for code in codes.split(","):
            if code.strip() == "*":
                self._ask_now.set()
            elif code.strip():
                self._nudges.send(code.strip(), WorkClass.CRITICAL)  # it may be: only a turn tells

    def _take_lead(self) -> None:
        if self._lead.take():
            if not self._active.is_set():
                self._active.set()
                self._ask_now.set()
            self._of_redis.say(logging.INFO, "active")
        else:
            self._active.clear()
            self._of_redis.say(logging.INFO, "standing by, another pacer is active")

    def _poll(self) -> None:
        """Ask Odoo what is due, again and again, while active. The guarantee behind the wakes."""
        register_at = 0.0
        wait, refused = 0.0, self._poll_seconds
        while not self._stopping.is_set():
            self._ask_now.wait(wait)
            self._ask_now.clear()
            wait = self._poll_seconds
            if not self._active.is_set():
                continue
            try:
                wait = self._nudge_due()
                refused = self._poll_seconds
                self._of_odoo.say(logging.INFO, "Odoo answers")
                if time.monotonic() >= register_at:
                    register_at = time.monotonic() + self._register()
            except OdooDown as error:
                register_at = 0.0  # it may come back as another version, or from a backup
                self._of_odoo.say(logging.WARNING, f"waiting for Odoo: {error}")
            except OdooError as error:
                register_at = 0.0
                wait = refused = max(self._poll_seconds, min(refused * 2, REFUSED_MOST))
                self._of_odoo.say(logging.ERROR, str(error))
            except (RedisError, OperationalError) as error:
                self._of_redis.say(logging.ERROR, f"Redis does not answer as it should, trying on: {error}")
            except Exception:  # this thread's end would be silent, and no standby would take over
                log.exception("pacer: a poll failed, trying on")

    def _register(self) -> float:
        """Tell Odoo of each connector by itself, so that one that it does not take keeps no other out.

        Returns the seconds until they are to be told again.
        """
        again = math.inf
        for description in descriptions():
            try:
                self._gateway.register([description])
            except OdooError as error:
                log.error("pacer: connector %r is left out: %s", description.code, error)
                if not isinstance(error, OdooRefused):
                    again = REGISTER_AGAIN
        return again

    def _nudge_due(self) -> float:
        """Returns the seconds until Odoo is to be asked again."""
        answer = self._gateway.due()
        for due in answer.channels:
            for work_class in WorkClass:
                if getattr(due, work_class) > 0:
                    self._nudges.send(due.channel, work_class)
        if answer.next_in is None:
            return self._poll_seconds
        return max(POLL_AT_LEAST, min(answer.next_in, self._poll_seconds))


def descriptions() -> Sequence[ConnectorDescription]:
    """Of every connector that can be loaded; one that cannot is named in the log and left out."""
    found = []
    for code in sorted(connectors.addresses()):
        try:
            found.append(connectors.find(code).description)
        except NeedsAttention as error:
            log.error("pacer: %s", error)
    return found
