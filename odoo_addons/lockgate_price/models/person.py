"""Who decides on prices: a person, by these calls of the web client."""

from odoo.addons.lockgate import person

ASKED = {
    ("lockgate.price.change", "action_approve"),
    ("lockgate.price.change", "action_put_in_force"),
    ("lockgate.price.decision", "action_confirm"),
    ("res.users.identitycheck", "run_check"),
}


def require_person(env):
    """Raise AccessError unless a person at the web client decides on prices; see lockgate/person.py."""
    person.require_person(env, ASKED)
