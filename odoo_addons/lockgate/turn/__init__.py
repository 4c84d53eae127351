"""The turn's statements, in the order in which a turn runs them: results, values, leases.

Each takes the turn's own cursor and works on sets; none is reachable from outside.
"""

from odoo.exceptions import UserError


class Refused(UserError):
    """What the sidecar asked cannot be; an error of a maker is told from it, and is set aside."""
