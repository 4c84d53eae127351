"""What was tried and refused: one line in the server's log, which no transaction takes back."""

import logging

from odoo import models
from odoo.exceptions import AccessDenied, AccessError
from odoo.http import request

_logger = logging.getLogger("lockgate.audit")
OWN = "lockgate."


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _handle_error(cls, exception):
        user, model, method, ids = _called()
        refused = isinstance(exception, (AccessError, AccessDenied))
        if (
            refused
            or str(model).startswith(OWN)
            or type(exception).__module__.startswith("odoo.addons.lockgate")
        ):
            _logger.warning(
                "refused: user %s, %s.%s on %s: %s: %s",
                user,
                model,
                method,
                ids,
                type(exception).__name__,
                " ".join(str(exception).split()),
            )
        return super()._handle_error(exception)


def _called():
    """(user id, model, method, ids) of the call that is answered, whichever way it came; None where unknown.

    Never a password or key, which `/jsonrpc` has among its arguments.
    """
    params = getattr(request, "params", {})  # there are none before it is known who calls
    user, args = request.env and request.env.uid, params.get("args") or []
    if params.get("service") == "object":
        _database, user, _key, model, method, args = [*args, *[None] * 6][:6]
    else:
        model, method = (params.get(f"__{name}__") or params.get(name) for name in ("model", "method"))
    return user, model, method, params.get("ids") or (args and args[0])
