"""Tells the pacer, after a commit, that there is work. Polling is the guarantee; this is only speed.

The address is the environment's `LOCKGATE_REDIS_URL`: it may hold a password, so it is not in the database.
"""

import logging
import os
import time

import redis

_logger = logging.getLogger(__name__)

# A user waits for this after every commit, so an absent Redis is left alone for a while.
TIMEOUT = 0.05
PAUSE = 5.0

_client = None
_silent_until = 0.0


def tell(database, codes):
    """Publish the codes of channels that have work. Never raises: the user's data is committed already."""
    global _client, _silent_until
    url = os.environ.get("LOCKGATE_REDIS_URL")
    if not url or time.monotonic() < _silent_until:
        return
    try:
        if _client is None:
            _client = redis.Redis.from_url(
                url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=None
            )
        _client.publish(f"lockgate:wake:{database}", ",".join(codes))
    except Exception as error:
        _silent_until = time.monotonic() + PAUSE
        # The class alone: the text of the error may hold the address with its password.
        _logger.warning("Redis was not told of work (%s); the pacer will find it.", type(error).__name__)
