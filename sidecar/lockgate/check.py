"""`lockgate check`: tries Odoo, Redis, the connectors and each channel, and says in words what is wrong."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

from redis import RedisError

from lockgate import connectors
from lockgate.broker import connect
from lockgate.contract import CONTRACT, WorkClass
from lockgate.errors import ChannelError, NeedsAttention
from lockgate.odoo import Gateway, OdooError
from lockgate.sessions import Sessions
from lockgate.settings import Credentials, Settings, SettingsError

Finding = tuple[bool, str, str]
"""Whether it is well, what was tried, and a sentence."""

EXPECTED = (OdooError, RedisError, ChannelError, SettingsError)


def check(settings: Settings, channels: tuple[str, ...]) -> Iterator[Finding]:
    """Findings of everything; `channels` are codes, and none means every channel that Odoo has."""
    known: list[str] = []
    yield _try("Redis", lambda: _redis(settings))
    yield _try("Odoo", lambda: _odoo(settings, known))
    for code in sorted(connectors.addresses()):
        yield _try(f"connector {code}", lambda code=code: _connector(code))  # type: ignore[misc]
    for code in channels or known:
        yield _try(f"channel {code}", lambda code=code: _channel(settings, code))  # type: ignore[misc]


def _try(what: str, trial: Callable[[], str]) -> Finding:
    try:
        return True, what, trial()
    except EXPECTED as error:
        return False, what, str(error)


def _redis(settings: Settings) -> str:
    redis = connect(settings.redis_url)
    try:
        info = redis.info()
        policy = info.get("maxmemory_policy", "noeviction")
    except RedisError as error:
        raise RedisError(f"Redis at LOCKGATE_REDIS_URL does not answer as it should: {error}") from error
    if policy != "noeviction":
        raise RedisError(f"Redis may throw nudges away: set maxmemory-policy to noeviction, not {policy}.")
    return f"Redis {info['redis_version']} answers."


def _odoo(settings: Settings, known: list[str]) -> str:
    """Adds the codes of Odoo's channels to `known`."""
    channels = Gateway.open(settings).due(every=True).channels
    known += sorted(each.channel for each in channels)
    waiting = sum(any((each.critical, each.routine, each.bulk)) for each in channels)
    way = f"{settings.odoo_transport}, contract v{CONTRACT}"
    return f"Odoo answers ({way}); {waiting} of {len(channels)} channels have work."


def _connector(code: str) -> str:
    known = connectors.find(code).description
    aspects = " and ".join(known.capabilities.aspects)
    return f"{known.name} {known.version}, {aspects}, {known.capabilities.batch_size} in a request."


def _channel(settings: Settings, code: str) -> str:
    # a ceiling of 0 leases nothing: only the channel's connector, settings and credential's name come back
    answer = Gateway.open(settings).exchange(code, WorkClass.CRITICAL, exchange_id=uuid.uuid4().hex)
    if answer.channel is None:
        return "is busy with a turn just now: ask again."
    credentials = Credentials(settings.credentials_dir)
    sessions = Sessions(credentials)
    aspects = connectors.find(answer.channel.connector).description.capabilities.aspects
    names = {credentials.named(answer.channel.credential, aspect): aspect for aspect in aspects}
    said = "carries neither prices nor stock."
    for name, aspect in names.items():
        try:
            with sessions.borrow(answer.channel, aspect, answer.deadline) as opened:
                said = opened.connector.check()
        except ChannelError as error:
            if len(names) == 1:
                raise
            raise NeedsAttention(f"with the credential {name!r}: {error.message}") from error
        except Exception as error:  # an outsider's connector may raise anything
            raise NeedsAttention(f"its connector failed ({type(error).__name__}: {error}).") from error
    return said
