"""Who decides on prices: a person, by these calls of the web client."""

from odoo.addons.lockgate import person

# From the records that the call names to the ids of the price changes.
ASKED = {
    **{
        ("lockgate.price.change", method): "id"
        for method in (
            "action_approve",
            "action_cancel",
            "action_put_in_force",
            "action_reject",
            "action_release",
            "action_review",
            "action_send_back",
            "action_stop",
            # What core's identity check goes on with.
            "_approve_confirmed",
            "_put_in_force",
        )
    },
    ("lockgate.price.change.line", "action_reject"): "change_id.id",
    ("lockgate.price.decision", "action_confirm"): "change_ids.id",
}


def require_person(changes):
    """Raise AccessError unless a person at the web client decides on these; see lockgate/person.py."""
    person.require_person(changes, ASKED)
