import json
import logging
from contextlib import contextmanager, suppress

import fastjsonschema
import psycopg2.errors

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open

from ..turn import CannotMake, Refused
from .turn import SLICE, Busy

_logger = logging.getLogger(__name__)

CONTRACT = 1
# One poisoned row costs about a dozen small turns; a worker does not wait for more of them in one call.
MOST_SET_ASIDE = 3
# A transaction that records exceptions and meets another one has waited for its end, and runs again at once.
RECORD_TRIES = 3


def _load_validators():
    with file_open("lockgate/data/contract-v1.schema.json") as file:
        schema = json.load(file)
    return {
        name: fastjsonschema.compile({"$ref": f"#/$defs/{message}", "$defs": schema["$defs"]})
        for name, message in (
            ("register", "RegisterRequest"),
            ("due", "DueRequest"),
            ("exchange", "ExchangeRequest"),
            ("ingest", "IngestRequest"),
        )
    }


VALIDATORS = _load_validators()


class Gateway(models.AbstractModel):
    """The only door between Odoo and the sidecar: contract v1, for the integration group alone.

    Each call takes one message and answers one, as `contract/lockgate-v1.schema.json` says. Raises
    AccessError for any other caller, and UserError, with nothing changed, for a message that does not fit.
    """

    _name = "lockgate.gateway"
    _description = "Gateway"

    @api.model
    def register(self, message):
        """Upsert the catalogue of connectors that the sidecar can speak to."""
        self._admit("register", message)
        self.env["lockgate.connector"].sudo()._upsert(message["connectors"])
        return self._answer(connectors=len(message["connectors"]))

    @api.model
    def due(self, message):
        """Which channels have work of which class, and when the next falls due. Reads only."""
        self._admit("due", message)
        return self._answer(**self.env["lockgate.turn"].sudo()._due(message["every"]))

    @api.model
    def exchange(self, message):
        """One turn of a channel: results in, leased newest values out.

        Asked again with the same `exchange_id` (the connection was cut after the commit), it gives the
        same leases. `busy` means that nothing was taken: come again.
        """
        self._admit("exchange", message)
        answer = self._turn(message)
        # Without results nothing was refused or taken: a worker that only asks does not wait for this.
        if answer["state"] != "busy" and message["results"]:
            self._catch_up(message["channel"], message["results"])
        return self._answer(**answer)

    @api.model
    def ingest(self, message):
        """Append what happened outside: orders of a channel, movements of a warehouse system. All or nothing.

        An event that is told again, by channel, kind and external id, is known and changes nothing.
        """
        self._admit("ingest", message)
        return self._answer(**self.env["lockgate.event"].sudo()._append(message["events"]))

    @api.model
    def _admit(self, call, message):
        if not self.env.user.has_group("lockgate.lockgate_group_integration"):
            raise AccessError(
                self.env._(
                    "Only the integration user may call the gateway; "
                    "its key is made in Lockgate, Configuration."
                )
            )
        if not isinstance(message, dict) or message.get("contract") != CONTRACT:
            self._refuse_version(
                self.env._(
                    "The sidecar does not speak contract %s: "
                    "install the sidecar that belongs to these add-ons.",
                    CONTRACT,
                )
            )
        try:
            VALIDATORS[call](message)
        except fastjsonschema.JsonSchemaException as error:
            self._refuse_version(self.env._("The message does not fit contract v1: %s.", error.message[:500]))
        database, incarnation = self._identity()
        if (message["database"], message["incarnation"]) != (database, incarnation):
            raise UserError(
                self.env._(
                    "The sidecar means another database (%(theirs)s, incarnation %(their_incarnation)s; "
                    "this is %(ours)s, incarnation %(our_incarnation)s). "
                    "A copy never speaks to real shops: check the sidecar's settings.",
                    theirs=message["database"],
                    their_incarnation=message["incarnation"],
                    ours=database,
                    our_incarnation=incarnation,
                )
            )

    @api.model
    def _refuse_version(self, words):
        """Raise UserError, once it is kept, in a transaction of its own, that nothing goes through."""
        with suppress(psycopg2.errors.SerializationFailure), self._own_transaction() as env:
            env["lockgate.outage"]._note_sidecar(words)
        raise UserError(words)

    @api.model
    def _identity(self):
        parameters = self.env["ir.config_parameter"].sudo()
        return parameters.get_param("database.uuid"), int(parameters.get_param("lockgate.incarnation", 1))

    @api.model
    def _answer(self, **values):
        database, incarnation = self._identity()
        return {"contract": CONTRACT, "database": database, "incarnation": incarnation, **values}

    @contextmanager
    def _own_transaction(self):
        """A transaction of its own: the request's snapshot is older than the turn's lock must be."""
        with self.env.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _turn(self, request):
        """Take one turn; a turn that fails runs again with half the rows, and sets a single one aside."""
        rows, set_aside = SLICE, 0
        while True:
            try:
                with self._own_transaction() as env:
                    return env["lockgate.turn"]._take(request, rows)
            except (Busy, psycopg2.errors.SerializationFailure):
                return self.env["lockgate.turn"]._busy()
            except Refused as error:
                raise UserError(str(error)) from error
            except CannotMake as error:
                if rows > 1:
                    rows //= 2
                elif set_aside < MOST_SET_ASIDE:
                    _logger.exception("Channel %s: a value cannot be made; set aside", request["channel"])
                    self._set_aside(request, error)
                    rows, set_aside = SLICE, set_aside + 1
                else:
                    raise

    def _set_aside(self, request, error):
        with self._own_transaction() as env:
            mark = env["lockgate.turn"]._set_aside(request, *error.args)
            if mark is None:
                raise error.__cause__
            env["lockgate.exception"]._record_internal(mark, error.__cause__)

    def _catch_up(self, code, results):
        """What people edit too is written apart, in a transaction that may lose: the next one catches up."""
        for _try in range(RECORD_TRIES):
            try:
                with self._own_transaction() as env:
                    channel = env["lockgate.channel"].search([("code", "=", code)])
                    env["lockgate.outage"]._note(channel, results)
                    env["lockgate.exception"]._catch_up(channel)
                    env["lockgate.reconciliation"]._catch_up(channel)
                return
            except (psycopg2.errors.SerializationFailure, psycopg2.errors.UniqueViolation):
                _logger.info("Exceptions of channel %s are written elsewhere at this moment.", code)
            except Exception:
                # The turn has committed, and its leases must reach the worker; a cron catches up as well.
                _logger.exception("Exceptions of channel %s could not be recorded", code)
                return
