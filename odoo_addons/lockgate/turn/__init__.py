"""The turn's statements, in the order in which a turn runs them: results, values, leases.

Each takes the turn's own cursor and works on sets; none is reachable from outside.
"""


class Refused(Exception):
    """What the sidecar asked cannot be; the gateway tells it as a UserError."""


class CannotMake(Exception):
    """Values of an aspect, its argument, could not be made; the cause is the error behind it."""
