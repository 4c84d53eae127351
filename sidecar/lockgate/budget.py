"""What may be asked of a channel now, shared by all workers through Redis.

One script call right before a request, and none for a channel without a limit. What Redis has lost (a flush,
a restart, an old snapshot) is taken to be spent: one request goes, the rest comes back as documented. While
Redis cannot be asked a limited channel is sent nothing, because nobody knows what the others send.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis, RedisError

from lockgate import allowance, metrics
from lockgate.allowance import Allowance, Bucket, Window
from lockgate.connectors.base import Session
from lockgate.contract import Purpose, WorkClass
from lockgate.sessions import Opened
from lockgate.signals import LONGEST_HOLD, Heard

log = logging.getLogger(__name__)

GATHER = 0.1
"""A run that has spent the budget comes again when what comes back in so many seconds is there, because each
run costs an exchange with Odoo. Critical work comes again for a single request."""

SPARE = 0.1
"""The part of a bucket that is never used: requests that leave in time may arrive closer together."""

EVEN = 1.15
"""How much faster than on average other work may go through a window while critical work comes: spent at its
beginning, the window would make that wait. The rest makes good what was missed."""

JITTER = 0.01
"""Seconds for which a call counts beyond its window, for the same reason."""

PARTS = 400
"""A window is counted in so many parts; the script says why."""

MOST_LEAD = 0.1
MARK = 0.003
"""Seconds that a run begins before its budget is there, at most, and that it had better be late: one that
comes too early goes away again."""

FRESH = 0.1
"""Seconds for which it counts what the channel said is left: by then more has come back, and others took."""

LONGEST_REST = 60.0
"""Seconds after which even a budget that was spent for longer is asked for: its channel may have other
settings."""

NO_REDIS = 1.0
"""Seconds after which a budget that Redis could not tell is asked for again."""

SCRIPT = Path(__file__).with_name("budget.lua").read_text()
HOLD = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], 1, 'PX', ARGV[1]) end
"""


@dataclass
class Account:
    """What this process knows of a channel's budget. Moments are on the process's own clock."""

    declared: tuple[Allowance, ...] = ()
    allowances: tuple[Allowance, ...] = ()  # as declared, until the channel tells its own
    batch_size: int = 1
    cost: dict[Purpose, float] = field(default_factory=dict)  # of one push or read, as it was the last time
    correction: float = 0.0
    said: float | None = None  # what the channel said is left, at `said_at`
    said_at: float = 0.0
    taken_at: float | None = None
    left: float = 0.0
    at: float = 0.0
    soon: float = 0.0  # there may be one request from this moment on
    later: float = 0.0  # and enough to come for from this one
    aimed: float | None = None  # when the next run should be ready to send
    lead: float = 0.0  # how much earlier than that it has to begin: it is nudged, and asks Odoo first

    def aim(self, now: float) -> None:
        """Learn how much earlier to begin, from when a run was ready to send that came for it."""
        if self.aimed is not None and abs(now - self.aimed) < MOST_LEAD:
            late = now - self.aimed - MARK
            self.lead = min(MOST_LEAD, max(0.0, self.lead + late * (0.2 if late > 0 else 0.5)))
        self.aimed = None


NOTHING = Account()


