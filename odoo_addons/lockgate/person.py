"""Whether a person is at the keyboard: what a decision needs and no key, cron or server action has."""

import json
from contextlib import contextmanager
from contextvars import ContextVar

from odoo.exceptions import AccessError
from odoo.http import request
from odoo.service.security import check_session

# Whether a server action, an automation or a cron's action runs. It lives in Python alone, as `passage` does.
_acting = ContextVar("lockgate_acting", default=False)


@contextmanager
def acting():
    """While an action runs on its own, nobody decides, whoever's session it runs in."""
    token = _acting.set(True)
    try:
        yield
    finally:
        _acting.reset(token)


def is_acting():
    return _acting.get()


def signed_in(env):
    """Whether the user themself calls, at the web client, in a session that they signed in to.

    A session is not saved where a key or a password comes with the call (`/json/2`, `/jsonrpc`), and its
    cookie may be another user's or an ended one's there.
    """
    return bool(
        request
        and not is_acting()
        and request.session.can_save
        and request.session.uid == env.uid
        and check_session(request.session, env)
    )


def require_person(records, asked):
    """Raise AccessError unless the user themself decides on these records, by a call that names them.

    `asked`: {(model, method) of a call of the web client by which a person decides: path from the called
    records to the ids of those decided on}. What runs in their session for another reason (a server action,
    an automation on something they wrote), or on more than they were shown, decides nothing in their name.
    """
    env = records.env
    if not signed_in(env) or not set(records.ids) <= _named(env, asked):
        raise AccessError(
            env._(
                "Prices and mappings are decided on by a person who signed in to the web client: not with an "
                "API key, and not by an action that runs on its own. Sign in and use the buttons."
            )
        )


def _named(env, asked):
    """The ids that the call which is being answered names, itself or through core's identity check."""
    model, method, args = (request.params.get(name) for name in ("model", "method", "args"))
    if (model, method) == ("res.users.identitycheck", "run_check"):
        check = env[model].sudo().browse(args[0]).exists()
        _context, model, ids, method, _args, _kwargs = json.loads(check.request)
        args = [ids]
    if (model, method) not in asked or not args:
        return set()
    return set(env[model].sudo().browse(args[0]).mapped(asked[model, method]))
