"""What a channel shows of what is left of the pool: an exposure policy as the turn applies it.

Whole numbers in the listing's unit all the way, so that the words can repeat every step.
"""

from datetime import datetime
from typing import NamedTuple

from odoo.addons.lockgate.turn import prepared

# The most that a channel is told: a shop's own column is seldom wider than 32 bits.
MOST = 2**31 - 1
# What the terms that are numbers may be. The form refuses others; SQL does not.
UNITS = ("buffer", "backorder", "most", "least")
PERCENTAGES = ("buffer_percent", "share")
WITHIN = {
    **dict.fromkeys(UNITS, range(MOST + 1)),
    **dict.fromkeys(PERCENTAGES, range(101)),
    "pack": range(1, MOST + 1),
    "days": range(3651),
}


class Policy(NamedTuple):
    """The terms of one `lockgate.exposure.policy`; its fields say what they mean."""

    id: int | None = None
    name: str = ""
    basis: str = "unpromised"
    days: int = 0
    shows: str = "counted"
    buffer: int = 0
    buffer_percent: int = 0
    share: int = 100
    backorder: int = 0
    most: int = 0
    least: int = 0
    pack: int = 1
    ends_at: datetime | None = None
    discontinued: bool = False
    places: str = "channel"
    sources: list = []  # locations, in their order
    left_out: list = []  # locations
    tiers: list = []  # [[below, share, buffer, least]], the scarcest first

    def terms(self, left):
        """(below, share, buffer, least) while so many units are left; below: of the scarcest tier, or None.

        Each is the tightest of the policy's own and those of every tier that is reached.
        """
        reached = [tier for tier in self.tiers if left < tier[0]]
        own = None, self.share, self.buffer, self.least
        _below, shares, buffers, leasts = zip(own, *reached, strict=True)
        return reached[0][0] if reached else None, min(shares), max(buffers), max(leasts)

    @property
    def wrong(self):
        """The first of its fields that cannot be what it is; None: there is none."""
        return next((name for name, within in WITHIN.items() if getattr(self, name) not in within), None)

    @property
    def has_places(self):
        """Whether it counts anything else than all of the channel's warehouses."""
        return self.places != "channel" or bool(self.left_out)


DEFAULT = Policy()


def read(cr, channel_id):
    """The policies that may apply to a channel's listings, by id, and the part of a number it shows, in %."""
    prepared.execute(cr, POLICIES, {"channel": channel_id})
    rows = cr.fetchall()
    return {row[0]: Policy(*row[:-1]) for row in rows if row[0]}, rows[0][-1]


POLICIES = """
    SELECT p.id, p.name, p.basis, p.days, p.shows, p.buffer, p.buffer_percent, p.share, p.backorder,
           p.most, p.least, p.pack, p.ends_at, p.discontinued, p.places,
           ARRAY(SELECT s.location_id FROM lockgate_exposure_source s
                  WHERE s.policy_id = p.id ORDER BY s.sequence, s.id),
           ARRAY(SELECT o.location_id FROM lockgate_exposure_left_out_rel o WHERE o.policy_id = p.id),
           (SELECT coalesce(json_agg(json_build_array(t.below, t.share, t.buffer, t.least)
                                    ORDER BY t.below), '[]')
              FROM lockgate_exposure_tier t WHERE t.policy_id = p.id),
           CASE WHEN c.reduced_since IS NULL THEN 100 ELSE c.reduced_to END
      FROM lockgate_channel c
 LEFT JOIN lockgate_exposure_policy p
        ON p.company_id = c.company_id AND p.active AND (p.channel_id IS NULL OR p.channel_id = c.id)
     WHERE c.id = %(channel)s
"""


def show(policy, left, ended, now, reduced_to=100):
    """What the channel is to show when `left` units are left of the pool, and the steps that lead there.

    `ended`: whether it is discontinued and nothing of it lies there any more, now or before. `reduced_to`:
    how much of a number a channel that is reduced shows, in %. Steps are [kind, the policy's number, the
    result].
    """
    if policy.shows == "never":
        return 0, [["never", 0, 0]]
    if policy.ends_at and policy.ends_at <= now:
        return 0, [["ended", 0, 0]]
    number, steps = left, []

    def step(kind, term, result):
        steps.append([kind, term, result])
        return result

    def reduce(number):
        if reduced_to == 100 or number == 0:
            return number
        return step("reduced", reduced_to, number * reduced_to // 100)

    if policy.shows == "always":
        number = step("always", policy.most, policy.most)
        return reduce(number), steps
    if ended:
        return 0, [["sold_out", 0, 0]]
    below, share, buffer, least = policy.terms(left)
    if below:
        step("scarce", below, left)
    buffer = max(buffer, -(-max(left, 0) * policy.buffer_percent // 100))
    if buffer:
        number = step("buffer", buffer, number - buffer)
    if share < 100 and number > 0:
        number = step("share", share, number * share // 100)
    if policy.backorder:
        number = step("backorder", policy.backorder, number + policy.backorder)
    if number < 0:
        number = step("zero", 0, 0)
    if policy.most and number > policy.most:
        number = step("most", policy.most, policy.most)
    elif number >= MOST:
        number = step("capped", MOST, MOST)
    number = reduce(number)
    if number % policy.pack:
        number = step("pack", policy.pack, number - number % policy.pack)
    if 0 < number < least:
        number = step("least", least, 0)
    return number, steps