class Budget:
    def __init__(self, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._take = redis.register_script(SCRIPT)
        self._accounts: dict[tuple[str, str | None], Account] = {}  # of a channel with a credential

    def wait(self, channel: str, work_class: WorkClass) -> float:
        """Seconds until it is worth to lease something for the channel; 0 is now. Asks nobody.

        A lease may be of a price or of stock: where they have a credential each, both have to be ready.
        """
        return max((self._wait(each, work_class) for each in self._of(channel)), default=0.0)

    def _wait(self, account: Account, work_class: WorkClass) -> float:
        until = account.soon if work_class == WorkClass.CRITICAL else account.later
        return max(0.0, min(until - account.lead, account.at + LONGEST_REST) - self._clock())

    def rows(self, channel: str, work_class: WorkClass) -> int | None:
        """How many rows are worth leasing for the channel, in all; none: no limit of it is known."""
        limited = [each for each in self._of(channel) if each.allowances]
        if not limited:
            return None
        return 0 if self.wait(channel, work_class) else min(self._rows(each) for each in limited)

    def _rows(self, account: Account) -> int:
        cost = max(account.cost.values(), default=1.0)
        ahead = self._clock() - account.at + GATHER
        left = min(min(each.size, account.left + ahead * each.per_second) for each in account.allowances)
        return max(1, int(left / cost)) * account.batch_size

    def _of(self, channel: str) -> list[Account]:
        return [account for (code, _), account in list(self._accounts.items()) if code == channel]

    def take(self, opened: Opened, work_class: WorkClass, purpose: Purpose) -> bool:
        """Take what one push or read costs, right before it. If it may not start, `wait` says until when."""
        session, declared = opened.session, allowance.of(opened.connector)
        if not declared:
            if self._accounts.get(_key(session), NOTHING).declared:  # it had a limit until now
                del self._accounts[_key(session)]
            return True
        account = self._accounts.setdefault(_key(session), Account())
        if account.declared != declared:
            account.declared = account.allowances = declared
        account.batch_size = opened.connector.description.capabilities.batch_size
        cost = min(account.cost.get(purpose, 1.0), *(each.size for each in account.allowances))
        gather = 0.0 if work_class == WorkClass.CRITICAL else GATHER
        now = self._clock()
        account.aim(now)
        since = -1.0 if account.taken_at is None else now - account.taken_at
        fresh = account.said is not None and now - account.said_at < FRESH
        said = account.said if fresh and account.said is not None else -1.0
        arguments: list[str | float] = [cost, gather, account.correction, said, since]
        keys = list(_holds(session))
        for number, each in enumerate(account.allowances):
            key = f"lockgate:budget:{_scope(session, each)}:{number}"
            keys.append(key)
            arguments += _words(each, cost)
            if isinstance(each, Window):
                kind = "critical" if work_class == WorkClass.CRITICAL else "even"
                rate = each.per_second * EVEN
                keys.append(f"{key}:even")
                arguments += [kind, max(cost, rate * 2 * GATHER), rate, 0]
        try:
            granted, left, soon, later = self._take(keys, arguments)
        except RedisError as error:
            log.warning("Redis cannot count the requests to %s, it waits: %s", session.channel.code, error)
            account.soon, account.later, account.at = now + NO_REDIS, now + NO_REDIS, now
            return False
        account.correction, account.said = 0.0, None
        account.left, account.at = float(left), now
        account.soon, account.later = now + float(soon), now + float(later)
        metrics.BUDGET.labels(session.channel.code, "granted" if granted else "wait").inc()
        if granted:
            account.taken_at = now
        else:
            account.aimed = account.later
        return bool(granted)

    def learn(self, session: Session, purpose: Purpose, heard: Heard) -> None:
        """What the channel said during a push or read: a wish to wait at once, the rest from `take` on."""
        account = self._accounts.get(_key(session))
        if account is not None and account.allowances:
            cost = heard.cost if heard.cost is not None else float(heard.requests)
            if cost > 0:
                account.correction += cost - account.cost.get(purpose, 1.0)
                account.cost[purpose] = cost
            account.said, account.said_at = heard.remaining, self._clock()
            if heard.size and heard.per_second:
                per = account.allowances[0].per
                account.allowances = (Bucket(heard.size, heard.per_second, per), *account.allowances[1:])
        elif heard.remaining == 0 and heard.reset:  # all that is known of its limit
            self._hold(session, min(heard.reset, LONGEST_HOLD))
        if heard.hold > 0:
            self._hold(session, heard.hold)

    def _hold(self, session: Session, seconds: float) -> None:
        account = self._accounts.setdefault(_key(session), Account())
        account.at = self._clock()
        account.soon = account.later = max(account.soon, account.at + seconds)
        metrics.HOLDS.labels(session.channel.code).inc()
        shared = any(each.per == "credential" for each in account.allowances)
        try:
            for key in _holds(session) if shared else _holds(session)[:1]:
                self._redis.eval(HOLD, 1, key, math.ceil(seconds * 1000))
        except RedisError as error:
            log.warning("Redis cannot tell that %s asked to wait: %s", session.channel.code, error)


def _key(session: Session) -> tuple[str, str | None]:
    return session.channel.code, session.channel.credential


def hold_key(channel: str) -> str:
    """The key that is there while a channel wants no requests."""
    return f"lockgate:hold:channel:{channel}"


def _holds(session: Session) -> tuple[str, str]:
    return hold_key(session.channel.code), f"lockgate:hold:{_scope(session, None)}"


def _scope(session: Session, each: Allowance | None) -> str:
    if session.channel.credential and (each is None or each.per == "credential"):
        return f"credential:{session.channel.credential}"
    return f"channel:{session.channel.code}"


def _words(each: Allowance, cost: float) -> list[str | float]:
    """An allowance as the script takes it."""
    if isinstance(each, Bucket):
        return ["bucket", max(cost, each.size * (1 - SPARE)), each.per_second, 0]
    return ["window", each.calls, each.seconds, max(1, math.ceil(JITTER * PARTS / each.seconds))]
