"""Whether a person is at the keyboard: what an approval needs and no key, cron or server action has."""

from odoo.exceptions import AccessError
from odoo.http import request
from odoo.service.security import check_session


def require_person(env, asked):
    """Raise AccessError unless the user asks for it themself, in a session they signed in to.

    `asked`: the (model, method) calls of the web client by which a person decides this. What runs in their
    session for another reason (a server action, an automation on something they wrote) decides nothing in
    their name. A session is not saved where a key or a password comes with the call (`/json/2`,
    `/jsonrpc`), and its cookie may be another user's or an ended one's there.
    """
    if (
        not request
        or not request.session.can_save
        or request.session.uid != env.uid
        or (request.params.get("model"), request.params.get("method")) not in asked
        or not check_session(request.session, env)
    ):
        raise AccessError(
            env._(
                "Prices and mappings are approved by a person who signed in to the web client: not with an "
                "API key, and not by an action that runs on its own. Sign in and use the buttons."
            )
        )
