"""When a price change begins on a channel, in SQL: each channel that it is released on later has its own."""


def release_on(channel_id, change, alias="release"):
    """SQL that joins, as `alias`, the later release of a change on this channel, if it has one there."""
    return f"""
 LEFT JOIN lockgate_price_release {alias} ON {alias}.change_id = {change}.id
                                         AND {alias}.channel_id = {channel_id}"""


def after(release="release"):
    """SQL of how long after the change, to the second."""
    return f"make_interval(secs => round(coalesce({release}.delay, 0) * 3600))"


def begins(change="change", release="release"):
    """SQL of when an undecided change begins there, if it is approved now. Takes the parameter `now`."""
    return f"greatest({change}.effective_from, %(now)s) + {after(release)}"
