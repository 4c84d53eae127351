import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError

_logger = logging.getLogger(__name__)

MANAGER = "lockgate.lockgate_group_manager"
CHAINS = ("lockgate.price.seal", "lockgate.price.approval")
NAMED = 20


class PriceLedger(models.Model):
    _inherit = "lockgate.price.ledger"

    @api.model
    def verify(self, known=None):
        """Verify the chains of seals and approvals; for an administrator, or an operator's cron.

        `known`: {model: a head kept from an earlier answer}, which proves that the chain was not computed
        anew since. Returns {"holds": bool, "problems": [words], "heads": {model: hash}}; the same goes to
        the server's log, out of reach of who owns the database.
        """
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only an administrator of Lockgate verifies the ledger."))
        return self._verify(known or {})

    @api.model
    def _verify(self, known):
        problems, heads = [], {}
        for name in CHAINS:
            chain = self.env[name].sudo()
            heads[name] = chain._head()
            broken = chain._broken_links(known.get(name))
            problems += [self._problem(chain, number, what) for number, what in broken[:NAMED]]
            if len(broken) > NAMED:
                problems.append(self.env._("%s: and more.", chain._description))
        if problems:
            _logger.error("The price ledger does not hold: %s Heads: %s", " ".join(problems), heads)
        else:
            _logger.info("The price ledger holds. Heads: %s", heads)
        return {"holds": not problems, "problems": problems, "heads": heads}

    @api.model
    def _problem(self, chain, number, what):
        values = {"kind": chain._description, "number": number}
        return {
            "changed": self.env._("%(kind)s %(number)s was changed after it was made.", **values),
            "gone": self.env._(
                "%(kind)s %(number)s does not follow on the one before it: rows before it were deleted, "
                "added or put in another order.",
                **values,
            ),
            "end": self.env._(
                "After %(kind)s %(number)s, rows were deleted or added: it is not what the chain ends with.",
                **values,
            ),
            "unknown": self.env._(
                "%(kind)s: the chain holds up to number %(number)s, but the hash that you kept is not in it: "
                "the whole chain was computed anew.",
                **values,
            ),
        }[what]

    @api.model
    def _cron_verify(self):
        self._verify({})


class LedgerCheck(models.TransientModel):
    """Verifies the ledger and says in words where it breaks."""

    _name = "lockgate.ledger.check"
    _description = "Verify the Price Ledger"

    known_seals = fields.Char("Kept Hash of Seals", help="A hash that an earlier check showed.")
    known_approvals = fields.Char("Kept Hash of Approvals", help="A hash that an earlier check showed.")
    holds = fields.Boolean(readonly=True)
    result = fields.Text(readonly=True)

    def action_verify(self):
        known = dict(zip(CHAINS, (self.known_seals, self.known_approvals), strict=True))
        known = {name: (value or "").strip() for name, value in known.items()}
        answer = self.env["lockgate.price.ledger"].verify(known)
        heads = "\n".join(
            self.env._(
                "%(kind)s: %(hash)s",
                kind=self.env[name]._description,
                hash=head or self.env._("none yet"),
            )
            for name, head in answer["heads"].items()
        )
        said = "\n".join(answer["problems"]) or self.env._("The ledger holds.")
        self.holds = answer["holds"]
        self.result = self.env._(
            "%(said)s\n\nKeep these hashes outside of Odoo, to compare with later:\n%(heads)s",
            said=said,
            heads=heads,
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Verify the Price Ledger"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [[False, "form"]],
            "target": "new",
        }
