"""S2: an older value that lands on a newer one is repaired within B."""

from collections.abc import Iterator

from chaos.findings import SLACK, Bounds, Found, lease_of, same
from chaos.records import Attempt, Key, Records


def shown_too_long(key: Key, records: Records, leases: list[Attempt], bounds: Bounds) -> Iterator[Found]:
    """An older value that landed on a newer one stays for B, or until all is compared where it came again
    though nobody sent it; a channel that compares versions never takes it. What lands under a name that
    the listing has no more lands on nothing."""
    landed = []
    for again, pushes in ((False, records.pushes), (True, records.repeats)):
        landed += [(push, again) for push in pushes if push.value["sku"] == key.sku and push.key == key]
    newest: Attempt | None = None
    old: tuple[float, float, Attempt] | None = None  # when it landed, how long it may stay, what it was
    took = [(push, again) for push, again in landed if push.applied is not None]
    for push, again in sorted(took, key=lambda each: each[0].applied):
        attempt = lease_of(push, leases)
        if attempt is None:
            continue
        if newest is None or attempt.version >= newest.version or same(newest.value, push.value):
            if old:
                yield from _too_long(key, *old, push.applied, records.quiet)
            newest, old = max(newest or attempt, attempt, key=lambda each: each.version), None
            continue
        if "version" in push.value:
            words = f"version {attempt.version} was taken after {newest.version} by a channel that compares"
            yield Found(key, words, push.applied)
        stays = bounds.compared + bounds.repair if again else bounds.repair
        old = (old[0] if old else push.applied, max(old[1] if old else 0, stays), attempt)
    if old and records.read is not None:
        yield from _too_long(key, *old, records.read, records.quiet)


def _too_long(
    key: Key, landed: float, stays: float, attempt: Attempt, until: float, quiet: float
) -> Iterator[Found]:
    since = max(landed, quiet)
    if until - since > stays + SLACK:
        words = f"version {attempt.version} landed late and was shown for {until - since:.1f} s"
        yield Found(key, words, landed)
