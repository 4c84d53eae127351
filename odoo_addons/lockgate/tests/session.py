"""People at the web client, for tests that call methods in Python instead of over HTTP.

An approval demands a signed-in session of its user and the web client's own call. These helpers give the
checks a session as the web client's request has it, with the token that Odoo computes for that user, and
nothing else: the checks themselves run as they are, and what they refuse stays refused.
"""

import secrets
import time
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

from odoo.http import Session

ASKED_IN = (
    "odoo.addons.lockgate.person.request",
    "odoo.addons.base.models.res_users.request",
)


def session_of(user, confirmed=True):
    """A session as a sign-in leaves it; `confirmed`: its user has just typed their password once more."""
    session = Session({}, secrets.token_hex(42))
    session.uid = user.id
    user.env.flush_all()
    session.session_token = user.sudo()._compute_session_token(session.sid)
    if confirmed:
        session["identity-check-last"] = time.time()
    return session


class Call(dict):
    """The web client's call of a method, on these ids; without any on all that there are by then."""

    def __init__(self, env, model, method, ids=None):
        super().__init__(model=model, method=method)
        self.env, self.ids = env, ids

    def get(self, name, default=None):
        if name != "args":
            return super().get(name, default)
        ids = self.ids if self.ids is not None else self.env[self["model"]].sudo().search([]).ids
        return [ids]


@contextmanager
def interactive(user, confirmed=True, model="lockgate.price.change", method="action_approve", ids=None):
    """While it lasts, `user` calls `model.method` at the web client, in a session of their own."""
    call = Call(user.env, model, method, ids)
    request = SimpleNamespace(session=session_of(user, confirmed), params=call)
    with patch(ASKED_IN[0], request), patch(ASKED_IN[1], request):
        yield request
