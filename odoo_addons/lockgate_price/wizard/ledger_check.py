import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError

_logger = logging.getLogger(__name__)

MANAGER = "lockgate.lockgate_group_manager"
CHAINS = {
    "seals": "lockgate.price.seal",
    "approvals": "lockgate.price.approval",
    "taken": "lockgate.price.taken",
}
NAMED = 20
FORGED = f"""
    SELECT released.seal_id
      FROM lockgate_price_check released
 LEFT JOIN lockgate_price_approval approval ON approval.id = released.approval_id
     WHERE released.answer = 'released'
       AND (approval.decision = 'released' AND approval.released @> to_jsonb(released.seal_id)) IS NOT TRUE
  ORDER BY released.seal_id LIMIT {NAMED}
"""


class PriceLedger(models.Model):
    _inherit = "lockgate.price.ledger"

    @api.model
    def verify(self, known=None):
        """Verify the chains of evidence, and that an approval names every release.

        For an administrator, or an operator's cron.

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
        for name in CHAINS.values():
            chain = self.env[name].sudo()
            heads[name] = chain._head()
            broken = chain._broken_links(known.get(name))
            problems += [self._problem(chain, number, what) for number, what in broken[:NAMED]]
            if len(broken) > NAMED:
                problems.append(self.env._("%s: and more.", chain._description))
        problems += self._forged_releases()
        if problems:
            _logger.error("The price ledger does not hold: %s Heads: %s", " ".join(problems), heads)
        else:
            _logger.info("The price ledger holds. Heads: %s", heads)
        return {"holds": not problems, "problems": problems, "heads": heads}

    @api.model
    def _forged_releases(self):
        """What lets a held price through and stands in no approval, in words."""
        self.env.flush_all()
        self.env.cr.execute(FORGED)
        return [
            self.env._(
                "Price Seal %s was held, and is let through by a release that no approval names.", seal
            )
            for (seal,) in self.env.cr.fetchall()
        ]

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
    _inherit = ["lockgate.own"]

    known_seals = fields.Char("Kept Hash of Seals", help="A hash that an earlier check showed.")
    known_approvals = fields.Char("Kept Hash of Approvals", help="A hash that an earlier check showed.")
    known_taken = fields.Char("Kept Hash of Prices Taken", help="A hash that an earlier check showed.")
    holds = fields.Boolean(readonly=True)
    result = fields.Text(readonly=True)

    def action_verify(self):
        known = {model: (self[f"known_{chain}"] or "").strip() for chain, model in CHAINS.items()}
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
